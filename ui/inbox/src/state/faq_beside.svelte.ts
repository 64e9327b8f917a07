// The entries of the FAQ near the patron's last words, for the conversation that is open. They're asked for when somebody wants to see
// or use them; nothing of them is kept.
import { faq, inserted } from "../faq";
import { said } from "../refusals";
import type { FaqSuggestion } from "../schema";
import { t } from "../words";
import { notices } from "./notices.svelte";
import { screen } from "./screen.svelte";
import { writing } from "./writing.svelte";

class FaqBeside {
  entries = $state.raw<FaqSuggestion[]>([]);
  asked = $state("");
  problem = $state("");
  busy = $state(false);
  private conversation = "";
  private under = new AbortController();

  /** Look for entries; without words, near the patron's last ones. */
  async load(conversation: string, words = ""): Promise<void> {
    if (conversation !== this.conversation) this.entries = [];
    this.conversation = conversation;
    this.under.abort();
    const mine = (this.under = new AbortController());
    [this.busy, this.problem] = [true, ""];
    try {
      const found = await faq.suggestions(conversation, words, mine.signal);
      if (mine.signal.aborted) return;
      [this.entries, this.asked] = [found.entries, found.asked];
    } catch (error) {
      if (!mine.signal.aborted) this.problem = said(error);
    } finally {
      if (this.under === mine) this.busy = false;
    }
  }

  /** Put an entry's words and address into the reply. */
  use(conversation: string, entry: FaqSuggestion): void {
    const words = inserted(entry);
    const begun = writing.drafts.get(conversation).reply;
    writing.drafts.write(conversation, begun ? `${begun}\n${words}` : words, false);
    writing.used.set(conversation, { entry: entry.id, words: entry.url || entry.text });
    if (screen.narrow) screen.context = false; // it covers the composer
    writing.write(conversation, false);
  }

  /** Put the nearest public entry into the reply; say so where there is none. */
  async useNearest(conversation: string): Promise<void> {
    await this.load(conversation);
    const nearest = this.entries.find((entry) => entry.url);
    if (nearest) this.use(conversation, nearest);
    else notices.tell(this.problem || t("faq.noneNear"), "bad");
  }
}

export const faqBeside = new FaqBeside();
