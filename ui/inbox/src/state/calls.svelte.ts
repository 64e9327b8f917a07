// What calls for me: a conversation that begins to wait, a new message, a transfer that nobody took, a note that names me. Each rings
// as the librarian wishes; the rules of what rings are in `notify.ts`.
import { SvelteMap } from "svelte/reactivity";
import { api } from "../api";
import { needsMe } from "../board";
import { handedOver } from "../given";
import * as notify from "../notify";
import type { ConsultTold, MentionTold, MessageView, QuietHoursView, Row, TransferView } from "../schema";
import { t } from "../words";
import { lists } from "./lists.svelte";
import { navigation } from "./navigation.svelte";
import { notices, type Toast } from "./notices.svelte";
import { requests } from "./requests.svelte";
import { session } from "./session.svelte";

const BODY_LENGTH = 140;

interface Mention {
  title: string;
  toast: number; // the toast that says so; 0 = it went away unheeded
}

class Calls {
  wishes = $state.raw(notify.load(localStorage));
  quiet = $state.raw<QuietHoursView>(notify.NEVER_QUIET);
  readonly withdrawn = new Set<string>(); // transfers that I am taking back
  /** Shows a room of colleagues; `colleagues` sets it. */
  openRoom: (room: string) => void = () => undefined;
  private readonly rooms = new Set<string>(); // that call on the desktop
  private readonly bell = new notify.Bell((id) => (this.rooms.has(id) ? this.openRoom(id) : navigation.open(id)));
  private readonly mentions = new SvelteMap<string, Mention>(); // conversations in which a note names me
  private readonly told = new Set<string>(); // the notes that have called me

  constructor() {
    navigation.arrived = (conversation) => this.heed(conversation);
  }

  /** How many notes that name me are not heeded yet. */
  get open(): number {
    return this.mentions.size;
  }

  /** What calls me though no toast says so any more: it is kept until I look there. */
  get unheeded(): { conversation: string; title: string }[] {
    return [...this.mentions].filter(([, one]) => !one.toast).map(([conversation, { title }]) => ({ conversation, title }));
  }

  /** Call for what is new in rows, once each, compared with what the board still holds. */
  compare(rows: readonly Row[]): void {
    for (const row of new Map(rows.map((one) => [one.id, one])).values()) {
      const before = lists.board.get(row.id);
      this.call(row, notify.newsOf(before, row));
      if (before?.transfer && notify.cameBack(before, row, session.id) && !this.withdrawn.has(row.id)) this.declined(row, before.transfer);
    }
  }

  /** Nobody took what I offered: I am told wherever I am, by whom, and that it is mine as before. */
  private declined(row: Row, over: TransferView): void {
    const late = over.expires_at > 0 && over.expires_at <= Date.now();
    const key = over.queue ? "notify.declinedByAll" : late ? "notify.declinedLate" : "notify.declined";
    const title = t(key, { patron: row.patron, to: over.librarian_name || over.queue_name });
    this.ring({ conversation: row.id, kind: "transfer", title, body: row.last_text });
    notices.tell(title, "bad", [{ word: "notify.open", key: "", run: () => navigation.open(row.id) }]);
  }

  /** Say of rows that the line tells which ones somebody gave to me, or took from me; what I asked for myself is no news. */
  gave(rows: readonly Row[]): void {
    for (const row of rows) {
      const given = requests.asks(row.id) ? null : handedOver(lists.board.get(row.id), row, session.id);
      if (given) this.given(row, given);
    }
  }

  private given(row: Row, whose: "mine" | "theirs"): void {
    const title = t(`notify.given.${whose}`, { patron: row.patron, owner: row.owner_name });
    if (whose === "mine") this.ring({ conversation: row.id, kind: "transfer", title, body: row.last_text });
    notices.tell(title, whose === "mine" ? "call" : "done", [{ word: "notify.open", key: "", run: () => navigation.open(row.id) }]);
  }

  /** Withdraw calls that are over. */
  hush(): void {
    for (const [id, kind] of this.bell.calls()) if (notify.isOver(lists.board.get(id), kind)) this.bell.withdraw(id);
  }

  private call(row: Row, kind: notify.Kind | null): void {
    if (!kind || this.isBefore(row.id)) return;
    const title = t(`notify.${kind}`, { patron: row.patron, library: row.library_name });
    if (this.ring({ conversation: row.id, kind, title, body: row.last_text }) && kind !== "message") notices.announce(title);
  }

