// What was searched for and found stays while one reads a hit and comes back.
import type { Hit, Row } from "../schema";

export const remembered = $state<{ q: string; hits: Hit[] | null; next: string; closed: Row[] }>({ q: "", hits: null, next: "", closed: [] });

/** Let go of what is not to be seen any more. */
export function letGo(ids: readonly string[]): void {
  remembered.hits = remembered.hits?.filter((hit) => !ids.includes(hit.conversation)) ?? null;
  remembered.closed = remembered.closed.filter((row) => !ids.includes(row.id));
}
