// What became of my conversations while I was not connected. The rules are in `mine.ts`.
import { lost, GIVES_AWAY, keep, recall } from "../mine";
import { t } from "../words";
import { lists } from "./lists.svelte";
import { navigation } from "./navigation.svelte";
import { notices } from "./notices.svelte";
import { requests } from "./requests.svelte";
import { session } from "./session.svelte";

class Absence {
  private absent = true; // what was mine before may not be mine any more

  begin(): void {
    this.absent = true;
  }

  /** Remember what is mine, while that is known. */
  keep(): void {
    if (session.me && session.phase === "ready" && !this.absent) keep(sessionStorage, session.me.id, lists.rows("mine"));
  }

  /** After an absence, say which conversations of mine are not mine any more. */
  end(): void {
    if (!this.absent || !session.me) return;
    this.absent = false;
    const gaveAway = (id: string) => requests.entries.some((one) => one.conversation === id && GIVES_AWAY.has(one.verb));
    const had = recall(sessionStorage, session.me.id).filter((id) => !gaveAway(id));
    const { queued, taken } = lost(had.map((id) => lists.board.get(id)), session.me.id);
    const words = [
      queued.length ? t("absence.queued", { names: queued.map((row) => row.patron).join(", "), n: queued.length }) : "",
      ...taken.map((row) => t("absence.taken", { patron: row.patron, owner: row.owner_name })),
    ].filter(Boolean);
    const show = { word: "absence.show", key: "", run: () => navigation.go("waiting") } as const;
    if (words.length) notices.tell(`${t("absence.title")} ${words.join(" ")}`, "call", [show]);
  }
}

export const absence = new Absence();
