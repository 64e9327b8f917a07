// Rooms of colleagues as this page shows them: fetched once, then kept by what the live line tells. The rules are in `rooms.ts`.
//
// A message is shown as sent once the desk has answered. Where it cannot, the text stays in the field, and is sent with the same key.
import { api, freshKey, Offline, Refusal } from "../api";
import { reasonOf, said } from "../refusals";
import { asksOrMine, listed, NOTHING, opened, told, without, type Held } from "../rooms";
import type { ColleaguesTold, MessageView, RoomView, Row } from "../schema";
import { t } from "../words";
import { calls } from "./calls.svelte";
import { desk } from "./desk.svelte";
import { navigation } from "./navigation.svelte";
import { notices } from "./notices.svelte";
import { session } from "./session.svelte";

export const talkOf = (conversation: string) => `talk:${conversation}`;

class Colleagues {
  held = $state.raw<Held>(NOTHING);
  open = $state(""); // the room that the page of colleagues shows
  fresh = $state.raw<ReadonlySet<string>>(new Set()); // rooms in which somebody wrote since I looked
  problem = $state("");
  private readonly drafts = new Map<string, { text: string; key: string }>();
  private readonly shown = new Map<string, number>(); // rooms before me now, the page's and the one beside a conversation
  private doubted = false;
  private loading: Promise<void> | null = null;

  constructor() {
    calls.openRoom = (room) => this.visit(room);
  }

  // ---- what is told ----

  /** The live line stands: fetch all, or what was missed. */
  async arrived(): Promise<void> {
    if (!this.held.at) return this.load();
    if (this.doubted) return this.afresh();
    try {
      const changes = await api.colleagueChanges(this.held.at);
      if (changes.more) await this.afresh();
      else this.take(changes);
    } catch {
      // The next hello asks again.
    }
  }

  /** What I may see may have changed: everything is fetched again once the line stands. */
  doubt(): void {
    this.doubted = true;
  }

  load(): Promise<void> {
    this.loading ??= this.fetch().finally(() => (this.loading = null));
    return this.loading;
  }

  private async fetch(): Promise<void> {
    try {
      const found = await api.colleagues();
      this.held = listed(this.held, found);
      for (const room of found.rooms) if (room.kind === "talk" && room.last && room.last.by !== session.id) this.mark(room.id);
      this.problem = "";
    } catch (error) {
      this.problem = said(error);
    }
  }

  /** Fetch the rooms and those before me once more: too much was missed. */
  private async afresh(): Promise<void> {
    this.doubted = false;
    this.held = { ...NOTHING, rooms: this.held.rooms };
    await this.load();
    for (const room of this.shown.keys()) await this.messages(room);
  }

  hear(message: ColleaguesTold): void {
    if (message.more) return void this.afresh();
    this.take(message);
  }

  private take(changes: Omit<ColleaguesTold, "t" | "more">): void {
    const before = this.held;
    this.held = told(before, changes);
    for (const message of changes.messages) this.call(before, message);
    if (changes.gone.includes(this.open)) this.leave();
  }

  private call(before: Held, message: MessageView): void {
    const room = this.room(message.room);
    const isNew = message.seq === message.n && !before.messages.get(message.room)?.some((one) => one.id === message.id);
    if (!room || !isNew || message.by === session.id) return;
    if (this.looksAt(room.id)) return notices.announce(`${message.by_name}: ${message.text}`);
    this.mark(room.id);
    if (room.kind === "pair" || room.kind === "talk") calls.wrote(room.id, message);
  }

  /** Conversations changed: talks begin to be mine, or are no more. */
  rows(upsert: readonly Row[], remove: readonly string[]): void {
    this.held = without(this.held, upsert, remove, session.id);
    const missing = upsert.some((row) => asksOrMine(row, session.id) && !this.room(talkOf(row.id)));
    if (missing && this.held.at) void this.load();
    if (this.open.startsWith("talk:") && !this.room(this.open)) this.leave();
  }

  clear(): void {
    this.held = NOTHING;
    this.fresh = new Set();
    this.drafts.clear();
    this.open = "";
  }

