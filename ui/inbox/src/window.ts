// Which of many rows are in sight: heights are guessed, then measured, and only what is seen is in the page.
//
// Kept apart from the page so that it can be tested. `heights` are by id, with a guess for the rest. An answer takes one pass over the
// ids: for 10,000 rows well under a millisecond.
export interface Slice {
  from: number;
  to: number; // exclusive
  above: number; // px before `from`
  below: number; // px after `to`
  total: number;
}

export class Heights {
  private readonly known = new Map<string, number>();

  private guess: number;
  private readonly even: boolean;

  /** `even`: all rows have one height, so that one of them tells those of the rest. */
  constructor(guess: number, even = false) {
    this.guess = guess;
    this.even = even;
  }

  /** Remember a measured height; true when it is news. */
  measured(id: string, px: number): boolean {
    if (px <= 0 || Math.abs((this.known.get(id) ?? -9) - px) < 0.5) return false;
    this.known.set(id, px);
    if (this.even) this.guess = px;
    return true;
  }

  of(id: string): number {
    return this.known.get(id) ?? this.guess;
  }

  /** What to show of `ids` when `top` px are scrolled away and `room` px are seen, with `spare` px on either side. */
  slice(ids: readonly string[], top: number, room: number, spare: number): Slice {
    let offset = 0;
    let from = -1;
    let to = ids.length;
    let above = 0;
    let end = 0;
    for (let n = 0; n < ids.length; n += 1) {
      const height = this.of(ids[n] as string);
      if (from < 0 && offset + height > top - spare) {
        from = n;
        above = offset;
      }
      offset += height;
      if (to === ids.length && offset >= top + room + spare && n + 1 < ids.length) {
        to = n + 1;
        end = offset;
      }
    }
    if (from < 0) from = ids.length;
    return { from, to: Math.max(from, to), above, below: to === ids.length ? 0 : offset - end, total: offset };
  }

  /** Where the row with this index begins. */
  offset(ids: readonly string[], index: number): number {
    let offset = 0;
    for (let n = 0; n < index; n += 1) offset += this.of(ids[n] as string);
    return offset;
  }
}
