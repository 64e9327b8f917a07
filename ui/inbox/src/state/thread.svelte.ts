// One conversation as the page shows it: its view, its lines, and which colleagues look at it. Nothing of it is dropped while it is
// kept, so that going back shows it at once; what it missed meanwhile comes with the next fetch.
import { api, Refusal } from "../api";
import { firstUnread, isSpoken, unanswered, merged, type Unconfirmed } from "../timeline";
import type { ConversationView, Line, Row, SignalTold, Viewer } from "../schema";

const FADES_MS = 6000; // "is writing" is said every 3 s; twice unheard, it is over
const PREVIEW_MS = 30_000; // what a patron typed and has not sent is shown for so long after their last key
const LOOKS_MS = 50_000; // "is looking" is said every 20 s; twice unheard, it is over

interface Sign extends Viewer {
  until: number;
  gone: number; // when it is over unless it is said again
}

export class Thread {
  view = $state.raw<ConversationView | null>(null);
  lines = $state.raw<readonly Line[]>([]);
  before = $state("");
  problem = $state<"" | "gone" | "offline">("");
  loadingOlder = $state(false);
  patronTyping = $state.raw<{ until: number; text: string } | null>(null);
  viewers = $state.raw<readonly Sign[]>([]);
  fresh = $state(""); // the first line that was new to me when I came, or when I looked again
  atEnd = true; // the newest line is in sight
  private looked = false; // since the last news came
  private fetching: AbortController | null = null;
  private doubted = false;
  private readonly signed = new Set<string>(); // colleagues who gave a sign while it is being fetched

  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  /** What is shown may be forgotten by now, or not mine to see: the next fetch replaces it. */
  doubt(): void {
    this.doubted = true;
  }

  /** It is being fetched. */
  get isAsked(): boolean {
    return this.fetching !== null;
  }

  async fetch(): Promise<boolean> {
    this.fetching?.abort();
    const control = (this.fetching = new AbortController());
    this.signed.clear();
    try {
      this.take(await api.conversation(this.id, control.signal));
      return true;
    } catch (error) {
      if (control.signal.aborted) return false;
      this.problem = error instanceof Refusal ? "gone" : "offline";
      if (error instanceof Refusal && error.status === 404) [this.view, this.lines, this.before] = [null, [], ""];
      return false;
    } finally {
      if (this.fetching === control) this.fetching = null;
    }
  }

  private take(view: ConversationView): void {
    const oldest = view.lines[0];
    const joined = !this.doubted && (!this.lines.length || !oldest || this.lines.some((line) => line.id === oldest.id));
    this.doubted = false;
    // With a gap between what was kept and what came, the old part is dropped: it is fetched again by scrolling up.
    const kept = joined ? this.lines : [];
    if (!kept.length) this.before = view.before;
    this.view = view;
    this.lines = merged(kept, view.lines);
    this.fresh ||= firstUnread(this.lines, view.read);
    const viewing = view.viewing.filter((viewer) => !this.signed.has(viewer.id));
    const signed = this.viewers.filter((viewer) => this.signed.has(viewer.id));
    this.viewers = [...signed, ...viewing.map((viewer) => ({ ...viewer, until: Date.now() + FADES_MS, gone: Date.now() + LOOKS_MS }))];
    this.problem = "";
  }

  async older(): Promise<void> {
    if (!this.before || this.loadingOlder) return;
    this.loadingOlder = true;
    try {
      const page = await api.older(this.id, this.before);
      this.lines = merged(page.lines, this.lines);
      this.before = page.before;
    } catch {
      // Scrolling up again asks again.
    } finally {
      this.loadingOlder = false;
    }
  }

  hear(news: readonly Line[]): Line[] {
    const known = new Set(this.lines.map((line) => line.id));
    this.lines = merged(this.lines, news);
    if (news.some((line) => line.who === "patron")) this.patronTyping = null;
    const fresh = news.filter((line) => !known.has(line.id));
    this.mark(fresh);
    return fresh;
  }

  /** Mark what comes while I look elsewhere. */
  private mark(news: readonly Line[]): void {
    const first = news.find((line) => line.who === "patron");
    if (!first || this.inSight()) return;
    if (this.looked || !this.fresh) this.fresh = first.id;
    this.looked = false;
  }

  private inSight(): boolean {
    return this.atEnd && document.visibilityState === "visible" && document.hasFocus();
  }

  /** When the patron's last line that is shown here was written, 0 while none is. */
  seenAt(): number {
    return this.lines.findLast((line) => line.who === "patron")?.at ?? 0;
  }

  /** Nothing is new any more: I answered, or went to another conversation. */
  settle(): void {
    this.fresh = "";
  }

  row(row: Row): void {
    if (this.view) this.view = { ...this.view, row };
  }

  sign(told: SignalTold, me: string): void {
    const until = Date.now() + FADES_MS;
    if (!told.librarian) {
      const lasts = told.text ? Date.now() + PREVIEW_MS : until;
      this.patronTyping = told.kind === "typing" || told.kind === "draft" ? { until: lasts, text: told.text } : null;
      return;
    }
    if (told.librarian === me) return;
    this.signed.add(told.librarian);
    const others = this.viewers.filter((viewer) => viewer.id !== told.librarian);
    const sign = { id: told.librarian, name: told.name, typing: told.kind === "typing", until, gone: Date.now() + LOOKS_MS };
    this.viewers = told.kind === "gone" ? others : [...others, sign];
  }

  /** Drop signs that were not given again. */
  fade(now: number): void {
    this.looked ||= this.inSight();
    if (this.patronTyping && this.patronTyping.until < now) this.patronTyping = null;
    if (this.viewers.some((viewer) => viewer.gone < now)) this.viewers = this.viewers.filter((viewer) => viewer.gone >= now);
    if (this.viewers.some((viewer) => viewer.typing && viewer.until < now))
      this.viewers = this.viewers.map((viewer) => (viewer.until < now ? { ...viewer, typing: false } : viewer));
  }

  waiting(entries: readonly Unconfirmed[], me: string): Unconfirmed[] {
    return unanswered(entries.filter((entry) => entry.conversation === this.id && isSpoken(entry)), this.lines, me);
  }
}

const MOST_KEPT = 24;

/** The conversations that were opened, the least used first. */
class Threads {
  private readonly kept = new Map<string, Thread>();

  get(id: string): Thread | undefined {
    return this.kept.get(id);
  }

  /** The conversation, new or as it was left. The least used make room, but not `open`. */
  keep(id: string, open: string): Thread {
    const thread = this.kept.get(id) ?? new Thread(id);
    this.kept.delete(id); // to the end
    this.kept.set(id, thread);
    for (const one of this.kept.keys()) if (this.kept.size > MOST_KEPT && one !== open) this.kept.delete(one);
    return thread;
  }

  drop(id: string): void {
    this.kept.delete(id);
  }

  dropAllBut(open: string): void {
    for (const id of this.kept.keys()) if (id !== open) this.kept.delete(id);
  }
}

export const threads = new Threads();
