// What I did and the desk has not answered yet: nothing is lost in between, and nothing is done twice.
//
// The rule: every write has a key of its own, kept until the desk answered, so asking again is harmless. Writes to one
// conversation go in the order they were made, each after the one before it was answered; conversations do not wait for each
// other. No answer (`Offline`) means: wait and ask again with the same key; so does "taken in" (202), which may be refused yet.
// An answer that says no stays, visible, until the librarian tries again or discards it. What may have reached the desk cannot
// be discarded: a librarian who writes it again would say it twice. Kept in sessionStorage, so that a reload loses nothing and a
// shared machine keeps nothing.
import { freshKey, isActed, isPending, Offline, Refusal, type Answer } from "./api";
import { isSpoken, type Unconfirmed } from "./timeline";

export interface Entry extends Unconfirmed {
  body: unknown;
}

export const mayDiscard = (entry: Unconfirmed) => entry.state === "refused" || (entry.state === "waiting" && !entry.doubtful);

type Ask = (entry: Entry) => Promise<Answer>;
type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const FIRST_MS = 500;
const LONGEST_MS = 10_000;

export class Outbox {
  entries: readonly Entry[] = [];
  private readonly running = new Set<string>();
  private readonly hopes = new Map<string, { done: (answer: Answer) => void; failed: (error: unknown) => void }>();
  private wake: (() => void)[] = [];

  private readonly ask: Ask;
  private readonly keep: Keep;
  private readonly place: string;
  private readonly changed: (entries: readonly Entry[]) => void;

  constructor(ask: Ask, keep: Keep, place: string, changed: (entries: readonly Entry[]) => void) {
    this.ask = ask;
    this.keep = keep;
    this.place = place;
    this.changed = changed;
    this.restore();
  }

  /** Do it now or when it can be done. Resolves with the desk's answer, rejects with its refusal. */
  add(conversation: string, verb: string, body: unknown, text = "", files: readonly string[] = []): Promise<Answer> {
    const held = this.entries.some((one) => one.conversation === conversation && one.state === "waiting");
    const state = held ? "waiting" : "sending";
    const entry: Entry = { key: freshKey(), conversation, verb, body, text, files, at: Date.now(), state, reason: "", line: "" };
    const answer = new Promise<Answer>((done, failed) => this.hopes.set(entry.key, { done, failed }));
    this.set([...this.entries, entry]);
    void this.run(conversation);
    return answer;
  }

  /** Try a refused one again, as a new attempt. */
  retry(key: string): void {
    const entry = this.entries.find((one) => one.key === key);
    if (!entry) return;
    this.change(key, { key: freshKey(), state: "sending", doubtful: false, reason: "", at: Date.now() });
    void this.run(entry.conversation);
  }

  /** Discard one. One that may be on its way already cannot be discarded. */
  discard(key: string): boolean {
    const entry = this.entries.find((one) => one.key === key);
    if (!entry || !mayDiscard(entry)) return false;
    this.drop(key);
    this.settle(key, undefined);
    return true;
  }

  /** Its line is in the transcript. */
  confirmed(keys: readonly string[]): void {
    if (keys.length) this.set(this.entries.filter((entry) => !keys.includes(entry.key)));
  }

  /** The way may be free again: do not wait any longer. */
  flush(): void {
    for (const wake of this.wake.splice(0)) wake();
    for (const conversation of new Set(this.entries.map((entry) => entry.conversation))) void this.run(conversation);
  }

  private async run(conversation: string): Promise<void> {
    if (this.running.has(conversation)) return;
    this.running.add(conversation);
    try {
      for (let entry = this.next(conversation); entry; entry = this.next(conversation)) await this.submit(entry);
    } finally {
      this.running.delete(conversation);
    }
  }

  private next(conversation: string): Entry | undefined {
    return this.entries.find((entry) => entry.conversation === conversation && (entry.state === "sending" || entry.state === "waiting"));
  }

  private async submit(entry: Entry): Promise<void> {
    let doubtful = entry.doubtful ?? false;
    for (let pause = FIRST_MS; ; pause = Math.min(pause * 2, LONGEST_MS)) {
      if (!this.entries.some((one) => one.key === entry.key)) return;
      try {
        this.change(entry.key, { state: "sending", doubtful: true });
        const answer = await this.ask(entry);
        if (!isPending(answer)) return this.answered(entry, answer);
        doubtful = true;
        await this.pause(pause);
      } catch (error) {
        if (!(error instanceof Offline)) {
          this.refused(entry, error);
          return;
        }
        doubtful ||= error.doubtful;
        this.change(entry.key, { doubtful });
        this.hold(entry.conversation);
        await this.pause(pause);
      }
    }
  }

  /** What is behind one that waits, waits too. */
  private hold(conversation: string): void {
    const held = (one: Entry) => one.conversation === conversation && one.state === "sending";
    this.set(this.entries.map((one) => (held(one) ? { ...one, state: "waiting" } : one)));
  }

  private pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms / 2 + (Math.random() * ms) / 2);
      this.wake.push(() => {
        clearTimeout(timer);
        done();
      });
    });
  }

  private answered(entry: Entry, answer: Answer): void {
    const line = isActed(answer) ? (answer.line?.id ?? "") : "";
    if (isSpoken(entry)) this.change(entry.key, { state: "accepted", line });
    else this.drop(entry.key);
    this.settle(entry.key, answer);
  }

  private refused(entry: Entry, error: unknown): void {
    const reason = error instanceof Refusal ? error.reason || error.message : "unknown";
    if (isSpoken(entry)) this.change(entry.key, { state: "refused", reason });
    else this.drop(entry.key);
    const hope = this.hopes.get(entry.key);
    this.hopes.delete(entry.key);
    hope?.failed(error);
  }

  private settle(key: string, answer: Answer): void {
    this.hopes.get(key)?.done(answer);
    this.hopes.delete(key);
  }

  private drop(key: string): void {
    this.set(this.entries.filter((entry) => entry.key !== key));
  }

  private change(key: string, news: Partial<Entry>): void {
    this.set(this.entries.map((entry) => (entry.key === key ? { ...entry, ...news } : entry)));
  }

  private set(entries: readonly Entry[]): void {
    this.entries = entries;
    if (entries.length) this.keep.setItem(this.place, JSON.stringify(entries));
    else this.keep.removeItem(this.place);
    this.changed(entries);
  }

  private restore(): void {
    try {
      const kept = JSON.parse(this.keep.getItem(this.place) ?? "[]") as Entry[];
      this.entries = kept.map((entry) => (entry.state === "sending" ? { ...entry, state: "waiting" } : entry));
    } catch {
      this.entries = [];
    }
    this.changed(this.entries);
  }
}
