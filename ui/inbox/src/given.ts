// A conversation changed hands without a transfer: a coordinator or a colleague gave it. Both sides hear of it.
import type { Row } from "./schema";

/** "mine": I have it now; "theirs": a colleague has now what I had; null for anything else, as an offer that I accept. */
export function handedOver(before: Row | undefined, now: Row, me: string): "mine" | "theirs" | null {
  if (!me || !before || now.state !== "active" || before.owner === now.owner) return null;
  if (now.owner === me) return before.offered_to_me || before.transfer?.to_me ? null : "mine";
  return before.owner === me && !before.transfer && now.owner ? "theirs" : null;
}
