// The conversation as this browser holds it: its lines, the messages that are not sent yet, and the state of the desk.
//
// The rules: a message is kept, and sent again under its id, until the desk acknowledges it. Messages go one at a time, so they arrive
// in order. Lines that come twice have the same id and are shown once. Lines with a position keep the desk's order; lines that are
// pushed live follow them until they come with a position. Receipts go out for lines that arrived and for lines that were on screen.
// A rating is kept, and offered under one id, until it is acknowledged or refused; the rating that was given comes among the lines.
// So is the request for the transcript by mail; its address is forgotten with the answer.
// A chat that is forgotten is ended at the desk as well: its token opens nothing any more, here or anywhere. Times that the desk names
// are compared with the desk's clock alone, which each welcome tells.

import { forget, isOurs, keep, random, recall, renounce, type Kept } from "./keep";
import { Link, written } from "./link";
import type { EndChat, FileRef, Post, SeenLines, ServerFrame } from "./frames";
import type { Desk, Line, Offer, Settings, Unsent, Wish } from "./types";

const FINAL = new Set(["too-long", "too-large", "empty", "file", "contact", "field", "invalid", "malformed"]);
const ACK_MS = 15_000;
const SETTLED_MS = 1000;
const LATE_MS = 2_000; // what is not acknowledged by then is said to wait
const LIVELY_MS = 300_000; // after something was said or done here a dead line is noticed at once
const TYPING_MS = 2_500;
const PREVIEW = 800; // characters; the desk takes no more
const LONGEST_PAGE = 2000; // characters; the desk takes no more
const THEY_TYPE_MS = 8_000;
const DOUBTED_MS = 60_000; // a line that died is noticed within this time
const HAVE = 50; // ids that one hello names
const MARKS = 20; // of them, at most, signs that a librarian has read

/** Whether this line ended the chat. */
export const isEnd = (line?: Line): boolean => /^(goodbye|closed-silent|follow-up)/.test(line?.event ?? "");

/** Whether this line says that the transcript could not be mailed; it ends nothing and goes on with nothing. */
export const isLost = (line: Line): boolean => line.event === "transcript-failed";

export type Hint = { code: string; seconds?: number } | null;

export class Chat {
  lines: Line[] = [];
  unsent: Unsent[] = [];
  desk: Desk | null = null;
  on = true; // the link to the desk
  lost = false; // it was lost since we began
  typist = "";
  hint: Hint = null;
  readUpTo = ""; // own message that a librarian has read
  unrated = ""; // why the last rating was not taken
  mailed = ""; // where the transcript is on its way to
  unmailed = ""; // why it is not
  mailing: boolean; // the patron is asked where to, or told what became of it
  shown = true; // on screen, as the page around us knows it

  #kept: Kept;
  #link: Link;
  #said = ""; // the token that the desk was told last
  #position = "";
  #sending = "";
  #deadline = 0;
  #typed = 0;
  #later = 0; // what was typed since goes out then
  #quiet = 0;
  #told: Record<string, SeenLines["stage"]> = {};
  #marks: string[] = [];
  #receipts: (Omit<SeenLines, "t"> & { at: number })[] = []; // the last ones, which may not have arrived; `at` is Infinity until a link took it
  #page = "";
  #stirred = -LIVELY_MS; // when something was said or done here last
  #late = 0;
  #farewell = 0;
  #ending = new Set<string>(); // tokens that may not be ended at the desk yet
  #rating: { score: number; text: string; at: number } | null = null;
  #offering = 0;
  #settling = 0;
  language: string; // that the patron reads
  reading = false; // what was said before is read in: nothing of it is news to anybody
  news: (lines: Line[]) => void = () => undefined;
  chime: () => void = () => undefined;
  sounds = false; // the patron turned sound on
  taken: (held: Unsent) => void = () => undefined; // the desk has acknowledged a message
  emptied: () => void = () => undefined; // the half-written message and the form are emptied too
  changed: () => void = () => undefined;

