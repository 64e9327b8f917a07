// The list of follow-ups: one filter, the words looked for, and as many pages of it as the librarian has asked for.
//
// The server filters, sorts, counts and pages; the page holds what it shows. When a follow-up changes, those shown change at once,
// and the same pages are fetched again a moment later: its place and the counts are the server's to say.
import { api, Offline } from "../api";
import type { FollowUp, FollowUpCounts, FollowUpsTold } from "../schema";
import { t } from "../words";

export const SHOWS = ["all", "mine", "unassigned", "elsewhere", "overdue", "closed"] as const;
export type Show = (typeof SHOWS)[number];
const AGAIN_MS = 300;

class FollowUps {
  show = $state<Show>("all");
  q = $state("");
  rows = $state.raw<readonly FollowUp[] | null>(null); // null = not fetched yet
  counts = $state.raw<FollowUpCounts | null>(null);
  next = $state("");
  problem = $state("");
  busy = $state(false);
  chosen = $state.raw<FollowUp | null>(null); // of the dialog
  ending = $state(false); // the dialog is about its end
  watched = false;
  private asking: AbortController | null = null;
  private again: ReturnType<typeof setTimeout> | undefined;

  /** Somebody looks at the list: it is fetched, and kept. */
  watch(): void {
    this.watched = true;
    void this.load();
  }

  /** Fetch the list from its beginning: as many rows as are shown, at least a page. */
  async load(): Promise<void> {
    await this.fetch("", [], this.rows?.length ?? 0);
  }

  async more(): Promise<void> {
    await this.fetch(this.next, this.rows ?? [], 0);
  }

  /** Look for other ones: what is shown goes when the answer is here. */
  async look(show: Show): Promise<void> {
    this.show = show;
    await this.fetch("", [], 0);
  }

  told({ upsert, remove }: FollowUpsTold): void {
    if (!this.watched) return;
    const changed = new Map(upsert.map((one) => [one.id, one]));
    if (this.rows && this.show !== "closed") {
      this.rows = this.rows.flatMap((one) => (remove.includes(one.id) ? [] : [changed.get(one.id) ?? one]));
    }
    clearTimeout(this.again);
    this.again = setTimeout(() => void this.load(), AGAIN_MS);
  }

  /** Nobody looks at the list any more. */
  rest(): void {
    this.watched = false;
    clearTimeout(this.again);
    this.asking?.abort();
    this.rows = null;
  }

  private async fetch(after: string, before: readonly FollowUp[], least: number): Promise<void> {
    this.asking?.abort();
    const control = (this.asking = new AbortController());
    const rows = [...before];
    this.busy = true;
    try {
      let next = after;
      do {
        const page = await api.followUps(this.show, this.q.trim(), next, control.signal);
        rows.push(...page.follow_ups);
        next = page.next ?? "";
        this.counts = page.counts;
      } while (next && rows.length < least);
      this.rows = rows;
      this.next = next;
      this.problem = "";
    } catch (error) {
      if (!control.signal.aborted) this.problem = error instanceof Offline ? t("live.lost") : (error as Error).message;
    } finally {
      if (this.asking === control) this.busy = false;
    }
  }
}

export const followUps = new FollowUps();
