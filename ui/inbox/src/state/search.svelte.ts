// What was searched for and found, kept while the librarian reads a hit and comes back.
import { clear } from "../searching";
import type { Hit, SearchFault } from "../schema";

interface Remembered {
  q: string;
  asked: string; // the question that `hits` answer
  hits: Hit[] | null;
  next: string;
  faults: SearchFault[];
  all: boolean; // everything found is chosen for a file, else `chosen` alone
  chosen: string[];
  choosing: boolean; // the controls for a file are shown
  saving: boolean; // the dialog that keeps the question is open
}

const NOTHING: Remembered = { q: "", asked: "", hits: null, next: "", faults: [], all: false, chosen: [], choosing: false, saving: false };

export const remembered = $state<Remembered>({ ...NOTHING });

/** Drop conversations that I may not see any more. */
export function dropFound(ids: readonly string[]): void {
  remembered.hits = remembered.hits?.filter((hit) => !ids.includes(hit.conversation)) ?? null;
  remembered.chosen = remembered.chosen.filter((id) => !ids.includes(id));
}

/** Hold nothing of it for whoever signs in next. */
export function dropSearches(): void {
  Object.assign(remembered, NOTHING);
}

/** Delete the questions that this machine keeps for a librarian. */
export function clearRecent(me: string): void {
  clear(localStorage, me);
}
