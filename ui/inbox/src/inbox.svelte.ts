// What the page knows and does: who I am, which lists there are, what is open, what waits, and the verbs of the desk.
//
// The rule: everything comes in through `start` (fetched once) and `hear` (told since); everything goes out through the outbox.
// Components read the state and call verbs; the ordering, resuming and merging stand in the plain modules beside this one.
import { api, freshKey, isActed, onSignedOut, Offline, Refusal, ROOT, type Answer } from "./api";
import { Board, needsMe } from "./board";
import { Drafts, pastedFrom, type Copy } from "./drafts";
import * as keys from "./keys";
import { Line, type LineState } from "./live";
import * as mine from "./mine";
import * as notify from "./notify";
import { patched, Told as OrganisationHeard } from "./organisation";
import { Outbox, type Entry } from "./outbox";
import { Overtaken, type Told } from "./overtaken";
import { letGo } from "./parts/search.svelte";
import type * as s from "./schema";
import { Talk } from "./talk.svelte";
import { named, t, type Key } from "./words";

export const VIEWS = ["waiting", "mine", "open", "aside"] as const;
export type Page = (typeof VIEWS)[number] | "follow-ups" | "search" | "desk" | "reports" | "settings";
export type Dialog =
  | "" | "close" | "transfer" | "palette" | "help" | "identify" | "block" | "merge" | "recode" | "presence" | "outbox" | "forget" | "audit";
const PAGES: readonly string[] = [...VIEWS, "follow-ups", "search", "desk", "reports", "settings"];
const NO_DESK: s.Desk = { waiting: 0, mine: 0, open: 0, aside: 0, follow_ups: 0, oldest_since: 0, channels_down: [] };
const KEPT_TALKS = 24;
const KEYS_HELD_MS = 1000;
const TAKES_OVER_MS = [0, 300, 700]; // how long another window of mine may take until its new session is here
const ROWS_COME_MS = 1000; // after the line is back, what changed meanwhile is told at once

/** Whom a deed is about: a row, or as much of one as is known. */
type About = Pick<s.Row, "id" | "patron">;

export interface Toast {
  id: number;
  text: string;
  kind: "done" | "bad" | "call";
  does: readonly { word: Key; key: string; run: () => void }[];
}

/** A deed that can be taken back, from its beginning on. */
interface Undo {
  text: string;
  deed: Promise<boolean>; // whether the desk did it
  run: () => void;
}

/** There is room for a third pane beside the conversation. */
const ROOMY = matchMedia("(min-width: 70rem)");
const roomy = () => ROOMY.matches;
/** There is room for one pane. */
const NARROW = matchMedia("(max-width: 50rem)");
const wished = () => roomy() && localStorage.getItem("deskbridge.context") !== "off";
const isView = (page: Page): page is (typeof VIEWS)[number] => (VIEWS as readonly string[]).includes(page);

export class Inbox {
  phase = $state<"loading" | "signed-out" | "password" | "ready" | "failed">("loading");
  me = $state.raw<s.Me | null>(null);
  counts = $state.raw<s.Desk>(NO_DESK);
  organisation = $state.raw<s.Organisation | null>(null);
  followUps = $state.raw<readonly s.FollowUp[]>([]);
  line = $state<LineState>("connecting");
  down = $state("");
  barred = $state(""); // why the desk lets me see nothing, though I am signed in
  back = $state(false); // the line came back a moment ago
  page = $state<Page>("waiting");
  marked = $state(""); // the row the keyboard stands on
  openId = $state("");
  talk = $state.raw<Talk | null>(null);
  context = $state(wished());
  narrow = $state(NARROW.matches);
  dialog = $state<Dialog>("");
  entries = $state.raw<readonly Entry[]>([]);
  toasts = $state.raw<readonly Toast[]>([]);
  now = $state(Date.now());
  bindings = $state.raw(keys.load(localStorage));
  wishes = $state.raw(notify.load(localStorage));
  spoken = $state(""); // what a screen reader is told
  busy = $state.raw<ReadonlySet<string>>(new Set());
  composing = $state(0); // grows when the composer should take the focus
  entering = $state(""); // the conversation that I am taking: the desk has not answered yet
  awaited = ""; // the conversation whose composer takes the focus as soon as it is there
  searching = $state(0); // grows when the search field should
  drafted = $state(0); // grows when drafts changed from outside the composer
  more = $state.raw<Record<s.View, string>>({ waiting: "", mine: "", open: "", closed: "", aside: "" });

  private readonly window = freshKey(); // by which the desk tells this window of mine from another
  private keysHeld = 0;
  private absent = true; // what was mine before may not be any more
  private version = $state(0);
  private whose = ""; // whose texts and lists this page holds
  private readonly board = new Board();
  private readonly talks = new Map<string, Talk>();
  private readonly followUpsTold = new Overtaken();
  private readonly freshened = { asked: 0, held: 0 };
  private readonly organisationHeard = new OrganisationHeard();
  private readonly bell = new notify.Bell((conversation) => this.open(conversation));
  private outbox: Outbox | null = null;
  private copies: Copy[] = [];
  private readonly calling = new Map<string, number>(); // conversations in which a note names me, and the toast that says so
  private readonly called = new Set<string>(); // the notes that called me
  private readonly withdrawn = new Set<string>(); // transfers that I am taking back
  private undos: Undo[] = [];
  private toastCount = 0;
  readonly drafts = new Drafts(
    (conversation, text, note, base) => api.draft(conversation, { text, note, base, window: this.window }),
    () => (this.drafted += 1),
  );
  readonly live = new Line(
    { message: (message) => this.hear(message), state: (state) => this.lineIs(state) },
    {
      socket: (after) => {
        const scheme = location.protocol === "https:" ? "wss" : "ws";
        return new WebSocket(`${scheme}://${location.host}${ROOT}/live?after=${encodeURIComponent(after)}`);
      },
      poll: (after, connection, said, signal) => api.poll(after, connection, said, signal),
    },
  );

