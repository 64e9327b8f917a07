// What I have begun to write, per conversation, kept on the server; and the guard against the field's classic accident,
// an answer written for one patron and pasted to another (practice: "A message goes to the right patron").
//
// A reply and a note begun in the same conversation are two texts here; the server keeps the one written last.
import type { Draft } from "./schema";

export interface Begun {
  reply: string;
  note: string;
  noting: boolean;
}

const NOTHING: Begun = { reply: "", note: "", noting: false };
type Save = (conversation: string, text: string, note: boolean) => Promise<unknown>;

const SAVE_MS = 600;

export class Drafts {
  private readonly begun = new Map<string, Begun>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly unsaved = new Set<string>();

  private readonly save: Save;

  constructor(save: Save) {
    this.save = save;
  }

  get(conversation: string): Begun {
    return this.begun.get(conversation) ?? NOTHING;
  }

  has(conversation: string): boolean {
    const { reply, note } = this.get(conversation);
    return Boolean(reply.trim() || note.trim());
  }

  /** Take what the server kept, unless something newer was written here. */
  learn(drafts: readonly Draft[]): void {
    for (const draft of drafts) {
      if (this.unsaved.has(draft.conversation) || this.has(draft.conversation)) continue;
      const text = draft.note ? { note: draft.text } : { reply: draft.text };
      this.begun.set(draft.conversation, { ...NOTHING, ...text, noting: draft.note });
    }
  }

  write(conversation: string, text: string, note: boolean): void {
    this.begun.set(conversation, { ...this.get(conversation), [note ? "note" : "reply"]: text, noting: note });
    this.unsaved.add(conversation);
    clearTimeout(this.timers.get(conversation));
    this.timers.set(conversation, setTimeout(() => void this.store(conversation), SAVE_MS));
  }

  /** Let go of what was begun in a conversation that is no more. */
  forget(conversation: string): void {
    clearTimeout(this.timers.get(conversation));
    for (const kept of [this.begun, this.timers, this.unsaved]) kept.delete(conversation);
  }

  mode(conversation: string, noting: boolean): void {
    this.begun.set(conversation, { ...this.get(conversation), noting });
  }

  /** Save everything that is not yet saved. */
  async flush(): Promise<void> {
    await Promise.all([...this.unsaved].map((conversation) => this.store(conversation)));
  }

  /** Other conversations' unfinished replies: where a pasted text may come from. */
  others(here: string): Copy[] {
    return [...this.begun].filter(([id]) => id !== here).map(([conversation, { reply }]) => ({ conversation, text: reply }));
  }

  private async store(conversation: string): Promise<void> {
    clearTimeout(this.timers.get(conversation));
    const { reply, note, noting } = this.get(conversation);
    this.unsaved.delete(conversation);
    try {
      await this.save(conversation, noting ? note : reply, noting);
    } catch {
      this.unsaved.add(conversation);
    }
  }
}

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
