// Who is signed in, and how far the page has come with showing them their desk. `inbox.ts` moves it from phase to phase.
import type { Me } from "../schema";

class Session {
  phase = $state<"loading" | "signed-out" | "password" | "second" | "ready" | "failed">("loading");
  me = $state.raw<Me | null>(null);
  invitation = $state(""); // the secret of the link that this page was opened with
  refusedSignOn = $state(""); // why another service could not sign me in; a word
  barred = $state(""); // why the desk lets me see nothing, though I am signed in

  /** My id, or "" while nobody is signed in. */
  get id(): string {
    return this.me?.id ?? "";
  }

  /** I am signed in and available nowhere: the desk offers me nothing. */
  get isAway(): boolean {
    return this.me?.availability.present === false;
  }
}

export const session = new Session();
