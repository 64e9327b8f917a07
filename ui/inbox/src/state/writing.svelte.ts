// What I have begun to write, and where the composer's focus goes. The rules of keeping drafts are in `drafts.ts`.
import { api, freshKey } from "../api";
import { Drafts, pastedFrom, type Copy } from "../drafts";
import type { Uploaded } from "../schema";
import { t } from "../words";
import { lists } from "./lists.svelte";

const COPIES = 20;
const WINDOW = freshKey(); // by which the desk tells this window of mine from another

class Writing {
  composing = $state(0); // grows when the composer should take the focus
  drafted = $state(0); // grows when drafts changed from outside the composer
  awaited = ""; // the conversation whose composer takes the focus as soon as it is there
  private copies: Copy[] = [];
  private readonly attached = new Map<string, readonly Uploaded[]>();
  /** By conversation: the entry of the FAQ whose words were put into its reply, and what shows that they're still in it. */
  readonly used = new Map<string, { entry: string; words: string }>();
  readonly drafts = new Drafts(
    (conversation, text, note, base) => api.draft(conversation, { text, note, base, window: WINDOW }),
    () => (this.drafted += 1),
  );

  /** Something is begun in a conversation, and not sent: words, or files that wait for them. */
  has(conversation: string): boolean {
    return this.drafts.has(conversation) || this.files(conversation).length > 0;
  }

  /** The files that wait for the reply of a conversation. They're kept while this page is open, wherever I go in it. */
  files(conversation: string): readonly Uploaded[] {
    return this.attached.get(conversation) ?? [];
  }

  attach(conversation: string, files: readonly Uploaded[]): void {
    if (files.length) this.attached.set(conversation, files);
    else this.attached.delete(conversation);
    this.drafted += 1;
  }

  dropFiles(): void {
    this.attached.clear();
    this.drafted += 1;
  }

  /** Say whether something would be lost if the page ended now; words are saved as they're typed, unless the line is `cut`. */
  mayLose(cut: boolean): boolean {
    return this.attached.size > 0 || (cut && this.drafts.isUnsaved);
  }

  /** Turn to the reply or to the note of a conversation. */
  write(conversation: string, noting: boolean): void {
    if (!conversation) return;
    this.drafts.mode(conversation, noting);
    this.drafted += 1;
    this.composing += 1;
  }

  /** Take in the drafts that the desk keeps. */
  async fetch(): Promise<void> {
    const asked = this.drafts.asking();
    try {
      this.drafts.learn((await api.drafts()).drafts, asked);
    } finally {
      this.drafted += 1;
    }
  }

  /** The entry whose words a reply still holds, or ""; the reply goes, and so does the memory of it. */
  takeUsed(conversation: string, reply: string): string {
    const used = this.used.get(conversation);
    this.used.delete(conversation);
    return used && reply.includes(used.words) ? used.entry : "";
  }

  copied(conversation: string, text: string): void {
    if (conversation && text.trim()) this.copies = [...this.copies.slice(1 - COPIES), { conversation, text }];
  }

  /** The patron whose conversation a pasted text comes from, or "". */
  patronOf(pasted: string, here: string): string {
    const from = pastedFrom(pasted, here, [...this.copies, ...this.drafts.others(here)]);
    return from && from !== here ? (lists.row(from)?.patron ?? t("patron.another")) : "";
  }

  /** Keep nothing of conversations that were forgotten. */
  forget(conversations: readonly string[]): void {
    for (const id of conversations) {
      this.drafts.forget(id);
      this.attached.delete(id);
    }
    this.copies = this.copies.filter((copy) => !conversations.includes(copy.conversation));
  }
}

export const writing = new Writing();
