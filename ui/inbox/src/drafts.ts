// What I have begun to write, per conversation, kept on the server. It also guards against a classic accident: an answer
// written for one patron and pasted to another (practice: "A message goes to the right patron").
//
// A reply and a note begun in the same conversation are two texts, here and on the server. Each is saved for itself, one save after
// the other, so that no older text arrives last. What the server kept may be another window's, and newer: it is taken unless
// something was written here since it was asked for. Two windows that write at once overwrite nothing: each save names the draft it
// follows. Where the other window wrote since, the librarian who writes here chooses (`clash`, `choose`).
import { Refusal } from "./api";
import type { Draft } from "./schema";

export interface Begun {
  reply: string;
  note: string;
  noting: boolean;
}

interface Place {
  conversation: string;
  note: boolean;
}

const NOTHING: Begun = { reply: "", note: "", noting: false };
type Save = (conversation: string, text: string, note: boolean, base: number) => Promise<unknown>;

const SAVE_MS = 600;

const kind = (note: boolean) => (note ? "note" : "reply");
const nameOf = ({ conversation, note }: Place) => `${kind(note)} ${conversation}`;

export class Drafts {
  private readonly begun = new Map<string, Begun>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly unsaved = new Map<string, Place>();
  private readonly saving = new Map<string, Promise<void>>();
  private readonly moved = new Map<string, number>(); // when a text was last written or saved
  private readonly bases = new Map<string, number>(); // `at` of what was last taken from the server
  private readonly clashes = new Map<string, Draft>();
  private moves = 0;

  private readonly save: Save;
  private readonly clashed: () => void;

  constructor(save: Save, clashed: () => void = () => undefined) {
    this.save = save;
    this.clashed = clashed;
  }

  /** What another window of mine wrote while I wrote here, until I choose. */
  clash(conversation: string, note: boolean): Draft | null {
    return this.clashes.get(nameOf({ conversation, note })) ?? null;
  }

  choose(conversation: string, note: boolean, which: "mine" | "theirs" | "both"): void {
    const name = nameOf({ conversation, note });
    const other = this.clashes.get(name);
    if (!other) return;
    const mine = this.get(conversation)[kind(note)];
    this.clashes.delete(name);
    this.bases.set(name, other.at);
    if (which !== "theirs") return this.write(conversation, which === "both" ? both(other.text, mine) : mine, note);
    clearTimeout(this.timers.get(name));
    this.unsaved.delete(name);
    this.begun.set(conversation, { ...this.get(conversation), [kind(note)]: other.text });
    this.move(name);
  }

  /** The page ends before I have chosen: keep both. */
  keepBoth(): void {
    for (const { conversation, note } of [...this.clashes.values()]) this.choose(conversation, note, "both");
    void this.flush();
  }

  get(conversation: string): Begun {
    return this.begun.get(conversation) ?? NOTHING;
  }

  has(conversation: string): boolean {
    const { reply, note } = this.get(conversation);
    return Boolean(reply.trim() || note.trim());
  }

  /** Something that is written here isn't on the server yet. */
  get isUnsaved(): boolean {
    return this.unsaved.size > 0 || this.saving.size > 0;
  }

  /** The server is asked now; `learn` and `settle` want to know when. */
  asking(): number {
    return this.moves;
  }

  /** Take what the server kept, unless something newer was written here since it was asked. */
  learn(drafts: readonly Draft[], asked: number): void {
    const begun = new Set(this.begun.keys());
    for (const { conversation, text, note, at } of drafts.toSorted((a, b) => a.at - b.at)) {
      this.take({ conversation, note }, text, asked, at);
      if (!begun.has(conversation)) this.mode(conversation, note);
    }
  }

  /** Take what the server kept of one conversation: its newest draft, null for none at all. */
  settle(conversation: string, draft: Draft | null, asked: number): void {
    if (draft) return this.learn([draft], asked);
    for (const note of [true, false]) this.take({ conversation, note }, "", asked, 0);
  }

