// What was searched for and found, kept while the librarian reads a hit and comes back.
import type { Hit, Row } from "../schema";

export const remembered = $state<{ q: string; hits: Hit[] | null; next: string; closed: Row[] }>({ q: "", hits: null, next: "", closed: [] });

/** Drop conversations that I may not see any more. */
export function dropFound(ids: readonly string[]): void {
  remembered.hits = remembered.hits?.filter((hit) => !ids.includes(hit.conversation)) ?? null;
  remembered.closed = remembered.closed.filter((row) => !ids.includes(row.id));
}
