// What this browser remembers of a conversation: in its own storage, or in memory where storage is refused.
//
// The rule: nothing is written before the patron writes, and "forget" leaves nothing (ALA: shared computers). What was sent is kept for
// this browser; what is half written only for this tab, through a reload, and goes with it. Each tab answers for what it holds unsent:
// it lets alone what another one put there, and who comes next sends that.

import type { Offer, Unsent, Wish } from "./types";

export interface Kept {
  token?: string;
  seed?: string;
  unsent: Unsent[];
  read?: string; // id of the last line that was on screen
  name?: string;
  contact?: string;
  offer?: Offer | null; // a rating that the house has not acknowledged
  wish?: Wish | null; // a transcript to be mailed that the house has not acknowledged
  skipped?: string; // id of the end after which the patron did not want to rate
}

let key = "deskbridge";
let held: Kept = { unsent: [] };
const ours = new Set<string>(); // ids of what this tab holds unsent, or held

export function recall(channel: string): Kept {
  key = `deskbridge:${channel}`;
  held = stored() ?? held;
  claim();
  return held;
}

function stored(): Kept | null {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "null") as Kept | null;
    return Array.isArray(found?.unsent) ? found : null;
  } catch {
    return null; // Storage is refused or holds something else: memory serves.
  }
}

function claim(): void {
  for (const { id } of held.unsent) ours.add(id);
}

export function keep(change: Partial<Kept>): Kept {
  held = { ...held, ...change };
  claim();
  const unsent = [...(stored()?.unsent ?? []).filter(({ id }) => !ours.has(id)), ...held.unsent];
  try {
    if (held.token || unsent.length) localStorage.setItem(key, JSON.stringify({ ...held, unsent }));
  } catch {
    // As above.
  }
  return held;
}

export function forget(): Kept {
  held = { unsent: [] };
  draft("");
  try {
    localStorage.removeItem(key);
  } catch {
    // As above.
  }
  return held;
}

/** What is half written in this tab; with a text, remember that instead. */
export function draft(text?: string): string {
  const name = `${key}:draft`;
  try {
    if (text === undefined) return sessionStorage.getItem(name) ?? "";
    if (text) sessionStorage.setItem(name, text);
    else sessionStorage.removeItem(name);
  } catch {
    // As above.
  }
  return text ?? "";
}

/** 128 random bits for an id, 256 for a seed, as URL-safe text. */
export function random(bytes: number): string {
  const text = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes)));
  return btoa(text).replace(/[+/=]/g, (c) => (c === "+" ? "-" : c === "/" ? "_" : ""));
}
