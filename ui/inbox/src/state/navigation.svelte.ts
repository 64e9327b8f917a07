// Where I am: the page, the row that the keyboard marks, the open conversation. The address after "#" says the same.
//
// The rule: going somewhere takes effect at once, so that what is typed next goes where it was meant.
import { isText } from "../keys";
import type { Row } from "../schema";
import { t } from "../words";
import { connection } from "./connection.svelte";
import { lists } from "./lists.svelte";
import { notices } from "./notices.svelte";
import { hasParts, isView, pageOf, type Page } from "./pages";
import { requests } from "./requests.svelte";
import { screen } from "./screen.svelte";
import { dropFound } from "./search.svelte";
import { session } from "./session.svelte";
import { type Thread, threads } from "./thread.svelte";
import { writing } from "./writing.svelte";

const PREFETCH_MS = 60;
const ROW_COMES_MS = 3000; // after an answer, the line tells the row by then

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

class Navigation {
  page = $state<Page>("waiting");
  marked = $state(""); // the row that the keyboard marks
  openId = $state("");
  thread = $state.raw<Thread | null>(null);
  entering = $state(""); // the conversation that I am taking: no row says yet that I may answer
  private entries = 0; // how often I took one: what an earlier time still waits for ends nothing of a later one
  /** Told which conversation the librarian looks at now; `calls` sets it. */
  arrived: (conversation: string) => void = () => undefined;
  /** Asked before another address is shown; false: stay. A page with unsaved changes sets it. */
  guard: (to: string) => boolean = () => true;
  line = $state(""); // the line of the open conversation that a search leads to
  parts = $state.raw<readonly string[]>([]); // what follows a page in the address, where it is no conversation
  private at = "";
  private readonly lastRead = new Map<string, string>();

  get list(): Row[] {
    return isView(this.page) ? lists.rows(this.page) : [];
  }

  get current(): Row | undefined {
    return this.openId ? (lists.row(this.openId) ?? this.thread?.view?.row) : undefined;
  }

  get isMine(): boolean {
    return this.isOwnedByMe(this.current);
  }

  /** I own it, or joined its owner, or am about to: what I write waits for the desk's answer. */
  get mayAnswer(): boolean {
    return this.mayAnswerIn(this.current) || (this.openId !== "" && this.entering === this.openId);
  }

  private isOwnedByMe(row: Row | undefined): boolean {
    return row?.state === "active" && row.owner === session.me?.id;
  }

  private mayAnswerIn(row: Row | undefined): boolean {
    return this.isOwnedByMe(row) || row?.joined === true;
  }

  // ---- going somewhere -----------------------------------------------------------------------------------------------

  go(page: Page, conversation = ""): void {
    const hash = `#/${page}${conversation ? `/${encodeURIComponent(conversation)}` : ""}`;
    if (location.hash !== hash) location.hash = hash;
    this.follow();
  }

  open(conversation: string): void {
    this.go(isView(this.page) || this.page === "search" || this.page === "follow-ups" ? this.page : "mine", conversation);
  }

  /** Leave the conversation for the page that it was opened from. */
  leave(): void {
    this.go(this.page);
  }

  /** Show what the address says. */
  follow(): void {
    if (session.phase !== "ready") return;
    if (!this.mayLeave()) return;
    const [, wanted = "", ...parts] = location.hash.split("/").map(decoded);
    const page = pageOf(wanted);
    if (page !== this.page) this.marked = ""; // another list is read from its beginning
    this.page = page;
    this.parts = hasParts(page) ? parts : [];
    this.at = location.hash;
    this.line = page === "search" ? (parts[1] ?? "") : "";
    this.show(hasParts(page) ? "" : (parts[0] ?? ""));
    this.arrived(this.openId);
  }

  /** Stay where somebody has changed and not saved: the address goes back, and `guard` has asked. */
  private mayLeave(): boolean {
    if (location.hash === this.at || this.guard(location.hash)) return true;
    history.replaceState(null, "", this.at);
    return false;
  }

  move(by: 1 | -1): void {
    const list = this.list;
    if (!list.length) return;
    const at = list.findIndex((row) => row.id === this.marked);
    const next = list[at < 0 ? 0 : Math.max(0, Math.min(list.length - 1, at + by))];
    if (!next) return;
    this.marked = next.id;
    if (this.openId) this.open(next.id);
  }