  write(conversation: string, text: string, note: boolean): void {
    const place = { conversation, note };
    const name = nameOf(place);
    this.begun.set(conversation, { ...this.get(conversation), [kind(note)]: text, noting: note });
    this.move(name);
    clearTimeout(this.timers.get(name));
    if (!text && this.clashes.delete(name)) {
      this.unsaved.delete(name); // mine was sent or dropped; what the other window wrote stays where it is
      return;
    }
    this.unsaved.set(name, place);
    this.timers.set(name, setTimeout(() => void this.store(place), SAVE_MS));
  }

  /** Drop what was begun in a conversation that is gone. */
  forget(conversation: string): void {
    this.begun.delete(conversation);
    for (const note of [true, false]) {
      const name = nameOf({ conversation, note });
      clearTimeout(this.timers.get(name));
      for (const kept of [this.timers, this.unsaved, this.moved, this.bases, this.clashes]) kept.delete(name);
    }
  }

  mode(conversation: string, noting: boolean): void {
    this.begun.set(conversation, { ...this.get(conversation), noting });
  }

  /** Save everything that is not yet saved, at once: the page may end now. */
  async flush(): Promise<void> {
    const hurried = [...this.unsaved.values()].filter((place) => this.saving.has(nameOf(place)));
    const sent = hurried.map((place) => this.saved(place));
    await Promise.allSettled([...sent, ...[...this.unsaved.values()].map((place) => this.store(place))]);
  }

  /** Other conversations' unfinished replies: where a pasted text may come from. */
  others(here: string): Copy[] {
    return [...this.begun].filter(([id]) => id !== here).map(([conversation, { reply }]) => ({ conversation, text: reply }));
  }

  private saved(place: Place): Promise<unknown> {
    const { conversation, note } = place;
    return this.save(conversation, this.get(conversation)[kind(note)], note, this.bases.get(nameOf(place)) ?? 0);
  }

  private take(place: Place, text: string, asked: number, at: number): void {
    const name = nameOf(place);
    if (this.unsaved.has(name) || this.saving.has(name) || (this.moved.get(name) ?? 0) > asked) return;
    this.bases.set(name, at);
    const held = this.get(place.conversation);
    if (held[kind(place.note)] !== text) this.begun.set(place.conversation, { ...held, [kind(place.note)]: text });
  }

  /** Save what is written last, behind what is being saved. */
  private store(place: Place): Promise<void> {
    const name = nameOf(place);
    clearTimeout(this.timers.get(name));
    const stored = (this.saving.get(name) ?? Promise.resolve()).then(() => this.put(place));
    this.saving.set(name, stored);
    return stored.finally(() => {
      if (this.saving.get(name) === stored) this.saving.delete(name);
    });
  }

  private async put(place: Place): Promise<void> {
    const name = nameOf(place);
    if (this.clashes.has(name) || !this.unsaved.delete(name)) return;
    try {
      await this.saved(place);
    } catch (error) {
      if (!(error instanceof Refusal)) this.unsaved.set(name, place); // else the desk says no again
      else if (error.draft && this.get(place.conversation)[kind(place.note)]) {
        this.unsaved.set(name, place);
        this.clashes.set(name, error.draft);
        this.clashed();
      }
    }
    this.move(name);
  }

  private move(name: string): void {
    this.moved.set(name, (this.moves += 1));
  }
}

const both = (other: string, mine: string): string => [other, mine].filter((text) => text.trim()).join("\n");

export interface Copy {
  conversation: string;
  text: string;
}

const TELLING = 12; // shorter pieces ("Thank you!") tell nothing about whom they were meant for

/** The other conversation that `pasted` comes from, or "" when it is not known to come from one. */
export function pastedFrom(pasted: string, here: string, copies: readonly Copy[]): string {
  const text = pasted.trim();
  if (text.length < TELLING) return "";
  const same = (copy: Copy) => copy.text.trim().length >= TELLING && (copy.text.includes(text) || text.includes(copy.text.trim()));
  if (copies.some((copy) => copy.conversation === here && same(copy))) return "";
  return copies.find((copy) => copy.conversation !== here && same(copy))?.conversation ?? "";
}
