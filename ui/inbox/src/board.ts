// The lists: which conversations are in which view, and which of them need me now.
//
// The rule: a row says itself in which views it is; the page never works out visibility. The order is by need. What is offered
// to me is first, then the unanswered, longest first, then the answered, latest first, then what is snoozed. A board that takes in what the line tells
// is the same as a board from a fresh fetch. The line may overtake an answer. What it told of a row meanwhile is kept,
// because the line tells everything and an answer is only quicker.
import { Overtaken, type Told } from "./overtaken";
import type { Row, View } from "./schema";

export class Board {
  private readonly rows = new Map<string, Row>();
  private readonly overtaken = new Overtaken();
  private readonly listed: Record<View, Row[] | null> = { waiting: null, mine: null, open: null, closed: null, aside: null };

  /** Forget everything: a fresh fetch follows. */
  clear(): void {
    this.overtaken.toldAll();
    this.rows.clear();
    this.stale();
  }

  upsert(rows: readonly Row[]): void {
    for (const row of rows) this.rows.set(row.id, row);
    if (rows.length) this.stale();
  }

  remove(ids: readonly string[]): void {
    for (const id of ids) this.rows.delete(id);
    if (ids.length) this.stale();
  }

  /** Something is asked now. Returns the rows that the line tells from here on; `answered` ends it. */
  asking(): Told {
    return this.overtaken.asking();
  }

  answered(told: Told): void {
    this.overtaken.answered(told);
  }

  /** The line tells of these rows. */
  told(ids: readonly string[]): void {
    this.overtaken.told(ids);
  }

  get(id: string): Row | undefined {
    return this.rows.get(id);
  }

  all(): IterableIterator<Row> {
    return this.rows.values();
  }

  view(view: View): Row[] {
    return (this.listed[view] ??= [...this.rows.values()].filter((row) => row.views.includes(view)).sort(ORDER[view]));
  }

  private stale(): void {
    for (const view of Object.keys(this.listed) as View[]) this.listed[view] = null;
  }
}

/** It is offered or passed to me. */
export const needsMe = (row: Row): boolean => row.offered_to_me || row.transfer?.to_me === true;
const age = (row: Row) => row.unanswered_since || row.since;
/** Since when it needs a librarian: nobody has answered it, or it is back from its snooze. */
const needed = (row: Row) => row.unanswered_since || row.back_at;
const ranked = (row: Row) => (row.snoozed ? 2 : needed(row) ? 0 : 1);
const tie = (a: Row, b: Row) => (a.id < b.id ? -1 : 1);

function longestWaiting(a: Row, b: Row): number {
  return Number(needsMe(b)) - Number(needsMe(a)) || age(a) - age(b) || tie(a, b);
}

function unansweredFirst(a: Row, b: Row): number {
  const call = Number(needsMe(b)) - Number(needsMe(a));
  if (call) return call;
  const rank = ranked(a) - ranked(b);
  if (rank) return rank;
  if (needed(a)) return needed(a) - needed(b) || tie(a, b);
  return b.last_at - a.last_at || tie(a, b);
}

const ORDER: Record<View, (a: Row, b: Row) => number> = {
  waiting: longestWaiting,
  mine: unansweredFirst,
  open: unansweredFirst,
  closed: (a, b) => b.since - a.since || tie(a, b),
  aside: (a, b) => b.since - a.since || tie(a, b),
};
