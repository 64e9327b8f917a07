// The recipients that a librarian has chosen for their next answer, one choice a conversation: they stay with what is being written.
import { NO_COPIES, type Copies } from "../copies";

class ChosenCopies {
  private chosen = $state.raw<Record<string, Copies>>({});
  open = $state(""); // the conversation whose recipients are being edited

  of(conversation: string): Copies {
    return this.chosen[conversation] ?? NO_COPIES;
  }

  set(conversation: string, change: Partial<Copies>): void {
    this.chosen = { ...this.chosen, [conversation]: { ...this.of(conversation), ...change } };
  }

  /** What was chosen went out with the answer. */
  clear(conversation: string): void {
    this.chosen = { ...this.chosen, [conversation]: NO_COPIES };
    if (this.open === conversation) this.open = "";
  }
}

export const chosenCopies = new ChosenCopies();
