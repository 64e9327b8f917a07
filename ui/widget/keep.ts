// What this browser remembers of a conversation: in its own storage, or in memory where storage is refused.
//
// The rule: nothing is written before the patron writes, and "forget" leaves nothing (ALA: shared computers). What was sent is kept for
// this browser, for as long as the channel says after the patron last wrote; the desk refuses the token then, too. A half-written
// message is kept for this tab alone, through a reload, and goes with the tab. At public computers everything is kept for the tab
// alone. Browsers offer to open a closed tab again; after a while such a tab finds nothing. Each tab sends what it holds unsent. It
// leaves alone what another tab put there; the next visit sends that.

import type { Offer, Settings, Unsent, Wish } from "./types";

const DAY_MS = 86_400_000;
const AWAY_MS = 600_000; // a tab at a public computer that was on other pages

export interface Kept {
  at?: number; // ms by this browser's clock: when the patron last wrote
  token?: string;
  seed?: string;
  unsent: Unsent[];
  read?: string; // id of the last line that was on screen
  name?: string;
  contact?: string;
  offer?: Offer | null; // a rating that the desk has not acknowledged
  wish?: Wish | null; // a request for the transcript that the desk has not acknowledged
  bye?: string; // the id of the patron's end of the chat that the desk has not acknowledged
  skipped?: string; // id of the end after which the patron did not want to rate
}

let key = "deskbridge";
let shelf: "localStorage" | "sessionStorage" = "localStorage";
let held: Kept = { unsent: [] };
const ours = new Set<string>(); // ids of what this tab holds unsent, or held

/** What is remembered, and the token of what is too old for that: it is to be revoked. */
export function recall({ channel, keepDays, publicComputers }: Settings): [Kept, string | undefined] {
  key = `deskbridge:${channel}`;
  const elsewhere = publicComputers ? stored() : null; // from before the library said that its computers are public
  if (elsewhere) forget();
  shelf = publicComputers ? "sessionStorage" : "localStorage";
  let found = stored();
  if (publicComputers) addEventListener("pagehide", () => held.token && put(`${key}:left`, String(Date.now())));
  const left = publicComputers ? Number(take(`${key}:left`)) || Date.now() : Date.now();
  const old = found && (Date.now() - (found.at ?? Date.now()) > keepDays * DAY_MS || Date.now() - left > AWAY_MS) ? found : null;
  if (old) {
    forget();
    found = null;
  }
  held = found ?? { unsent: [] };
  claim();
  return [held, (elsewhere ?? old)?.token];
}

/** Whether a change of storage that the browser tells of is about us. */
export const isOurs = (event: StorageEvent): boolean => event.key === key && shelf === "localStorage";

function stored(): Kept | null {
  try {
    const found = JSON.parse(window[shelf].getItem(key) ?? "null") as Kept | null;
    return Array.isArray(found?.unsent) ? found : null;
  } catch {
    return null; // Storage is refused or holds something else: memory serves.
  }
}

function put(name: string, text: string): void {
  try {
    if (text) sessionStorage.setItem(name, text);
    else sessionStorage.removeItem(name);
  } catch {
    // As above.
  }
}

function take(name: string): string {
  try {
    return sessionStorage.getItem(name) ?? "";
  } catch {
    return ""; // As above.
  }
}

function claim(): void {
  for (const { id } of held.unsent) ours.add(id);
}

export function keep(change: Partial<Kept>, always = false): Kept {
  held = { at: Date.now(), ...held, ...change };
  claim();
  const unsent = [...(stored()?.unsent ?? []).filter(({ id }) => !ours.has(id)), ...held.unsent];
  try {
    if (always || held.token || unsent.length) window[shelf].setItem(key, JSON.stringify({ ...held, unsent }));
  } catch {
    // As above.
  }
  return held;
}

/** Drop the chat, which does not open any more; unsent messages begin another. */
export function renounce(): Kept {
  held = { unsent: held.unsent };
  return keep({ seed: random(32) }, true);
}

/** The language that the patron chose for the chat, as `speak` takes it, "" for none; with a text, remember that instead. */
export function tongue({ channel, publicComputers }: Settings, told = ""): string {
  const name = `deskbridge:${channel}:words`;
  try {
    const where = publicComputers ? sessionStorage : localStorage;
    if (told) where.setItem(name, told);
    return where.getItem(name) ?? "";
  } catch {
    return told; // As above.
  }
}

export function forget(): Kept {
  held = { unsent: [] };
  draft("");
  try {
    window[shelf].removeItem(key);
    window[shelf].removeItem(`${key}:words`);
  } catch {
    // As above.
  }
  return held;
}

/** What is half written in this tab; with a text, remember that instead. */
export function draft(text?: string): string {
  const name = `${key}:draft`;
  if (text === undefined) return take(name);
  put(name, text);
  return text;
}

/** 128 random bits for an id, 256 for a seed, as URL-safe text. */
export function random(bytes: number): string {
  const text = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes)));
  return btoa(text).replace(/[+/=]/g, (c) => (c === "+" ? "-" : c === "/" ? "_" : ""));
}
