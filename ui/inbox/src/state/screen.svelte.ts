// The window itself: its clock, how many panes fit, which dialog is open, and what the keyboard means.
import * as keys from "../keys";

export type DialogName =
  | "" | "close" | "transfer" | "palette" | "help" | "identify" | "block" | "merge" | "recode" | "presence" | "outbox" | "consult" | "forget" | "own-data" | "audit" | "follow-up" | "board" | "give" | "snooze" | "call" | "begin" | "forward" | "count";

const KEYS_HELD_MS = 1000;
/** There is room for a third pane beside the conversation. */
const ROOMY = matchMedia("(min-width: 70rem)");
/** There is room for one pane. */
const NARROW = matchMedia("(max-width: 50rem)");
const wantsContext = () => ROOMY.matches && localStorage.getItem("deskbridge.context") !== "off";

class Screen {
  now = $state(Date.now());
  narrow = $state(NARROW.matches);
  context = $state(wantsContext()); // the pane about the patron is shown
  dialog = $state<DialogName>("");
  looking = $state(false); // the catalogue beside the conversation is open
  accounting = $state(false); // the patron's account is open
  answers = $state(localStorage.getItem("deskbridge.answers") !== "off"); // the FAQ beside the conversation is open
  seeking = $state(false); // its field should take the focus
  exact = $state(false); // each line shows its whole date
  newest = $state(0); // grows when the newest message should be in sight
  searching = $state(0); // grows when the search field should take the focus
  bindings = $state.raw(keys.load(localStorage));
  private heldUntil = 0;

  /** Follow the window when it is turned or zoomed: the third pane would cover the conversation. */
  watch(): void {
    ROOMY.addEventListener("change", () => (this.context = wantsContext()));
    NARROW.addEventListener("change", () => (this.narrow = NARROW.matches));
  }

  toggleContext(): void {
    this.context = !this.context;
    if (ROOMY.matches) localStorage.setItem("deskbridge.context", this.context ? "on" : "off");
  }

  /** Open the catalogue beside the conversation. */
  lookUp(): void {
    this.context = this.looking = this.seeking = true;
  }

  bind(bindings: keys.Bindings): void {
    this.bindings = bindings;
    keys.store(localStorage, bindings);
  }

  /** Let single keys mean nothing for a moment: a librarian who types an answer has not seen yet that the composer is gone. */
  holdKeys(): void {
    this.heldUntil = Date.now() + KEYS_HELD_MS;
  }

  freeKeys(): void {
    this.heldUntil = 0;
  }

  get holdsKeys(): boolean {
    return Date.now() < this.heldUntil;
  }

  /** Move to another place without freeing the keys that are held. */
  keepingKeys(move: () => void): void {
    const held = this.heldUntil;
    move();
    this.heldUntil = held;
  }
}

export const screen = new Screen();
