// What the browser translated for me, by line: only shown here, never sent.
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import type { Line } from "../schema";
import { canTranslate, isForeign, translated } from "../translator";
import { language, t } from "../words";
import { notices } from "./notices.svelte";
import type { Thread } from "./thread.svelte";

class Translations {
  private readonly texts = new SvelteMap<string, string>(); // "" = on its way

  of(line: Line): string | undefined {
    return this.texts.get(line.id);
  }

  private readonly known = new SvelteSet<string>(); // languages that the browser translates into mine
  private readonly asked = new Set<string>();

  /** Whether a line may be translated: a patron's words of another language, in a browser that can. */
  offered(thread: Thread, line: Line): boolean {
    return line.who === "patron" && line.text.trim() !== "" && this.offers(thread);
  }

  /** Whether this patron writes in another language than mine, and the browser knows both. */
  offers(thread: Thread | null): boolean {
    const spoken = thread?.view?.patron.language ?? "";
    if (!isForeign(spoken, language())) return false;
    if (!this.asked.has(spoken)) {
      this.asked.add(spoken);
      void canTranslate(spoken, language()).then((can) => can && this.known.add(spoken));
    }
    return this.known.has(spoken);
  }

  async toggle(thread: Thread, line: Line): Promise<void> {
    if (this.texts.delete(line.id)) return;
    this.texts.set(line.id, "");
    try {
      this.texts.set(line.id, await translated(line.text, thread.view?.patron.language ?? "", language()));
    } catch {
      this.texts.delete(line.id);
      notices.tell(t("translate.failed"), "bad");
    }
  }

  /** Translate the patron's newest words. */
  newest(thread: Thread | null): void {
    const line = thread?.lines.findLast((one) => this.offered(thread, one));
    if (thread && line) void this.toggle(thread, line);
  }
}

export const translations = new Translations();
