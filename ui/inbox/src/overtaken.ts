// What the line tells of while an answer is on its way: there the answer may be the older of the two. The line wins, because it
// tells everything and an answer is only quicker. Once all was fetched again, an answer asked for before may be older throughout.
//
// Answers cannot do without rows and lines: where only REST gets through for a moment, they show what an action did. And most of what
// is asked are fetches (lists, a conversation, follow-ups), which the line overtakes just the same.

/** What was told since something was asked for. */
export interface Told {
  readonly all: boolean;
  has(id: string): boolean;
}

class Heard implements Told {
  all = false;
  readonly ids = new Set<string>();

  has(id: string): boolean {
    return this.all || this.ids.has(id);
  }
}

export class Overtaken {
  private readonly waiting = new Set<Heard>();

  /** Something is asked now; `answered` ends it. */
  asking(): Told {
    const told = new Heard();
    this.waiting.add(told);
    return told;
  }

  answered(told: Told): void {
    this.waiting.delete(told as Heard);
  }

  /** The line tells of these. */
  told(ids: readonly string[]): void {
    for (const told of this.waiting) for (const id of ids) told.ids.add(id);
  }

  /** Everything is fetched afresh. */
  toldAll(): void {
    for (const told of this.waiting) told.all = true;
  }
}