  // ---- coming and going ----------------------------------------------------------------------------------------------

  async begin(): Promise<void> {
    onSignedOut(() => this.signedOut());
    addEventListener("hashchange", () => this.follow());
    ROOMY.addEventListener("change", () => (this.context = wished())); // turned, or zoomed: it would lie over the conversation
    NARROW.addEventListener("change", () => (this.narrow = NARROW.matches));
    addEventListener("focus", () => this.heed(this.openId));
    addEventListener("online", () => this.nudge());
    addEventListener("offline", () => this.live.cutOff());
    addEventListener("pagehide", () => this.drafts.keepBoth());
    addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.nudge();
      else void this.drafts.flush();
    });
    setInterval(() => this.tick(), 1000);
    try {
      this.welcome(await api.me());
    } catch (error) {
      this.phase = error instanceof Offline ? "failed" : "signed-out";
    }
  }

  welcome(me: s.Me): void {
    if (this.whose && this.whose !== me.id) return this.startOver(); // what the page still holds is not for this one to see
    this.whose = me.id;
    this.me = me;
    this.barred = "";
    this.phase = me.must_change_password ? "password" : "loading";
    if (!me.must_change_password) void this.start();
  }

  async start(): Promise<void> {
    const me = this.me;
    if (!me) return;
    this.outbox ??= new Outbox((entry) => this.ask(entry), sessionStorage, `deskbridge.outbox.${me.id}`, (entries) => {
      this.entries = entries;
    });
    try {
      await this.load();
    } catch (error) {
      if (error instanceof Refusal && error.status === 403) this.barred = this.reason(error);
      if (this.barred || (this.phase === "loading" && error instanceof Offline)) this.phase = "failed";
      if (this.phase === "ready") setTimeout(() => void this.start(), 2000);
      return;
    }
    this.phase = "ready";
    this.follow();
    this.outbox.flush();
    void this.aside();
  }

  /** Fetch the lists and go live after the oldest of the positions they were fetched at. */
  private async load(): Promise<void> {
    this.live.stop();
    const first = await api.rows("waiting");
    const rest = await Promise.all([api.rows("mine"), api.rows("open")]);
    const pages = [first, ...rest];
    if (this.phase === "ready") this.callForAll(pages.flatMap((page) => page.rows));
    this.board.clear();
    for (const id of this.talks.keys()) if (id !== this.talk?.id) this.talks.delete(id); // what they missed was not told
    for (const page of pages) {
      this.board.upsert(page.rows);
      this.more = { ...this.more, [page.view]: page.next };
    }
    this.version += 1;
    this.hush();
    this.live.start(first.position);
    if (this.talk) this.again(this.talk);
  }

  /** What is needed a moment later. */
  private async aside(): Promise<void> {
    const asked = this.drafts.asking();
    this.followUpsTold.toldAll(); // asked for before: not needed any more
    const told = this.followUpsTold.asking();
    const [drafts, followUps] = await Promise.allSettled([api.drafts(), api.followUps(), this.freshen()]);
    this.followUpsTold.answered(told);
    void this.fetchAside();
    if (drafts.status === "fulfilled") this.drafts.learn(drafts.value.drafts, asked);
    if (followUps.status === "fulfilled" && !told.all) {
      const fetched = followUps.value.follow_ups.filter((one) => !told.has(one.id));
      this.followUps = [...this.followUps.filter((one) => told.has(one.id)), ...fetched];
    }
    this.drafted += 1;
  }

  /** Fetch what is set aside; the line tells what changes there. */
  private async fetchAside(): Promise<void> {
    this.more = { ...this.more, aside: "" };
    await this.fetchPage("aside", "");
  }

  /** Another session has taken the place of this one, which was ended. */
  renew(me: s.Me): void {
    this.me = me;
    void this.start();
  }

  /** The session of the live line has ended; another window of mine may have opened the one that goes on. */
  private async ended(): Promise<void> {
    for (const pause of TAKES_OVER_MS) {
      await new Promise((done) => setTimeout(done, pause));
      try {
        const me = await api.stillMe();
        return me.id === this.me?.id && !me.must_change_password ? this.renew(me) : this.welcome(me);
      } catch {
        // The other window may not have its answer yet, with which the new session comes.
      }
    }
    this.signedOut();
  }

  /** Fetch who is here and what waits where; those counts are not told one by one. */
  async freshen(): Promise<void> {
    const asked = (this.freshened.asked += 1);
    try {
      const organisation = await api.organisation();
      if (asked < this.freshened.held) return; // one that was asked for later is here already
      this.freshened.held = asked;
      this.organisation = this.organisationHeard.onto(organisation);
    } catch {
      // What is held stays; the line tells what changes.
    }
  }

  /** Take in who came and went and how the channels are; nothing is fetched for it. */
  private organisationTold(message: s.OrganisationTold): void {
    this.organisationHeard.add(message);
    if (this.organisation) this.organisation = patched(this.organisation, message);
  }

  async signOut(): Promise<void> {
    await this.drafts.flush();
    try {
      await api.logout();
    } catch (error) {
      if (error instanceof Offline) return this.tell(t("live.lost"), "bad");
    }
    this.startOver();
  }

  /** Forget everything: the next who signs in here is somebody else. */
  private startOver(): void {
    this.signedOut();
    history.replaceState(null, "", location.pathname);
    location.reload();
  }

  private signedOut(): void {
    this.live.stop();
    this.phase = "signed-out";
    this.me = null;
    this.outbox = null;
    this.talk = null;
    this.talks.clear();
    for (const conversation of [...this.calling.keys()]) this.heed(conversation);
    this.board.clear();
    this.version += 1;
    document.title = t("app.name");
  }

  private nudge(): void {
    this.live.nudge();
    this.outbox?.flush();
  }

  private tick(): void {
    this.now = Date.now();
    this.talk?.fade(this.now);
    if (this.me && this.phase === "ready" && !this.absent) mine.keep(sessionStorage, this.me.id, this.rows("mine"));
    const calling = this.counts.waiting + this.rows("mine").filter((row) => row.unread > 0).length + this.calling.size;
    const title = this.phase === "ready" && calling ? `(${calling}) ${t("app.name")}` : t("app.name");
    if (document.title !== title) document.title = title;
  }

  // ---- what is told --------------------------------------------------------------------------------------------------

  private lineIs(state: LineState): void {
    const was = this.line;
    this.line = state;
    if (state === "lost") this.absent = true;
    if ((state === "live" || state === "polling") && was === "lost") {
      this.back = true;
      this.announce(t("live.back"));
      setTimeout(() => (this.back = false), 4000);
      this.attend();
      this.outbox?.flush();
      void this.drafts.flush();
    }
    if (state === "lost" && was !== "lost" && was !== "connecting") this.announce(t("live.lost"));
  }

  private hear(message: s.ServerMessage): void {
    switch (message.t) {
      case "hello":
        this.me = message.me;
        this.counts = message.desk;
        this.down = "";
        setTimeout(() => this.returned(), ROWS_COME_MS);
        return;
      case "reset":
        void this.start();
        return;
      case "rows":
        return this.rowsTold(message);
      case "lines":
        return this.linesTold(message);
      case "signal":
        if (this.me) this.talks.get(message.conversation)?.sign(message, this.me.id);
        return;
      case "mention":
        return this.mentioned(message);
      case "me":
        this.me = message.me;
        return;
      case "desk":
        this.counts = message.desk;
        if (this.page === "desk" || this.dialog === "transfer" || this.dialog === "presence") void this.freshen();
        return;
      case "followups": {
        const gone = new Set([...message.remove, ...message.upsert.map((one) => one.id)]);
        this.followUpsTold.told([...gone]);
        this.followUps = [...this.followUps.filter((one) => !gone.has(one.id)), ...message.upsert];
        return;
      }
      case "organisation":
        this.organisationTold(message);
        return;
      case "down":
        this.down = message.detail || named("down", message.reason, t("down.store"));
        return;
      case "up":
        this.down = "";
        this.outbox?.flush();
        return;
      case "signed-out":
        void this.ended();
        return;
      case "ping":
        return;
    }
  }

  /** After an absence, say which conversations I had are not mine any more. */
  private returned(): void {
    if (!this.absent || !this.me || this.phase !== "ready" || this.line === "lost") return;
    this.absent = false;
    const had = mine.recall(sessionStorage, this.me.id).filter((id) => !this.entries.some((one) => one.conversation === id && mine.GIVES_AWAY.has(one.verb)));
    const { queued, taken } = mine.lost(had.map((id) => this.board.get(id)), this.me.id);
    const words = [
      queued.length ? t("absence.queued", { names: queued.map((row) => row.patron).join(", "), n: queued.length }) : "",
      ...taken.map((row) => t("absence.taken", { patron: row.patron, owner: row.owner_name })),
    ].filter(Boolean);
    if (words.length) this.tell(`${t("absence.title")} ${words.join(" ")}`, "call", [{ word: "absence.show", key: "", run: () => this.go("waiting") }]);
  }

  private rowsTold({ upsert, remove }: s.RowsTold): void {
    this.board.told([...upsert.map((row) => row.id), ...remove]);
    this.listed(upsert, remove);
    if (upsert.some((row) => row.id === this.openId)) this.attend();
  }

  private listed(upsert: readonly s.Row[], remove: readonly string[]): void {
    this.callForAll(upsert);
    this.board.upsert(upsert);
    this.board.remove(remove);
    this.lose(remove);
    this.version += 1;
    for (const row of upsert) this.talks.get(row.id)?.row(row);
    this.hush();
    this.readOpen();
  }

  /** What is not mine to see any more does not stay in the page, either. */
  private lose(ids: readonly string[]): void {
    if (ids.length) letGo(ids);
    for (const id of ids) {
      this.heed(id);
      if (this.talk?.id !== id) this.talks.delete(id);
    }
    if (this.talk && ids.includes(this.talk.id)) this.again(this.talk);
  }

  private again(talk: Talk): void {
    talk.doubt();
    void this.refresh(talk);
  }

  private linesTold({ conversation, lines }: s.LinesTold): void {
    const talk = this.talks.get(conversation);
    if (!talk) return;
    const news = talk.hear(lines);
    this.confirm(talk);
    if (conversation !== this.openId) return;
    for (const line of news) if (line.who === "patron") this.announce(`${line.author || talk.view?.row.patron || ""}: ${line.text}`);
    this.readOpen();
  }

  /** Call for what is new in rows, once each, beside what the board still holds. */
  private callForAll(rows: readonly s.Row[]): void {
    for (const row of new Map(rows.map((one) => [one.id, one])).values()) {
      const before = this.board.get(row.id);
      this.call(row, notify.newsOf(before, row));
      if (notify.cameBack(before, row, this.me?.id ?? "") && !this.withdrawn.has(row.id)) this.declined(row);
    }
  }

  /** Nobody took what I offered: I am told wherever I am. */
  private declined(row: s.Row): void {
    const title = t("notify.declined", { patron: row.patron });
    this.ring({ conversation: row.id, kind: "transfer", title, body: row.last_text });
    this.toast(title, "bad", [{ word: "notify.open", key: "", run: () => this.open(row.id) }]);
  }

  /** Withdraw what nobody needs to hear of any more. */
  private hush(): void {
    for (const [id, kind] of this.bell.calls()) if (notify.isOver(this.board.get(id), kind)) this.bell.withdraw(id);
  }

  private call(row: s.Row, kind: notify.Kind | null): void {
    if (!kind || this.isBefore(row.id)) return;
    const title = t(`notify.${kind}`, { patron: row.patron, library: row.library_name });
    if (this.ring({ conversation: row.id, kind, title, body: row.last_text }) && kind !== "message") this.announce(title);
  }

  /** Ring as is wished; false in quiet hours. */
  private ring(call: notify.Call): boolean {
    if (notify.isQuiet(this.wishes, notify.timeOfDay(new Date()))) return false;
    const { desktop, sound } = this.wishes;
    this.bell.ring({ ...call, body: call.body.slice(0, 140) }, desktop[call.kind], sound[call.kind]);
    return true;
  }

  /** The conversation is open and the librarian looks at this page. */
  private isBefore(conversation: string): boolean {
    return conversation === this.openId && document.hasFocus();
  }

  /** A note names me. What is told again calls only once; the toast stays until it is heeded, as no list shows the note. */
  private mentioned({ conversation, line, text, by_name: by, patron, library_name: library, can_join, waited }: s.MentionTold): void {
    if (this.called.has(line)) return;
    this.called.add(line);
    const title = t("notify.mention", { by, patron, library });
    if (this.isBefore(conversation)) return this.announce(title);
    this.heed(conversation);
    if (!waited) this.ring({ conversation, kind: "mention", title, body: text });
    const open = () => this.open(conversation);
    const join = () => { open(); void this.join({ id: conversation, patron }); };
    const does: Toast["does"] = [{ word: "notify.open", key: "", run: open }, ...(can_join ? [{ word: "action.join", key: "", run: join } as const] : [])];
    this.calling.set(conversation, this.toast(title, "call", does));
  }

  /** The librarian looks at a conversation, or may not any more: what called him there is over. */
  private heed(conversation: string): void {
    const toast = this.calling.get(conversation);
    if (toast !== undefined) this.dismiss(toast);
  }

  // ---- lists ---------------------------------------------------------------------------------------------------------

  rows(view: s.View): s.Row[] {
    void this.version;
    return this.board.view(view);
  }

  row(id: string): s.Row | undefined {
    void this.version;
    return this.board.get(id) ?? this.talks.get(id)?.view?.row;
  }

  get list(): s.Row[] {
    return isView(this.page) ? this.rows(this.page) : [];
  }

  get current(): s.Row | undefined {
    return this.openId ? (this.row(this.openId) ?? this.talk?.view?.row) : undefined;
  }

  get isMine(): boolean {
    return this.current?.state === "active" && this.current.owner === this.me?.id;
  }

  /** I have it, or joined who has it, or am about to: what I write waits for the desk's answer. */
  get mayAnswer(): boolean {
    return this.isMine || this.current?.joined === true || (this.openId !== "" && this.entering === this.openId);
  }

  count(page: Page): number {
    if (page === "follow-ups") return this.followUps.filter((one) => one.state !== "closed").length || this.counts.follow_ups;
    return isView(page) ? this.counts[page] : 0;
  }

  async fetchMore(view: s.View): Promise<void> {
    const cursor = this.more[view];
    if (!cursor) return;
    this.more = { ...this.more, [view]: "" };
    await this.fetchPage(view, cursor);
  }

  private async fetchPage(view: s.View, cursor: string): Promise<void> {
    const told = this.board.asking();
    try {
      const page = await api.rows(view, cursor);
      if (told.all) return; // the list began anew
      this.board.upsert(page.rows.filter((row) => !this.board.get(row.id) && !told.has(row.id)));
      this.more = { ...this.more, [view]: page.next };
      this.version += 1;
    } catch {
      if (!told.all) this.more = { ...this.more, [view]: cursor };
    } finally {
      this.board.answered(told);
    }
  }

  // ---- moving about --------------------------------------------------------------------------------------------------

  go(page: Page, conversation = ""): void {
    const hash = `#/${page}${conversation ? `/${encodeURIComponent(conversation)}` : ""}`;
    if (location.hash !== hash) location.hash = hash;
    this.follow(); // at once, so that what is typed next lands where it was meant
  }

  open(conversation: string): void {
    this.go(isView(this.page) || this.page === "search" || this.page === "follow-ups" ? this.page : "mine", conversation);
  }

  back_(): void {
    this.go(this.page);
  }

  private follow(): void {
    if (this.phase !== "ready") return;
    const [, wanted = "", conversation = ""] = location.hash.split("/");
    const page = PAGES.includes(wanted) ? (wanted as Page) : "waiting";
    if (page !== this.page) this.marked = ""; // another list is read from its beginning
    this.page = page;
    this.show(decodeURIComponent(conversation));
    this.heed(this.openId);
  }

  private show(conversation: string): void {
    if (conversation === this.openId && this.talk?.id === conversation) return;
    if (this.openId) this.live.unwatch(this.openId);
    this.openId = conversation;
    if (conversation !== this.entering) this.freeKeys();
    if (!conversation) {
      this.talk = null;
      return;
    }
    this.marked = conversation;
    this.talk = this.kept(conversation);
    void this.refresh(this.talk);
    this.prefetch();
  }

  private kept(conversation: string): Talk {
    const talk = this.talks.get(conversation) ?? new Talk(conversation);
    this.talks.delete(conversation); // to the end: the least used leave first
    this.talks.set(conversation, talk);
    for (const id of this.talks.keys()) if (this.talks.size > KEPT_TALKS && id !== this.openId) this.talks.delete(id);
    return talk;
  }

  /** See that what is new in the open conversation is told: it may not have been there to fetch, or to see, when it was asked for. */
  attend(): void {
    if (this.talk && !this.talk.isAsked && !this.live.hears(this.talk.id)) void this.refresh(this.talk);
  }

  private async refresh(talk: Talk): Promise<void> {
    const [told, asked] = [this.board.asking(), this.drafts.asking()];
    const seen = talk.view?.row.patron ?? "";
    const fetched = await talk.fetch();
    this.board.answered(told);
    if (talk.problem === "gone") this.quit(talk, seen);
    if (!fetched || !talk.view) return;
    const newer = told.has(talk.id);
    const listed = this.board.get(talk.id);
    if (newer && listed) talk.row(listed);
    const { draft, row, position, lines } = talk.view;
    if (!lines.length) letGo([talk.id]); // it was forgotten
    this.drafts.settle(talk.id, draft, asked);
    this.drafted += 1;
    this.confirm(talk);
    if (talk.id !== this.openId) return;
    this.live.watch(talk.id, position);
    if (row.views.length && !newer) {
      this.board.upsert([row]);
      this.version += 1;
    }
    this.readOpen();
  }

  /** Leave a conversation that I may not see any more, and say so; one that I never saw says so in its place. */
  private quit(talk: Talk, seen: string): void {
    this.live.unwatch(talk.id);
    if (talk.id !== this.openId || !seen || talk.view) return;
    this.dialog = "";
    this.holdKeys();
    const held = this.keysHeld;
    this.back_();
    this.keysHeld = held;
    this.tell(t("conversation.left", { patron: seen }), "bad");
  }

  /** Fetch what j and k lead to next, so that it is there at the key's press. */
  private prefetch(): void {
    const list = this.list;
    const at = list.findIndex((row) => row.id === this.openId);
    for (const row of [list[at + 1], list[at - 1]]) {
      if (at < 0 || !row || this.talks.get(row.id)?.view) continue;
      const talk = this.kept(row.id);
      setTimeout(() => { if (talk.id !== this.openId) void talk.fetch(); }, 60);
    }
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

  /** The next that needs me: where a note names me, offered, then unread of mine, then waiting. */
  nextCalling(): void {
    const named = this.calling.keys().next().value;
    if (named) return this.open(named);
    const calling = [
      ...[...this.rows("waiting"), ...this.rows("mine")].filter(needsMe),
      ...this.rows("mine").filter((row) => row.unanswered_since || row.unread),
      ...this.rows("waiting"),
    ].filter((row) => row.id !== this.openId);
    const next = calling[0];
    if (next) {
      this.go(next.views.includes("mine") ? "mine" : "waiting", next.id);
    } else this.tell(t("list.nothingCalls"));
  }

  toggleContext(): void {
    this.context = !this.context;
    if (roomy()) localStorage.setItem("deskbridge.context", this.context ? "on" : "off");
  }

  // ---- verbs ---------------------------------------------------------------------------------------------------------

  private ask(entry: Entry): Promise<Answer> {
    if (entry.verb === "presence") return api.presence(entry.body as s.PresenceAsked, entry.key);
    const followUp = /^follow-up:(.*)$/.exec(entry.verb);
    if (followUp) return api.setFollowUp(followUp[1] ?? "", entry.body as s.FollowUpAsked, entry.key);
    return api.act(entry.conversation, entry.verb, entry.body, entry.key);
  }

  /** Do it; true when the desk did, false when it refused (and the librarian was told). Waits while there is no connection. */
  private async act(conversation: string, verb: string, body: unknown, text = "", files: readonly string[] = []): Promise<boolean> {
    const outbox = this.outbox;
    if (!outbox) return false;
    const mark = `${verb} ${conversation}`;
    this.busy = new Set([...this.busy, mark]);
    const told = this.board.asking();
    try {
      const answer = await outbox.add(conversation, verb, body, text, files);
      if (isActed(answer)) this.learn(answer, told);
      return answer !== undefined;
    } catch (error) {
      this.refuse(error);
      return false;
    } finally {
      this.board.answered(told);
      this.busy = new Set([...this.busy].filter((one) => one !== mark));
    }
  }

  private learn({ row, line, conversation }: s.Acted, told: Told): void {
    if (row && !told.has(row.id)) {
      this.listed(row.views.length ? [row] : [], row.views.length ? [] : [row.id]);
      this.talks.get(row.id)?.row(row);
    }
    const talk = this.talks.get(conversation);
    if (line && talk) {
      talk.hear([line]);
      this.confirm(talk);
    }
  }

  private refuse(error: unknown): void {
    const words = error instanceof Refusal ? this.reason(error) : t("refused.unknown");
    this.tell(words, "bad");
  }

  reason(error: Refusal): string {
    return named("refused", error.reason, error.message || t("refused.unknown"), { holder: error.holder || t("person.colleague") });
  }

  private confirm(talk: Talk): void {
    const still = new Set(talk.waiting(this.entries, this.me?.id ?? "").map((entry) => entry.key));
    const spoken = (entry: Entry) => entry.verb === "messages" || entry.verb === "notes";
    const gone = this.entries.filter((entry) => entry.conversation === talk.id && spoken(entry) && !still.has(entry.key));
    this.outbox?.confirmed(gone.filter((entry) => entry.state !== "sending").map((entry) => entry.key));
  }

  isBusy(verb: string, conversation = this.openId): boolean {
    return this.busy.has(`${verb} ${conversation}`);
  }

  async claim(row: s.Row): Promise<void> {
    const verb = needsMe(row) ? "accept" : "claim";
    const claimed = this.act(row.id, verb, {});
    await this.enter(row.id, this.undoable(t("done.claimed", { patron: row.patron }), claimed, () => void this.release(row.id)));
  }

  async join(to: About): Promise<void> {
    const joined = this.act(to.id, "join", {});
    await this.enter(to.id, this.undoable(t("done.joined", { patron: to.patron }), joined, () => void this.leave(to)));
  }

  /** Go at once where I am about to answer: what is typed next is meant for the composer. Where the desk refuses, go back; what was
   * typed meanwhile is shown and kept. */
  private async enter(conversation: string, deed: Promise<boolean>): Promise<void> {
    const from = location.hash;
    this.entering = this.awaited = conversation;
    this.holdKeys();
    this.go("mine", conversation);
    this.composing += 1;
    const here = location.hash;
    const stands = await deed;
    if (this.entering === conversation) this.entering = "";
    if (this.awaited === conversation) this.awaited = "";
    if (stands || location.hash !== here) return; // nobody is carried off from where they went meanwhile
    if (keys.isText(document.activeElement)) this.holdKeys();
    if (here === from || this.drafts.has(conversation)) return;
    const held = this.keysHeld;
    location.hash = from;
    this.follow();
    this.keysHeld = held;
  }

  /** Let single keys mean nothing for a moment: who types an answer has not seen yet that it goes nowhere. */
  private holdKeys(): void {
    this.keysHeld = Date.now() + KEYS_HELD_MS;
  }

  freeKeys(): void {
    this.keysHeld = 0;
  }

  get holdsKeys(): boolean {
    return Date.now() < this.keysHeld;
  }

  async leave(from: About): Promise<void> {
    await this.undoable(t("done.left", { patron: from.patron }), this.act(from.id, "leave", {}), () => void this.join(from));
  }

  async reject(row: s.Row): Promise<void> {
    if (await this.act(row.id, "reject", {})) this.tell(t("done.rejected", { patron: row.patron }));
  }

  async release(conversation: string): Promise<void> {
    if (await this.act(conversation, "release", {})) this.tell(t("done.released"));
  }

  async say(conversation: string, text: string, extra: Partial<s.SayAsked>, files: readonly string[]): Promise<boolean> {
    this.drafts.write(conversation, "", false);
    return this.act(conversation, "messages", { ...extra, text }, text, files);
  }

  /** Say once more what did not arrive, with its files; what is being written meanwhile stays. */
  async sayAgain(conversation: string, { id, text, via, attachments }: s.Line): Promise<boolean> {
    const asked: s.SayAsked = { text, ...(via ? { via } : {}), ...(attachments.length ? { again: id } : {}) };
    return this.act(conversation, "messages", asked, text, attachments.map((file) => file.name));
  }

  async note(conversation: string, asked: s.NoteAsked): Promise<boolean> {
    this.drafts.write(conversation, "", true);
    return this.act(conversation, "notes", asked, asked.text);
  }

  async transfer(row: s.Row, asked: s.TransferAsked, to: string): Promise<boolean> {
    const offered = this.act(row.id, "transfer", asked);
    await this.undoable(t("done.transferred", { to }), offered, () => void this.withdraw(row.id, to));
    return offered;
  }

  /** Take a transfer of mine back, and say what that did: who has taken it meanwhile keeps it. */
  async withdraw(conversation: string, to = ""): Promise<void> {
    this.withdrawn.add(conversation);
    const row = this.row(conversation);
    if (row?.state === "active" && row.owner !== this.me?.id) this.tell(t("transfer.taken", { to: row.owner_name || to }), "bad");
    else if (await this.act(conversation, "release", { transfer: true })) this.tell(t("done.withdrawn"));
    this.withdrawn.delete(conversation);
  }

  /** One patron, one conversation; `into` is what I look at. */
  async merge(into: s.Row, other: s.Row): Promise<boolean> {
    const done = this.act(into.id, "merge", { other: other.id });
    await this.undoable(t("done.merged", { patron: other.patron }), done, () => void this.unmerge(into.id, other.id));
    await this.merged(into.id);
    return done;
  }

  async unmerge(conversation: string, other: string): Promise<boolean> {
    const done = await this.act(conversation, "unmerge", { other });
    if (done) this.tell(t("done.unmerged"));
    await this.merged(conversation);
    return done;
  }

  private async merged(conversation: string): Promise<void> {
    if (this.talk?.id === conversation) await this.refresh(this.talk);
  }

  async close(row: s.Row, asked: s.CloseAsked): Promise<s.Acted | null> {
    const closing = this.closing(row, "close", asked);
    const closed = closing.then((answer) => answer !== null);
    await this.undoable(t("done.closed", { patron: row.patron }), closed, () => void this.openAgain(row.id));
    return closing;
  }

  async recode(row: s.Row, asked: s.RecodeAsked): Promise<s.Acted | null> {
    const answer = await this.closing(row, "recode", asked);
    if (answer) this.tell(t("done.recoded"));
    return answer;
  }

  /** Like `act`, but a refusal is thrown: the dialog shows it where it was asked. */
  private async closing(row: s.Row, verb: string, asked: unknown): Promise<s.Acted | null> {
    const told = this.board.asking();
    try {
      const answer = await this.outbox?.add(row.id, verb, asked);
      if (!isActed(answer)) return null;
      this.learn(answer, told);
      return answer;
    } finally {
      this.board.answered(told);
    }
  }

  async reopen(conversation: string): Promise<void> {
    await this.enter(conversation, this.done(this.act(conversation, "reopen", {}), t("done.reopened")));
  }

  /** Take back that it was ended; the keys stay with whoever pressed one for it. */
  private async openAgain(conversation: string): Promise<void> {
    const from = location.hash;
    if (!(await this.done(this.act(conversation, "reopen", {}), t("done.reopened")))) return;
    if (location.hash === from) this.go("mine", conversation);
  }

  /** Say so when it is done. */
  private async done(deed: Promise<boolean>, words: string): Promise<boolean> {
    const done = await deed;
    if (done) this.tell(words);
    return done;
  }

  /** Make a conversation of what was set aside. */
  async takeIn(row: s.Row): Promise<void> {
    await this.enter(row.id, this.done(this.act(row.id, "reopen", {}), t("done.takenIn", { patron: row.patron })));
  }

  /** It is not for the desk; it may be taken in until it is forgotten. */
  async dismiss_(row: s.Row): Promise<void> {
    await this.undoable(t("done.dismissed"), this.act(row.id, "dismiss", {}), () => void this.takeIn(row));
  }

  async simple(conversation: string, verb: string, body: unknown, done: Key): Promise<boolean> {
    const ok = await this.act(conversation, verb, body);
    if (ok) this.tell(t(done));
    if (ok && this.talk?.id === conversation) void this.refresh(this.talk);
    return ok;
  }

  /** Forget at the patron's request, here as well: nothing of it stays in the page. */
  async forget(conversation: string, asked: s.ForgetAsked): Promise<s.Forgot> {
    const done = await api.forget(conversation, asked);
    if (done.forgotten.includes(this.openId)) this.back_();
    for (const id of done.forgotten) {
      this.talks.delete(id);
      this.drafts.forget(id);
    }
    this.copies = this.copies.filter((copy) => !done.forgotten.includes(copy.conversation));
    this.rowsTold({ t: "rows", position: "", upsert: [], remove: done.forgotten });
    if (done.forgotten.length) this.tell(t("done.forgotten", { n: done.forgotten.length }));
    return done;
  }

  async setFollowUp(followUp: s.FollowUp, asked: s.FollowUpAsked): Promise<void> {
    if (!(await this.act(followUp.conversation, `follow-up:${followUp.id}`, asked))) return;
    const { name = "" } = this.person(asked.owner ?? "") ?? {};
    const news = { ...followUp, ...asked, owner_name: name };
    this.followUps = this.followUps.map((one) => (one === followUp ? news : one));
    this.tell(t("done.saved"));
  }

  async present(queues: string[], live: number, slow: number): Promise<void> {
    if (queues.length) notify.askLeave(); // at once: a browser asks only while it answers a click or a key
    if (queues.length) localStorage.setItem("deskbridge.queues", JSON.stringify(queues));
    await this.act("", "presence", { queues, live, slow });
  }

  /** Present where I was last, else everywhere I may; or away. */
  async togglePresence(): Promise<void> {
    const availability = this.me?.availability;
    if (!availability) return;
    const serves = (this.organisation?.queues ?? []).filter((queue) => queue.serves).map((queue) => queue.id);
    const last = (JSON.parse(localStorage.getItem("deskbridge.queues") ?? "[]") as string[]).filter((id) => serves.includes(id));
    const queues = availability.present ? [] : last.length ? last : serves;
    if (!availability.present && !queues.length) return this.tell(t("presence.noQueues"), "bad");
    await this.present(queues, 0, 0);
  }

  /** A library's script with the names filled in that are known; the others stay for the librarian to see. */
  scripted(text: string, talk: Talk): string {
    const { row, patron } = talk.view ?? {};
    const names: Record<string, string> = { librarian: this.me?.shown || this.me?.name || "" };
    if (patron?.name) names["patron"] = patron.name;
    if (row?.library_name) names["library"] = row.library_name;
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => names[name] || whole);
  }

  person(id: string): s.Person | undefined {
    return this.organisation?.librarians.find((person) => person.id === id);
  }

  private readOpen(): void {
    const talk = this.talk;
    if (!talk?.view || !(this.isMine || this.current?.joined) || !this.current?.unread || document.visibilityState !== "visible") return;
    const last = talk.lines.findLast((line) => line.who === "patron");
    if (!last || this.lastRead.get(talk.id) === last.id) return;
    this.lastRead.set(talk.id, last.id);
    this.outbox?.add(talk.id, "read", { message: last.id }).catch(() => undefined);
  }
  private readonly lastRead = new Map<string, string>();

  retry(key: string): void {
    this.outbox?.retry(key);
  }

  discard(key: string): string {
    const entry = this.entries.find((one) => one.key === key);
    return entry && this.outbox?.discard(key) ? entry.text : "";
  }

  // ---- words to the librarian ----------------------------------------------------------------------------------------

  announce(text: string): void {
    this.spoken = this.spoken === text ? `${text}\u00a0` : text;
  }

  tell(text: string, kind: Toast["kind"] = "done", does: Toast["does"] = []): void {
    this.toast(text, kind, does);
  }

  private toast(text: string, kind: Toast["kind"], does: Toast["does"]): number {
    const id = (this.toastCount += 1);
    this.toasts = [...this.toasts.slice(-2), { id, text, kind, does }];
    this.announce(text);
    if (kind !== "call") setTimeout(() => this.dismiss(id), kind === "bad" ? 12_000 : 6000);
    return id;
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
    for (const [conversation, toast] of this.calling) {
      if (toast !== id) continue;
      this.calling.delete(conversation);
      this.bell.withdraw(conversation);
    }
  }

  /** Let a deed be taken back, also before its answer is there: what it did may be seen already. True when it is done and stands. */
  private async undoable(text: string, deed: Promise<boolean>, run: () => void): Promise<boolean> {
    const undo: Undo = { text, deed, run };
    this.undos = [...this.undos.slice(-9), undo];
    const done = await deed.catch((error: unknown) => {
      this.spend(undo);
      throw error;
    });
    const stands = done && this.undos.includes(undo);
    if (stands) this.tell(text, "done", [{ word: "undo.do", key: "Z", run: () => (this.spend(undo), run()) }]);
    else this.spend(undo);
    return stands;
  }

  private spend(undo: Undo): void {
    this.undos = this.undos.filter((one) => one !== undo);
  }

  async undo(): Promise<void> {
    const last = this.undos.at(-1);
    if (!last) return this.tell(t("undo.nothing"));
    this.spend(last);
    if (!(await last.deed.catch(() => false))) return; // the librarian was told why not
    this.toasts = this.toasts.filter((toast) => toast.text !== last.text);
    last.run();
  }

  // ---- writing -------------------------------------------------------------------------------------------------------

  write(noting: boolean): void {
    if (!this.openId) return;
    this.drafts.mode(this.openId, noting);
    this.drafted += 1;
    this.composing += 1;
  }

  copied(text: string): void {
    if (this.openId && text.trim()) this.copies = [...this.copies.slice(-19), { conversation: this.openId, text }];
  }

  /** The patron whose conversation a pasted text comes from, or "". */
  pasted(text: string): string {
    const from = pastedFrom(text, this.openId, [...this.copies, ...this.drafts.others(this.openId)]);
    const here = this.current?.patron;
    const there = from ? (this.row(from)?.patron ?? t("patron.another")) : "";
    return there && from !== this.openId && (here !== there || from) ? there : "";
  }

  bind(bindings: keys.Bindings): void {
    this.bindings = bindings;
    keys.store(localStorage, bindings);
  }

  wish(wishes: notify.Wishes): void {
    this.wishes = wishes;
    notify.store(localStorage, wishes);
  }

  async testBell(): Promise<void> {
    if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
    const [title, body] = [t("notify.testTitle"), t("notify.testBody")];
    this.bell.ring({ conversation: "test", kind: "message", title, body }, true, true);
    this.announce(t("notify.testTitle"));
  }
}

export const inbox = new Inbox();