  /** Ring as is wished; false in quiet hours. */
  private ring(call: notify.Call): boolean {
    if (notify.isQuiet(this.quiet, notify.timeOfDay(new Date(), this.quiet.timezone))) return false;
    const { desktop, sound } = this.wishes;
    this.bell.ring({ ...call, body: call.body.slice(0, BODY_LENGTH) }, desktop[call.kind], sound[call.kind]);
    return true;
  }

  /** The conversation is open and the librarian looks at this page. */
  private isBefore(conversation: string): boolean {
    return conversation === navigation.openId && document.hasFocus();
  }

  /** A note names me. What is told again calls only once. The toast stays until it is heeded, as no list shows the note. */
  mentioned({ conversation, line, text, by_name: by, patron, library_name: library, can_join, waited }: MentionTold, join: () => void): void {
    if (this.told.has(line)) return;
    this.told.add(line);
    const title = t("notify.mention", { by, patron, library });
    if (this.isBefore(conversation)) return notices.announce(title);
    this.heed(conversation);
    if (!waited) this.ring({ conversation, kind: "mention", title, body: text });
    const open = () => navigation.open(conversation);
    const does: Toast["does"] = [
      { word: "notify.open", key: "", run: open },
      ...(can_join ? [{ word: "action.join", key: "", run: () => { open(); join(); } } as const] : []),
    ];
    this.keep(conversation, title, does);
  }

  /** Say that something calls. Where the toast goes away unheeded, the page says it elsewhere: see `unheeded`. */
  private keep(conversation: string, title: string, does: Toast["does"]): void {
    const mention = { title, toast: 0 };
    mention.toast = notices.tell(title, "call", does, () => {
      if (this.mentions.get(conversation)?.toast === mention.toast) this.mentions.set(conversation, { title, toast: 0 });
    });
    this.mentions.set(conversation, mention);
  }

  /** A colleague asks me about a conversation. Like a note that names me, it calls until I look there. */
  consulted({ conversation, by_name: by, patron, library_name: library }: ConsultTold): void {
    const title = t("notify.consult", { by, patron, library });
    if (this.isBefore(conversation)) return notices.announce(title);
    this.heed(conversation);
    this.ring({ conversation, kind: "consult", title, body: "" });
    this.keep(conversation, title, [{ word: "notify.open", key: "", run: () => navigation.open(conversation) }]);
  }

  /** A colleague wrote to me alone, or beside a conversation that asks me. */
  wrote(room: string, { by_name: by, text }: MessageView): void {
    this.rooms.add(room);
    const title = t("notify.colleague", { by });
    if (this.ring({ conversation: room, kind: "colleague", title, body: text })) notices.announce(title);
  }

  heedRoom(room: string): void {
    if (this.rooms.delete(room)) this.bell.withdraw(room);
  }

  /** The librarian looks at a conversation, or may not any more: what called them there is over. */
  heed(conversation: string): void {
    const mention = this.mentions.get(conversation);
    if (!mention) return;
    this.mentions.delete(conversation);
    this.bell.withdraw(conversation);
    notices.dismiss(mention.toast);
  }

  heedAll(): void {
    for (const conversation of [...this.mentions.keys()]) this.heed(conversation);
  }

  /** Open the next that needs me: where a note names me, offered, then unread of mine, then waiting. */
  openNext(): void {
    const named = this.mentions.keys().next().value;
    if (named) return navigation.open(named);
    const [waiting, mine] = [lists.rows("waiting"), lists.rows("mine")];
    const calling = [...[...waiting, ...mine].filter(needsMe), ...mine.filter((row) => row.unanswered_since || row.unread), ...waiting];
    const next = calling.find((row) => row.id !== navigation.openId);
    if (next) navigation.go(next.views.includes("mine") ? "mine" : "waiting", next.id);
    else notices.tell(t("list.nothingCalls"));
  }

  wish(wishes: notify.Wishes): void {
    this.wishes = wishes;
    notify.store(localStorage, wishes);
  }

  /** Learn my quiet hours, which the desk keeps. */
  async learnQuiet(): Promise<void> {
    this.quiet = await api.quietHours();
  }

  async keepQuiet(quiet: QuietHoursView): Promise<void> {
    this.quiet = await api.keepQuietHours(quiet);
  }

  async test(): Promise<void> {
    if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
    const [title, body] = [t("notify.testTitle"), t("notify.testBody")];
    this.bell.ring({ conversation: "test", kind: "message", title, body }, true, true);
    notices.announce(t("notify.testTitle"));
  }
}

export const calls = new Calls();
