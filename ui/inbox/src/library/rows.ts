// Records and rows with one entry taken out.

/** A record without one of its names. */
export function without<T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([other]) => other !== name));
}

/** Put the row at one place to another, in the list itself. */
export function shift<T>(rows: T[], from: number, to: number): void {
  const [row] = rows.splice(from, 1);
  if (row !== undefined) rows.splice(to, 0, row);
}
