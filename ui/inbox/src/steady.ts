// A list that stands still while one reads in it.
//
// The rule: while it is held, no row changes its place. A row that is in the list no more leaves an empty place, and a new one comes
// where it belongs, after the row that it follows. When the list is let go, it is in its true order again.
export interface Placed<T> {
  id: string;
  item: T | null; // null: it is in the list no more
}

export function placed<T extends { id: string }>(rows: readonly T[]): Placed<T>[] {
  return rows.map((item) => ({ id: item.id, item }));
}

/** `rows` in the order in which they stood `before`. */
export function steady<T extends { id: string }>(before: readonly Placed<T>[], rows: readonly T[]): Placed<T>[] {
  const now = new Map(rows.map((row) => [row.id, row]));
  const known = new Set(before.map(({ id }) => id));
  const following = new Map<string, T[]>(); // new rows by the row that they come after, "" for the first place
  let after = "";
  for (const row of rows) {
    if (known.has(row.id)) after = row.id;
    else following.set(after, [...(following.get(after) ?? []), row]);
  }
  const fresh = (id: string) => placed(following.get(id) ?? []);
  return [...fresh(""), ...before.flatMap(({ id }) => [{ id, item: now.get(id) ?? null }, ...fresh(id)])];
}