  /** Go at once to a conversation that I am about to answer: what is typed next is meant for the composer. Where the desk refuses, go
   * back; what was typed meanwhile is shown and kept. */
  async enter(conversation: string, asked: Promise<boolean>): Promise<void> {
    const [from, entry] = [location.hash, (this.entries += 1)];
    this.entering = writing.awaited = conversation;
    screen.holdKeys();
    this.go("mine", conversation);
    writing.composing += 1;
    const here = location.hash;
    const done = await asked;
    // A row that the line told meanwhile is kept although it may be older than the answer. The composer waits for the next one.
    if (done && !this.mayAnswerIn(lists.row(conversation))) setTimeout(() => this.entered(entry, true), ROW_COMES_MS);
    else this.entered(entry);
    if (entry === this.entries) writing.awaited = "";
    if (done || location.hash !== here) return; // a librarian who went elsewhere meanwhile stays there
    if (isText(document.activeElement)) screen.holdKeys();
    if (here === from || writing.drafts.has(conversation)) return;
    screen.keepingKeys(() => {
      location.hash = from;
      this.follow();
    });
  }

  private entered(entry: number, late = false): void {
    if (entry !== this.entries) return;
    // The row may come later still: whoever writes already goes on writing then.
    if (late && !this.mayAnswerIn(lists.row(this.entering)) && isText(document.activeElement)) writing.composing += 1;
    this.entering = "";
  }

  // ---- the open conversation -----------------------------------------------------------------------------------------

  private show(conversation: string): void {
    if (conversation === this.openId && this.thread?.id === conversation) return;
    if (this.openId) connection.live.unwatch(this.openId);
    this.thread?.settle();
    this.openId = conversation;
    if (conversation !== this.entering) screen.freeKeys();
    if (!conversation) {
      this.thread = null;
      return;
    }
    this.marked = conversation;
    this.thread = threads.keep(conversation, conversation);
    void this.refresh(this.thread);
    this.prefetch();
  }

  /** See that what is new in the open conversation is told: I may not have been allowed to fetch it when it was asked for. */
  attend(): void {
    if (this.thread && !this.thread.isAsked && !connection.live.hears(this.thread.id)) void this.refresh(this.thread);
  }

  /** Fetch the open conversation again: what is shown of it may be forgotten, or not mine to see. */
  doubt(): void {
    if (!this.thread) return;
    this.thread.doubt();
    void this.refresh(this.thread);
  }

  async refresh(thread: Thread): Promise<void> {
    const [told, asked] = [lists.board.asking(), writing.drafts.asking()];
    const seen = thread.view?.row.patron ?? "";
    const fetched = await thread.fetch();
    lists.board.answered(told);
    if (thread.problem === "gone") this.quit(thread, seen);
    if (!fetched || !thread.view) return;
    const newer = told.has(thread.id);
    const listed = lists.board.get(thread.id);
    if (newer && listed) thread.row(listed);
    const { draft, row, position, lines } = thread.view;
    if (!lines.length) dropFound([thread.id]); // it was forgotten
    writing.drafts.settle(thread.id, draft, asked);
    writing.drafted += 1;
    requests.confirm(thread);
    if (thread.id !== this.openId) return;
    connection.live.watch(thread.id, position);
    if (row.views.length && !newer) lists.upsert([row]);
    this.readOpen();
  }

  /** Leave a conversation that I may not see any more, and say so. One that I never saw says so in its place. */
  private quit(thread: Thread, seen: string): void {
    connection.live.unwatch(thread.id);
    if (thread.id !== this.openId || !seen || thread.view) return;
    screen.dialog = "";
    screen.holdKeys();
    screen.keepingKeys(() => this.leave());
    notices.tell(t("conversation.left", { patron: seen }), "bad");
  }

  /** Fetch what j and k lead to next, so that it is there when the key is pressed. */
  private prefetch(): void {
    const list = this.list;
    const at = list.findIndex((row) => row.id === this.openId);
    for (const row of [list[at + 1], list[at - 1]]) {
      if (at < 0 || !row || threads.get(row.id)?.view) continue;
      const thread = threads.keep(row.id, this.openId);
      setTimeout(() => { if (thread.id !== this.openId) void thread.fetch(); }, PREFETCH_MS);
    }
  }

  /** Say that I have read the patron's last line, once. */
  readOpen(): void {
    const thread = this.thread;
    if (!thread?.view || !this.mayAnswerIn(this.current) || !this.current?.unread || document.visibilityState !== "visible") return;
    const last = thread.lines.findLast((line) => line.who === "patron");
    if (!last || this.lastRead.get(thread.id) === last.id) return;
    this.lastRead.set(thread.id, last.id);
    requests.add(thread.id, "read", { message: last.id }).catch(() => undefined);
  }
}

export const navigation = new Navigation();
