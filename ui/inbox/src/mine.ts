// Which conversations were mine when I was last connected, so that I hear what became of them while I was away.
//
// The rule: the desk gives the conversations of an absent librarian back to the queue after its grace. A librarian who comes back is
// told of each that is not theirs any more, unless they gave it away themselves. Only ids are kept, for this tab; a reload keeps them.
import type { Row } from "./schema";

/** What I do to a conversation of mine after which it is not mine. */
export const GIVES_AWAY: ReadonlySet<string> = new Set(["release", "transfer", "close"]);

const place = (me: string) => `deskbridge.mine.${me}`;

export function keep(where: Pick<Storage, "setItem" | "getItem">, me: string, rows: readonly Row[]): void {
  const ids = JSON.stringify(rows.filter((row) => row.owner === me && row.state === "active").map((row) => row.id).sort());
  if (where.getItem(place(me)) !== ids) where.setItem(place(me), ids);
}

export function recall(where: Pick<Storage, "getItem">, me: string): string[] {
  try {
    const found: unknown = JSON.parse(where.getItem(place(me)) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

/** Of what I had: what waits in a queue again, and what a colleague has now. */
export function lost(had: readonly (Row | undefined)[], me: string): { queued: Row[]; taken: Row[] } {
  const open = had.filter((row) => row !== undefined && row.state !== "closed" && row.owner !== me) as Row[];
  return { queued: open.filter((row) => !row.owner), taken: open.filter((row) => row.owner) };
}
