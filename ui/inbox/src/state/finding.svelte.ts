// Asking the desk what the search box says, the searches that are kept, and the file of what was found.
import { api, get, Offline, send } from "../api";
import * as rules from "../searching";
import type { Hit, Hits, SavedSearchList, SavedSearchView } from "../schema";
import { named, t } from "../words";
import { desk } from "./desk.svelte";
import { notices } from "./notices.svelte";
import { clearRecent, remembered } from "./search.svelte";
import { session } from "./session.svelte";

const MOST_CHOSEN = 200;

/** What is found again belongs to the conversation that is shown already. */
export function joined(shown: readonly Hit[], more: readonly Hit[]): Hit[] {
  const known = new Map(shown.map((hit) => [hit.conversation, hit]));
  for (const hit of more) {
    const before = known.get(hit.conversation);
    known.set(hit.conversation, before ? { ...before, matches: [...before.matches, ...hit.matches] } : hit);
  }
  return [...known.values()];
}

class Finding {
  busy = $state(false);
  problem = $state("");
  saved = $state.raw<readonly SavedSearchView[]>([]);
  topics = $state.raw<readonly string[]>([]);
  recent = $state.raw<readonly string[]>([]);
  private asking: AbortController | null = null;
  private pause: ReturnType<typeof setTimeout> | undefined;

  private get me(): string {
    return session.me?.id ?? "";
  }

  /** Fetch what is kept; what was found before stays. */
  async begin(): Promise<void> {
    this.recent = rules.recent(localStorage, this.me);
    try {
      this.take(await get<SavedSearchList>("/searches"));
    } catch {
      // The page works without them; coming back asks again.
    }
  }

  private take(list: SavedSearchList): void {
    this.saved = list.searches;
    this.topics = list.topics;
  }

  /** Ask once nothing was typed for a moment. */
  typed(): void {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => void this.look(), 250);
  }

  /** Ask at once, and keep the question among the recent ones. */
  async submit(q: string = remembered.q): Promise<void> {
    clearTimeout(this.pause);
    remembered.q = q;
    this.keepRecent();
    await this.look();
  }

  keepRecent(): void {
    if (remembered.q.trim()) this.recent = rules.keep(localStorage, this.me, remembered.q);
  }

  clearRecent(): void {
    clearRecent(this.me);
    this.recent = [];
    notices.announce(t("search.cleared"));
  }

  async look(more = false): Promise<void> {
    this.asking?.abort();
    const q = remembered.q.trim();
    const control = (this.asking = new AbortController());
    this.busy = true;
    try {
      const page = await get<Hits>("/search", { q, cursor: more ? remembered.next : "" }, control.signal);
      this.found(q, page, more);
    } catch (error) {
      if (control.signal.aborted) return;
      this.problem = error instanceof Offline ? t("live.lost") : (error as Error).message;
    } finally {
      if (this.asking === control) this.busy = false;
    }
  }

  private found(q: string, page: Hits, more: boolean): void {
    if (q !== remembered.asked) [remembered.chosen, remembered.all] = [[], false];
    remembered.asked = q;
    remembered.hits = more ? joined(remembered.hits ?? [], page.hits) : page.hits;
    remembered.next = page.next;
    remembered.faults = page.faults;
    this.problem = "";
    if (!more && q) notices.announce(page.faults.length ? t("search.unread") : t("search.found", { n: page.hits.length }));
  }

  /** What filters can name here. */
  get values(): rules.Values {
    const mine = session.me?.libraries ?? [];
    const [day, month] = [new Date().toLocaleDateString("sv"), new Date().toLocaleDateString("sv").slice(0, 7)];
    const days = [
      { value: "today", name: t("search.day.today") },
      { value: "yesterday", name: t("search.day.yesterday") },
      ...[day, month, month.slice(0, 4)].map((value) => ({ value, name: value })),
    ];
    const people = desk.organisation?.librarians ?? [];
    const states = ["open", "waiting", "active", "snoozed", "closed"] as const;
    return {
      library: mine.map((id) => ({ value: id, name: desk.libraryName(id) })),
      channel: (desk.organisation?.channels ?? []).map((one) => ({ value: one.channel, name: one.label || one.kind })),
      by: people.map((one) => ({ value: one.id, name: one.name })),
      code: [
        ...(desk.organisation?.codes ?? []).map((one) => ({ value: one.code, name: named("code", one.code) })),
        ...this.topics.map((one) => ({ value: one, name: one })),
      ],
      has: [{ value: "file", name: t("search.hasFile") }],
      is: states.map((value) => ({ value, name: t(`search.is.${value}`) })),
      before: days,
      after: days,
    };
  }

  // ---- searches that are kept ----------------------------------------------------------------------------------------

  async save(name: string, library: string): Promise<boolean> {
    try {
      await send<SavedSearchView>("POST", "/searches", { name, query: remembered.q.trim(), library });
      this.take(await get<SavedSearchList>("/searches"));
      notices.announce(t("search.saved", { name }));
      return true;
    } catch (error) {
      this.problem = error instanceof Offline ? t("live.lost") : (error as Error).message;
      return false;
    }
  }

  async drop(one: SavedSearchView): Promise<void> {
    try {
      await send<undefined>("DELETE", `/searches/${encodeURIComponent(one.id)}`, {});
      this.saved = this.saved.filter((each) => each.id !== one.id);
      notices.announce(t("search.dropped", { name: one.name }));
    } catch (error) {
      this.problem = error instanceof Offline ? t("live.lost") : (error as Error).message;
    }
  }

  // ---- the file ------------------------------------------------------------------------------------------------------

  get mayChooseMore(): boolean {
    return remembered.chosen.length < MOST_CHOSEN;
  }

  /** The address of what was found, or of what was chosen of it, as a file. */
  file(format: "csv" | "json"): string {
    const ids = remembered.all ? "" : remembered.chosen.join(",");
    return api.searchFile({ q: remembered.asked, format, ids });
  }
}

export const finding = new Finding();
