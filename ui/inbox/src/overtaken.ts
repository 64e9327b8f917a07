// What the line tells of while an answer is on its way: there the answer may be the older of the two. The line wins, because it
// tells everything and an answer is only quicker. Once all was fetched again, an answer asked for before may be older throughout.
//
// Comparing positions would be simpler, but the position of a row that is told says where to resume, not as of when the row is
// true. And an answer needs its row and line: where the line is lost and REST gets through, they show what an action did.

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
