// What the page asks of the desk. "away": no answer came, or none that says yes or no; the same may be asked again.
import type { Counted, CounterView, Me, QuestionCounted } from "../inbox/src/schema";

export type Said<T> = { is: "ok"; told: T } | { is: "away" } | { is: "signed-out" } | { is: "no"; why: string };

const ROOT = "/api/v1";
let token = "1";

async function ask<T>(method: string, path: string, body?: unknown, key?: string): Promise<Said<T>> {
  const headers: Record<string, string> = { Accept: "application/json", "X-Deskbridge": token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let answer: Response;
  try {
    answer = await fetch(ROOT + path, { method, headers, body: body === undefined ? null : JSON.stringify(body), cache: "no-store", redirect: "error" });
    if (answer.ok) return { is: "ok", told: (answer.status === 204 ? undefined : await answer.json()) as T };
  } catch {
    return { is: "away" };
  }
  if (answer.status === 401) return { is: "signed-out" };
  const said = (await answer.json().catch(() => ({}))) as { error?: string; detail?: string };
  if (answer.status === 429 || answer.status >= 500 || said.error === "bad-token") return { is: "away" };
  if (["second-factor", "second-factor-missing", "must-change-password"].includes(said.error ?? "")) return { is: "signed-out" };
  return { is: "no", why: said.detail ?? answer.statusText };
}

/** Who is signed in; later writes are theirs. */
export async function me(): Promise<Said<Me>> {
  const said = await ask<Me>("GET", "/me");
  if (said.is === "ok") token = said.told.csrf;
  return said;
}

/** An id that no other count has; on a page without encryption, too, where the browser has no `randomUUID`. */
export const freshId = (): string => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export const lists = () => ask<CounterView>("GET", "/counter");
/** The ids make a repeat harmless; the key is only asked for. */
export const count = (questions: QuestionCounted[]) => ask<Counted>("POST", "/counter/questions", { questions }, freshId());
export const takeBack = (id: string) => ask<undefined>("DELETE", `/counter/questions/${encodeURIComponent(id)}`);
export const signOut = () => ask<undefined>("POST", "/logout", {});