  // ---- what is shown ----

  room(id: string): RoomView | undefined {
    return this.held.rooms.find((one) => one.id === id);
  }

  /** What a room is called: everybody's by a word, a pair's by the other one. */
  nameOf(room: RoomView): string {
    if (room.kind === "all") return t("colleagues.all");
    if (room.kind !== "pair") return room.name;
    const other = room.members.find((one) => one !== session.id) ?? "";
    return desk.person(other)?.name ?? other;
  }

  /** Open the page of colleagues at a room. */
  visit(room: string): void {
    navigation.go("colleagues");
    this.open = room;
  }

  leave(): void {
    this.open = "";
  }

  /** A room is before me, until the function that this returns is called. */
  show(room: string): () => void {
    this.shown.set(room, (this.shown.get(room) ?? 0) + 1);
    this.unmark(room);
    void this.messages(room);
    return () => {
      const left = (this.shown.get(room) ?? 1) - 1;
      if (left) this.shown.set(room, left);
      else this.shown.delete(room);
    };
  }

  private looksAt(room: string): boolean {
    return this.shown.has(room) && document.hasFocus();
  }

  private mark(room: string): void {
    if (!this.shown.has(room)) this.fresh = new Set([...this.fresh, room]);
  }

  private unmark(room: string): void {
    calls.heedRoom(room);
    if (this.fresh.has(room)) this.fresh = new Set([...this.fresh].filter((one) => one !== room));
  }

  async messages(room: string, before = 0): Promise<void> {
    try {
      this.held = opened(this.held, await api.roomMessages(room, before));
      this.problem = "";
    } catch (error) {
      this.problem = said(error);
      if (error instanceof Refusal && error.status === 404 && room === this.open) this.leave();
    }
  }

  // ---- what I do ----

  draft(room: string): string {
    return this.drafts.get(room)?.text ?? "";
  }

  /** What is being written. Other words are another message, with a key of their own. */
  write(room: string, text: string): void {
    this.drafts.set(room, { text, key: freshKey() });
  }

  /** Send what was written; true once the desk has it. */
  async say(room: string): Promise<boolean> {
    const draft = this.drafts.get(room);
    if (!draft?.text.trim()) return false;
    return this.tried(async () => {
      const sent = await api.sayInRoom(room, draft.text.trim(), draft.key);
      if (this.drafts.get(room) === draft) this.drafts.delete(room);
      this.put(sent);
    });
  }

  edit(message: MessageView, text: string): Promise<boolean> {
    return this.tried(async () => this.put(await api.editInRoom(message.room, message.id, text)));
  }

  remove(message: MessageView): Promise<boolean> {
    return this.tried(async () => this.put(await api.deleteInRoom(message.room, message.id)));
  }

  private put(message: MessageView): void {
    this.held = told(this.held, { at: 0, messages: [message], rooms: [], gone: [] });
  }

  /** Open the room of me and a colleague. */
  async pair(librarian: string): Promise<void> {
    await this.tried(async () => this.enter(await api.pairRoom(librarian)));
  }

  make(name: string, members: string[]): Promise<boolean> {
    return this.tried(async () => this.enter(await api.makeRoom({ name, members })));
  }

  change(room: string, asked: { add?: string[]; remove?: string[] }): Promise<boolean> {
    return this.tried(async () => {
      const found = await api.roomMembers(room, asked);
      const gone = found.members.includes(session.id) ? [] : [room];
      this.held = told(this.held, { at: 0, messages: [], rooms: gone.length ? [] : [found], gone });
      if (gone.length) this.leave();
    });
  }

  private enter(room: RoomView): void {
    this.held = told(this.held, { at: 0, messages: [], rooms: [room], gone: [] });
    this.visit(room.id);
  }

  private async tried(done: () => Promise<void>): Promise<boolean> {
    try {
      await done();
      return true;
    } catch (error) {
      const words = error instanceof Refusal ? reasonOf(error) : error instanceof Offline ? t("colleagues.notSent") : said(error);
      notices.tell(words, "bad");
      return false;
    }
  }
}

export const colleagues = new Colleagues();
