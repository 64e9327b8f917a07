// A transcript as it is shown: lines in the log's order, what I sent a moment ago at the end, what repeats folded away.
//
// The rule: order is `position`, compared as text, and nothing else. A line that comes again under its id replaces the earlier one,
// but a delivery's stage only ever moves forward. A thin divider is shown where the day or the channel changes. Runs of system
// lines fold into one. A message of mine that the desk has not confirmed is last, and goes when its line comes.
import type { Line } from "./schema";

/** The patron's first line after the one that was read last; "" where nothing is new, or nothing of it was read yet. */
export function firstUnread(lines: readonly Line[], read: string): string {
  const at = read ? lines.findIndex((line) => line.id === read) : -1;
  return at < 0 ? "" : (lines.slice(at + 1).find((line) => line.who === "patron")?.id ?? "");
}

/** How many of the patron's lines there are from this one on. */
export function countFrom(lines: readonly Line[], first: string): number {
  const at = first ? lines.findIndex((line) => line.id === first) : -1;
  return at < 0 ? 0 : lines.slice(at).filter((line) => line.who === "patron").length;
}

const STAGES = ["", "uncertain", "sent", "delivered", "read"];

/** The later of two stages. "failed" is final, but a network that says "delivered" after it knows better; a part that failed
 * after another had arrived is the last word. */
export function furthest(before: string, now: string, reason = ""): string {
  if (now === "failed" && reason === "in-part") return now;
  if (before === "failed") return now === "delivered" || now === "read" ? now : before;
  if (now === "failed") return before === "delivered" || before === "read" ? before : now;
  return STAGES.indexOf(now) >= STAGES.indexOf(before) ? now : before;
}

/** `lines` with `news` worked in, in order; the same array when nothing changed. */
export function merged(lines: readonly Line[], news: readonly Line[]): readonly Line[] {
  if (!news.length) return lines;
  const known = new Map(lines.map((line, n) => [line.id, n]));
  const result = [...lines];
  let ordered = true;
  for (const line of news) {
    const at = known.get(line.id);
    const former = at === undefined ? undefined : result[at];
    if (at !== undefined && former) {
      const stage = furthest(former.stage, line.stage, line.reason);
      result[at] = { ...line, position: former.position, stage, reason: stage === line.stage ? line.reason : former.reason };
      continue;
    }
    const last = result[result.length - 1];
    if (last && compare(last, line) > 0) ordered = false;
    known.set(line.id, result.length);
    result.push(line);
  }
  return ordered ? result : result.sort(compare);
}

function compare(a: Line, b: Line): number {
  return a.position < b.position ? -1 : a.position > b.position ? 1 : 0;
}

/** A message or note of mine that the desk has not confirmed. */
export interface Unconfirmed {
  key: string;
  conversation: string;
  verb: string;
  text: string;
  at: number;
  state: "waiting" | "sending" | "accepted" | "refused";
  doubtful?: boolean; // it may have reached the desk
  reason: string;
  line: string; // id of the line it became, once known
  files?: readonly string[]; // names of what goes along
}

/** A message or a note: it is shown in the transcript until its line comes. */
export const isSpoken = (entry: Pick<Unconfirmed, "verb">) => entry.verb === "messages" || entry.verb === "notes";

export type Item =
  | { kind: "day"; id: string; at: number }
  | { kind: "new"; id: string }
  | { kind: "channel"; id: string; line: Line }
  | { kind: "line"; id: string; line: Line; first: boolean }
  | { kind: "events"; id: string; lines: Line[] }
  | { kind: "unconfirmed"; id: string; entry: Unconfirmed };

const FOLD_FROM = 3;

/** What is shown, top to bottom. `open` holds the ids of unfolded runs; `fresh` is the first line that is new to me, "" = none. */
export function items(lines: readonly Line[], waiting: readonly Unconfirmed[], open: ReadonlySet<string>, fresh = ""): Item[] {
  const shown: Item[] = [];
  let day = "";
  let channel = "";
  let before: Line | undefined;
  for (let n = 0; n < lines.length; n += 1) {
    const line = lines[n] as Line;
    const today = new Date(line.at).toDateString();
    if (today !== day) shown.push({ kind: "day", id: `day-${line.id}`, at: line.at });
    day = today;
    if (line.id === fresh) shown.push({ kind: "new", id: "new" });
    const run = line.who === "system" ? systemRun(lines, n, today) : 0;
    if (run >= FOLD_FROM) {
      const folded = lines.slice(n, n + run);
      shown.push({ kind: "events", id: `run-${line.id}`, lines: folded });
      n += run - 1;
      before = undefined;
      if (!open.has(`run-${line.id}`)) continue;
      for (const one of folded) shown.push({ kind: "line", id: one.id, line: one, first: true });
      continue;
    }
    if (line.channel && line.who !== "note" && line.who !== "system") {
      if (channel && channel !== line.channel) shown.push({ kind: "channel", id: `channel-${line.id}`, line });
      channel = line.channel;
    }
    shown.push({ kind: "line", id: line.id, line, first: !continues(before, line) || shown.at(-1)?.kind !== "line" });
    before = line;
  }
  for (const entry of waiting) shown.push({ kind: "unconfirmed", id: entry.key, entry });
  return shown;
}

function systemRun(lines: readonly Line[], from: number, day: string): number {
  let n = from;
  while (n < lines.length && lines[n]?.who === "system" && new Date(lines[n]?.at ?? 0).toDateString() === day) n += 1;
  return n - from;
}

const RUN_MS = 120_000;

function continues(before: Line | undefined, line: Line): boolean {
  return (
    before !== undefined &&
    before.who === line.who &&
    before.author_id === line.author_id &&
    before.channel === line.channel &&
    line.at - before.at < RUN_MS
  );
}

/** What still waits for its line. An entry goes when the line it became is there, or a later line of mine that says the same. */
export function unanswered(waiting: readonly Unconfirmed[], lines: readonly Line[], me: string): Unconfirmed[] {
  const taken = new Set<string>();
  return waiting.filter((entry) => {
    const found = lines.find((line) => !taken.has(line.id) && became(entry, line, me));
    if (found) taken.add(found.id);
    return !found;
  });
}

const CLOCKS_MS = 120_000; // how far the desk's clock may stand behind this machine's

function became(entry: Unconfirmed, line: Line, me: string): boolean {
  if (entry.line) return line.id === entry.line;
  const who = entry.verb === "notes" ? "note" : "librarian";
  const mine = line.who === who && line.author_id === me && line.text === entry.text;
  return mine && (entry.state === "sending" || entry.state === "accepted") && line.at > entry.at - CLOCKS_MS;
}
