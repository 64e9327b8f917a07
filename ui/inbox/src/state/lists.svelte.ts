// The lists of conversations, as the page shows them. The rules of their order are in `board.ts`.
import { api } from "../api";
import { Board } from "../board";
import type { Row, View } from "../schema";
import { threads } from "./thread.svelte";

const NO_MORE: Record<View, string> = { waiting: "", mine: "", open: "", closed: "", aside: "" };

class Lists {
  readonly board = new Board();
  more = $state.raw<Record<View, string>>(NO_MORE); // where the next page of each list begins
  private version = $state(0);

  rows(view: View): Row[] {
    void this.version;
    return this.board.view(view);
  }

  /** The row of a conversation, also of one that is in no list but was opened. */
  row(id: string): Row | undefined {
    void this.version;
    return this.board.get(id) ?? threads.get(id)?.view?.row;
  }

  upsert(rows: readonly Row[]): void {
    this.board.upsert(rows);
    this.version += 1;
  }

  remove(ids: readonly string[]): void {
    this.board.remove(ids);
    this.version += 1;
  }

  clear(): void {
    this.board.clear();
    this.version += 1;
  }

  async fetchMore(view: View): Promise<void> {
    const cursor = this.more[view];
    if (!cursor) return;
    this.more = { ...this.more, [view]: "" };
    await this.fetchPage(view, cursor);
  }

  /** Fetch what is set aside; the line tells what changes there. */
  async fetchAside(): Promise<void> {
    this.more = { ...this.more, aside: "" };
    await this.fetchPage("aside", "");
  }

  private async fetchPage(view: View, cursor: string): Promise<void> {
    const told = this.board.asking();
    try {
      const page = await api.rows(view, cursor);
      if (told.all) return; // the lists were fetched again meanwhile
      this.upsert(page.rows.filter((row) => !this.board.get(row.id) && !told.has(row.id)));
      this.more = { ...this.more, [view]: page.next };
    } catch {
      if (!told.all) this.more = { ...this.more, [view]: cursor };
    } finally {
      this.board.answered(told);
    }
  }
}

export const lists = new Lists();
