// The board: queues, people and notices to staff as they are now, while its page is shown.
//
// Fetched once, then kept by what the live line tells: each change brings the queue or the colleague that it is about. What the clock
// alone changes, as the end of opening hours, is fetched again at the moment the desk named.
import { api } from "../api";
import { said } from "../refusals";
import type * as s from "../schema";
import { connection } from "./connection.svelte";

const LONGEST_MS = 86_400_000;
const SLACK_MS = 500;

class DeskBoard {
  shown = $state.raw<s.Board | null>(null);
  problem = $state("");
  private visible = false;
  private asked = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** The page shows it now. Returns what ends that. */
  begin(): () => void {
    this.visible = true;
    void this.fetch();
    return () => {
      this.visible = false;
      this.shown = null;
      clearTimeout(this.timer);
      connection.live.leaveBoard();
    };
  }

  /** What is shown may be old: names and rights may have changed. */
  doubt(): void {
    if (this.visible) void this.fetch();
  }

  async fetch(): Promise<void> {
    const turn = (this.asked += 1);
    try {
      const found = await api.board("");
      if (turn !== this.asked || !this.visible) return;
      this.shown = found;
      this.problem = "";
      connection.live.watchBoard(found.position);
      clearTimeout(this.timer);
      const wait = found.again_at - Date.now() + SLACK_MS;
      if (found.again_at && wait < LONGEST_MS) this.timer = setTimeout(() => void this.fetch(), Math.max(wait, SLACK_MS));
    } catch (error) {
      if (turn === this.asked) this.problem = said(error);
    }
  }

  told({ queues, people, notices }: s.BoardTold): void {
    if (!this.shown) return;
    this.shown = {
      ...this.shown,
      queues: mixed(this.shown.queues, queues),
      people: mixed(this.shown.people, people),
      notices: notices ?? this.shown.notices,
    };
  }
}

/** Put what changed in the place of what was there, and what is new at the end. */
function mixed<T extends { id: string }>(held: readonly T[], told: readonly T[]): T[] {
  const fresh = new Map(told.map((one) => [one.id, one]));
  const known = new Set(held.map((one) => one.id));
  return [...held.map((one) => fresh.get(one.id) ?? one), ...told.filter((one) => !known.has(one.id))];
}

export const deskBoard = new DeskBoard();
