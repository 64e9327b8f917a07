// What asks me by name: offers in turn and transfers, the one that ends first before the others. They are shown on every page.
import { needsMe } from "../board";
import type { Row } from "../schema";
import { lists } from "./lists.svelte";

/** When an offer or a transfer to me ends, in ms; 0 = never. */
export const endOf = (row: Row): number => (row.transfer?.to_me ? row.transfer.expires_at : row.offer_expires_at);

/** What asks me now. */
export function arrivals(): Row[] {
  const found = new Map([...lists.rows("mine"), ...lists.rows("waiting")].filter(needsMe).map((row) => [row.id, row]));
  return [...found.values()].sort((a, b) => (endOf(a) || Infinity) - (endOf(b) || Infinity));
}
