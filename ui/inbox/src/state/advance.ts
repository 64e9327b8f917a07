// Where a librarian goes when they are done with a conversation: they choose it once, for this browser.
import { needsMe } from "../board";
import { lists } from "./lists.svelte";
import { navigation } from "./navigation.svelte";

export const AFTER = ["stay", "next", "list"] as const;
export type After = (typeof AFTER)[number];

const PLACE = "deskbridge.after";

export function after(): After {
  const kept = localStorage.getItem(PLACE);
  return AFTER.find((one) => one === kept) ?? "stay";
}

export const choose = (wish: After): void => localStorage.setItem(PLACE, wish);

/** Go on from a conversation that is done, unless the librarian looks at another already. */
export function advance(from: string): void {
  const wish = after();
  if (wish === "stay" || navigation.openId !== from) return;
  const next = wish === "next" ? following(from) : undefined;
  if (next) navigation.go(next.views.includes("mine") ? "mine" : "waiting", next.id);
  else navigation.leave();
}

/** What needs me next: offered to me, then mine without an answer, then what waits longest. */
function following(from: string) {
  const [mine, waiting] = [lists.rows("mine"), lists.rows("waiting")];
  const calling = [...[...mine, ...waiting].filter(needsMe), ...mine.filter((row) => row.unanswered_since || row.back_at), ...waiting];
  return calling.find((row) => row.id !== from);
}