  #settings: Settings;
  #base: string;

  constructor(settings: Settings, base: string, language: string) {
    this.#settings = settings;
    this.#base = base;
    this.language = language;
    const [kept, old] = recall(settings);
    this.#kept = kept;
    this.unsent = this.#kept.unsent;
    this.reading = !!this.#kept.token;
    this.mailing = !!this.wish;
    this.#link = new Link(base, {
      hello: () => this.#hello(),
      hear: (frame) => this.#hear(frame),
      state: (on, sure) => this.#stand(on, sure),
      lively: () => this.shown && !document.hidden && performance.now() - this.#stirred < LIVELY_MS,
    });
    this.#end(old);
    document.addEventListener("visibilitychange", () => this.look());
    addEventListener("storage", (event) => this.#elsewhere(event));
  }

  start(): void {
    this.#stir();
    this.#link.start();
    this.changed();
  }

  /** The page on which the patron writes from now on. */
  setPage(page: string): void {
    this.#page = page.slice(0, LONGEST_PAGE);
  }

  /** Who writes, as far as given; "" takes back what was. */
  setPatron(name?: string, contact?: string): void {
    this.#kept = { ...this.#kept, ...(name !== undefined && { name }), ...(contact !== undefined && { contact }) };
    this.changed();
  }

  get patron(): { name: string; contact: string } {
    return { name: this.#kept.name ?? "", contact: this.#kept.contact ?? "" };
  }

  /** By the desk's clock, ms. */
  get now(): number {
    return this.#link.now;
  }

  get begun(): boolean {
    return this.lines.length + this.unsent.length > 0;
  }

  /** Whether a librarian has the line at `at`: one greeted or answered after it, or before it and the chat did not end between. */
  reached(at: number): boolean {
    const came = this.lines.findLastIndex((line) => line.who === "librarian" || line.event === "greeting");
    return came > at || (!this.desk?.place && came > this.lines.slice(0, at).findLastIndex(isEnd));
  }

  // ---- what the patron does ----

  send(text: string, files: FileRef[], extra: Partial<Unsent> = {}): void {
    const seed = this.#kept.token ? undefined : (this.#kept.seed ?? random(32));
    const { name, contact } = this.patron;
    const at = Date.now();
    const message: Unsent = { id: random(12), text, at, language: this.language };
    if (files.length) message.files = files;
    if (name) message.name = name;
    if (contact) message.contact = contact;
    if (this.#page) message.page = this.#page;
    Object.assign(message, extra);
    this.#kept = keep({ ...this.#kept, at, bye: "", ...(seed && { seed }) });
    this.#stir();
    this.#hold([...this.unsent, message]);
    clearTimeout(this.#later);
    this.#typed = 0;
    this.#flush();
  }

  retry(id: string): void {
    this.#hold(this.unsent.map((held) => (held.id === id ? { ...held, failed: "" } : held)));
    this.#flush();
  }

  discard(id: string): void {
    this.#hold(this.unsent.filter((held) => held.id !== id));
  }

  /** The patron writes, or stopped; `text` goes along only where the desk says that librarians see it, and the patron is told. */
  typing(on: boolean, text = ""): void {
    if (on) this.#stir();
    clearTimeout(this.#later);
    const previews = on && this.desk?.previews;
    const wait = on ? this.#typed + TYPING_MS - Date.now() : 0;
    if (!this.#kept.token || (!on && !this.#typed)) return;
    if (wait > 0) {
      if (previews) this.#later = window.setTimeout(() => this.typing(on, text), wait);
      return;
    }
    this.#typed = on ? Date.now() : 0;
    this.#link.say({ t: "typing", on, ...(previews && { text: [...text].slice(-PREVIEW).join("") }) });
  }

  /** Who helps now, as patrons may know them: " " for one without a name, "" for nobody. */
  get helper(): string {
    const told = this.lines.findLast(
      ({ who, author, event }) => who === "librarian" || (who === "desk" && (author || /^(greeting|requeued|goodbye|closed-silent|follow-up)/.test(event ?? ""))),
    );
    const there = told && (told.who === "librarian" || told.author || told.event === "greeting");
    return there && !isEnd(told) ? told.author || " " : "";
  }

  // ---- the end, by the patron ----

  /** End the chat at the desk; false where the desk knows of none. It is told until it acknowledges that. */
  leave(): boolean {
    if (!this.#kept.token) return false;
    this.#kept = keep({ ...this.#kept, bye: random(12) });
    this.changed();
    this.#propose();
    return true;
  }

  #left(id: string, at: number): void {
    this.#kept = keep({ ...this.#kept, bye: "" });
    // The desk's own words for the end may be on their way, or the library has none.
    if (!isEnd(this.lines.findLast((line) => !isLost(line)))) {
      this.lines = [...this.lines, { id, who: "desk", text: "", at: this.#after(at), event: "goodbye" }];
    }
  }

  /** Whether this line offers a call that is not over. */
  offers(line: Line): boolean {
    return line.event === "call-offered" && line === this.lines.findLast((one) => one.event?.startsWith("call-"));
  }

  refuseCall(line: string): void {
    this.#link.say({ t: "refuse-call", line });
  }

  // ---- a rating ----

  /** Whether the patron may say now if the chat that this line ended helped. */
  asks(end: Line): boolean {
    const answered = this.lines.some((line) => line.who === "librarian");
    return answered && this.now - end.at < (this.desk?.rate_s ?? 0) * 1000;
  }

  /** What the patron said of the chat that this line ended. */
  given(end: Line): { score: number; text: string } | null {
    return this.offer ?? (this.#rating && this.#rating.at >= end.at ? this.#rating : null);
  }

  get offer(): Offer | null {
    return this.#kept.offer ?? null;
  }

  rate(score: number, text: string): void {
    this.unrated = "";
    this.#kept = keep({ ...this.#kept, offer: { id: random(12), score, text } });
    this.changed();
    this.#propose();
  }

  skip(end: Line): void {
    this.#kept = keep({ ...this.#kept, skipped: end.id });
    this.changed();
  }

  skipped(end: Line): boolean {
    return this.#kept.skipped === end.id;
  }

  /** Where an answer can be sent: "mail", "phone", "mail-phone", or "" where none can, and until the desk has said so. */
  get reach(): string {
    return this.desk ? (this.desk.answers ?? "mail-phone") : "";
  }

  // ---- the transcript by mail ----

  /** Whether the transcript can be mailed: there is a way, and a librarian has said something. */
  get mails(): boolean {
    return !!this.desk?.mails && this.lines.some((line) => line.who === "librarian");
  }

  get wish(): Wish | null {
    return this.#kept.wish ?? null;
  }

  mail(address: string): void {
    this.#kept = keep({ ...this.#kept, wish: { id: random(12), address } });
    this.unmailed = this.mailed = "";
    this.changed();
    this.#propose();
  }

  #posted(why = ""): void {
    this.mailed = (!why && this.wish?.address) || "";
    this.unmailed = why;
    this.#kept = keep({ ...this.#kept, wish: null });
  }

  // ---- what is offered until the desk answers ----

  #propose(): void {
    if (this.offer) this.#link.say({ t: "rate", ...this.offer });
    if (this.wish) this.#link.say({ t: "mail", ...this.wish });
    if (this.#kept.bye) this.#link.say({ t: "end", id: this.#kept.bye } satisfies EndChat);
    this.#proposeIn(ACK_MS);
  }

  #proposeIn(ms: number): void {
    clearTimeout(this.#offering);
    if (this.offer || this.wish || this.#kept.bye) this.#offering = window.setTimeout(() => this.#propose(), ms);
  }

  #settle(at: number, why = ""): void {
    if (this.offer && !why) this.#rating = { ...this.offer, at: this.#after(at) };
    this.unrated = why;
    this.#kept = keep({ ...this.#kept, offer: null });
  }

  /** Forget the chat on this device and end it at the desk; without a connection the desk is told as soon as there is one. */
  forget(): void {
    this.#link.stop();
    this.#end(this.#kept.token);
    this.#kept = forget();
    this.unsent = [];
    this.#clear();
    this.emptied();
    this.changed();
    this.#link.start();
  }

  /** Show nothing of a chat that is not this browser's any more. */
  #clear(): void {
    this.#rating = this.hint = null;
    this.mailing = false;
    this.lines = [];
    this.unrated = this.mailed = this.unmailed = this.#position = this.#sending = this.readUpTo = this.typist = "";
    this.#told = {};
    this.#marks = [];
    this.#receipts = [];
  }

  #end(token?: string): void {
    if (token) this.#ending.add(token);
    clearTimeout(this.#farewell);
    if (this.#ending.size) this.#farewell = window.setTimeout(() => this.#end(), ACK_MS);
    for (const one of this.#ending) void this.#link.end(one).then((done) => done && this.#ending.delete(one));
  }

  // ---- what files need (transfer.ts) ----

  /** Who begins to send a file: by token, or by the seed of a first message. */
  identify(): Kept {
    return (this.#kept = keep({ ...this.#kept, seed: this.#kept.seed ?? random(32) }));
  }

  /** Whether the chat is still theirs: it may be forgotten meanwhile, or another's by now. */
  isStill({ token, seed }: Kept): boolean {
    return token ? this.#kept.token === token : this.#kept.seed === seed;
  }

  adopt(token: string): void {
    this.#hear({ t: "token", token });
    this.#link.greet();
  }

  get headers(): Record<string, string> {
    return this.#link.headers;
  }

  at(path: string): URL {
    return new URL(path, this.#base);
  }

  // ---- what the desk says ----

  #hello() {
    this.#said = this.#kept.token ?? "";
    // Also lines with a position: the desk tells again what it delivered in the last seconds and the browser does not name, and a
    // poll that is told something ends.
    const have = [...this.lines.slice(-HAVE).map((line) => line.id), ...this.#marks].slice(-HAVE);
    return {
      ...(this.#kept.token && { token: this.#kept.token }),
      after: this.#position,
      have,
    };
  }

  #hear(frame: ServerFrame): void {
    switch (frame.t) {
      case "welcome":
        if (!this.on) this.#end();
        this.on = true;
        this.#sending = "";
        this.#settled();
        this.#resume();
        break;
      case "token":
        this.#kept = keep({ ...this.#kept, token: frame.token });
        break;
      case "lines":
        this.#merge(frame.lines, !!frame.reset, !!frame.live);
        this.#settled();
        break;
      case "ack":
        if (frame.id === this.offer?.id) this.#settle(frame.at);
        else if (frame.id === this.wish?.id) this.#posted();
        else if (frame.id === this.#kept.bye) this.#left(frame.message, frame.at);
        else this.#acked(frame.id, frame.message, frame.at);
        break;
      case "mark":
        this.readUpTo = frame.about;
        this.#marks = [...this.#marks, frame.id].slice(-MARKS);
        break;
      case "typing":
        this.#theyType(frame.on, frame.name ?? "");
        break;
      case "desk":
        this.desk = frame;
        break;
      case "error":
        this.#refused(frame.code, frame.id ?? "", frame.retry_after ?? 0);
    }
    this.changed();
  }

  /** What was said before has come once no more of it comes for a moment. */
  #settled(): void {
    clearTimeout(this.#settling);
    if (!this.reading) return;
    this.#settling = window.setTimeout(() => {
      this.reading = false;
      this.changed();
    }, SETTLED_MS);
  }

  #merge(all: Line[], reset: boolean, live: boolean): void {
    if (reset) this.#rating = null;
    const once = new Map(all.filter((line) => !this.#isRating(line, live)).map((line) => [line.id, line]));
    const lines = [...once.values()];
    const mine = new Set(lines.map((line) => line.source).filter(Boolean));
    const ids = new Set(lines.map((line) => line.id));
    const known = new Set(this.lines.map((line) => line.id));
    const rest = this.lines.filter((line) => !ids.has(line.id) && !(line.source && mine.has(line.source)));
    if (live) this.lines = [...this.lines, ...lines.filter((line) => !known.has(line.id))];
    else {
      const before = reset ? [] : rest.filter((line) => line.position);
      this.lines = [...before, ...lines, ...rest.filter((line) => !line.position)];
      this.#position = all.at(-1)?.position ?? this.#position;
    }
    const read = lines.findLast((line) => line.stage === "read");
    if (read) this.readUpTo = read.id;
    if (this.unsent.some((held) => mine.has(held.id))) this.#hold(this.unsent.filter((held) => !mine.has(held.id)));
    this.#heard(lines.filter((line) => !known.has(line.id) && line.who !== "patron"));
  }

  #isRating(line: Line, live: boolean): boolean {
    const score = line.event?.match(/^rated:(\d)$/)?.[1];
    if (score) this.#rating = { score: Number(score), text: line.text, at: live ? this.#after(line.at) : line.at };
    return !!score;
  }

  /** What happens now comes after all that was said, even if the desk's clocks differ. */
  #after(at: number): number {
    return Math.max(at, this.lines.at(-1)?.at ?? 0);
  }

  #heard(fresh: Line[]): void {
    const last = fresh.findIndex((line) => line.id === this.#kept.read);
    const unread = fresh.slice(last + 1);
    if (!unread.length) return;
    this.#stir();
    if (unread.some(isLost)) this.mailed = "";
    if (unread.some((line) => line.who === "librarian")) {
      this.typist = "";
      this.chime();
    }
    this.#tell("delivered", unread);
    this.news(unread);
    this.look();
  }

  /** Say how far lines came, each stage once. */
  #tell(stage: SeenLines["stage"], lines: Line[]): void {
    const ids = lines.map((line) => line.id).filter((id) => this.#told[id] !== stage && this.#told[id] !== "read");
    for (let n = 0; n < ids.length; n += 50) {
      const some = ids.slice(n, n + 50);
      for (const id of some) this.#told[id] = stage;
      const at = this.#link.say({ t: "receipt", ids: some, stage }) ? Date.now() : Infinity;
      this.#receipts = [...this.#receipts.slice(-HAVE), { ids: some, stage, at }];
    }
  }

  /** No answer says that a receipt arrived: on a new line the last ones are said once more, and those that no line took. */
  #tellAgain(): void {
    this.#receipts = this.#receipts.filter(({ at }) => Date.now() - at < DOUBTED_MS);
    for (const one of this.#receipts)
      if (this.#link.say({ t: "receipt", ids: one.ids, stage: one.stage })) one.at = Math.min(one.at, Date.now());
  }

  /** What is on screen counts as read. */
  look(): void {
    if (!this.shown || document.hidden) return;
    const others = this.lines.filter((line) => line.who !== "patron");
    const from = others.findIndex((line) => line.id === this.#kept.read);
    this.#tell("read", others.slice(from + 1));
    const last = others.at(-1);
    if (last && last.id !== this.#kept.read) this.#kept = keep({ ...this.#kept, read: last.id });
  }

  #acked(id: string, message: string, at: number): void {
    const held = this.unsent.find((one) => one.id === id);
    if (held && !this.lines.some((line) => line.source === id)) {
      const { text, files } = held;
      this.lines = [...this.lines, { id: message, who: "patron", text, at, source: id, ...(files && { files }) }];
    }
    this.#hold(this.unsent.filter((one) => one.id !== id));
    if (held) this.taken(held);
    this.hint = null;
    this.#sending = "";
    this.#flush();
  }

  #refused(code: string, id: string, wait: number): void {
    if (id && id === this.offer?.id) {
      if (wait) return this.#proposeIn(wait * 1000);
      this.#settle(0, code);
      if (code !== "token") return;
    }
    if (id && id === this.wish?.id) {
      if (wait) return this.#proposeIn(wait * 1000);
      this.#posted(code);
      if (code !== "token") return;
    }
    if (id && id === this.#kept.bye) {
      if (wait) return this.#proposeIn(wait * 1000);
      this.#kept = keep({ ...this.#kept, bye: "" });
    }
    if (code === "token") {
      // Another window may have a new one already, or have chosen the seed for it.
      if (!this.#kept.token || this.#kept.token === this.#said) {
        if (this.#kept.token) this.#kept = renounce();
        this.#clear();
      }
      this.#sending = "";
      this.#link.greet();
      this.#flush();
      return;
    }
    if (id === this.#sending) this.#sending = "";
    if (FINAL.has(code)) {
      if (id) this.#hold(this.unsent.map((held) => (held.id === id ? { ...held, failed: code } : held)));
      else this.hint = { code };
    } else if (id) this.hint = { code, seconds: Math.ceil(wait) };
    if (this.#sending) return; // what was refused is something else, and what is on its way keeps its own time
    clearTimeout(this.#deadline);
    this.#deadline = window.setTimeout(() => this.#flush(), (wait || 2) * 1000);
  }

  #theyType(on: boolean, name: string): void {
    clearTimeout(this.#quiet);
    this.typist = on ? name || " " : "";
    if (on) this.#quiet = window.setTimeout(() => this.#hear({ t: "typing", on: false }), THEY_TYPE_MS);
  }

  // ---- sending ----

  #hold(unsent: Unsent[]): void {
    this.unsent = unsent;
    this.#kept = keep({ ...this.#kept, unsent });
    this.changed();
  }

  #flush(): void {
    const next = this.unsent.find((held) => !held.failed);
    if (!next || this.#sending) return;
    const seed = this.#kept.token ? undefined : this.#kept.seed;
    const { at, ...rest } = next;
    const frame: Post = { t: "message", ...rest, age: Math.max(0, Date.now() - at), ...(seed && { seed }) };
    if (new Blob([written(frame)]).size > this.#settings.maxFrame) return this.#refused("too-large", next.id, 0);
    if (!this.#link.say(frame)) return;
    this.#sending = next.id;
    this.#link.stir();
    clearTimeout(this.#late);
    this.#late = window.setTimeout(() => this.#waits(next.id), LATE_MS);
    clearTimeout(this.#deadline);
    this.#deadline = window.setTimeout(() => this.#overdue(next.id), ACK_MS);
  }

  /** The link is connected, and the desk has not answered yet: say so. */
  #waits(id: string): void {
    if (this.#sending !== id || !this.on) return;
    this.hint = { code: "late", seconds: LATE_MS / 1000 };
    this.changed();
  }

  /** Something is said or done here: from now on a dead line would be missed. */
  #stir(): void {
    this.#stirred = performance.now();
    this.#link.stir();
  }

  #overdue(id: string): void {
    if (this.#sending !== id) return;
    this.#sending = "";
    this.#link.again();
    this.#flush();
  }

  /** Whether there is a line; not `sure`: it does not answer just now, and may yet. */
  #stand(on: boolean, sure = true): void {
    if (!on) {
      this.lost = true;
      if (sure) this.#sending = "";
    }
    const back = on && !this.on;
    this.on = on;
    this.changed();
    if (!back) return;
    this.#end();
    this.#resume();
  }

  /** The link is connected again, by a socket or by polls: say what may be lost. */
  #resume(): void {
    this.#tellAgain();
    this.#propose();
    this.#flush();
  }

  /** Another window of ours wrote: share its token, or that it was refused, and leave when it forgot. */
  #elsewhere(event: StorageEvent): void {
    if (!isOurs(event)) return;
    const before = this.#kept.token;
    const told = event.newValue ? (JSON.parse(event.newValue) as Kept) : { unsent: [] };
    this.#kept = { ...told, unsent: this.unsent };
    if (!event.newValue && before) this.forget();
    else if (told.token && told.token !== before) this.#link.greet();
  }
}
