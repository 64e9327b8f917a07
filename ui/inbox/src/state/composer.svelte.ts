// What is being written in the composer of one conversation, and what may be done with it.
//
// Two modes that cannot be mistaken: a reply reaches the patron, a note only colleagues. A text pasted from another patron's
// conversation is asked about. Files wait for the reply: a note has none.
import { tick, untrack } from "svelte";
import { isBlank } from "../../../blank";
import { isComposing } from "../../../composing";
import { plain } from "../../../formatting";
import { api } from "../api";
import { asked, colleagues, completed, filled, mentions, scripts, type Suggestion } from "../complete";
import { asked as asked_copies, faulty } from "../copies";
import { answerable, reachOf } from "../reach";
import type { Row, Uploaded } from "../schema";
import { cut } from "../segments";
import { t } from "../words";
import { connection } from "./connection.svelte";
import { chosenCopies } from "./copies.svelte";
import { desk } from "./desk.svelte";
import { marking } from "./marking.svelte";
import { navigation } from "./navigation.svelte";
import { notices } from "./notices.svelte";
import { screen } from "./screen.svelte";
import { session } from "./session.svelte";
import type { Thread } from "./thread.svelte";
import * as verbs from "./verbs";
import { writing } from "./writing.svelte";

const TYPING_MS = 3000; // "is writing" is said again after this
const NOBODY: never[] = [];

export class Composer {
  text = $state("");
  via = $state(""); // the address that was chosen, "" for where the patron wrote last
  uploading = $state(0);
  field: HTMLTextAreaElement | undefined = $state();
  chosen = $state(0); // of the suggestions
  caret = $state(0);
  paste = $state.raw<{ text: string; patron: string } | null>(null); // waits for the librarian's word
  private script = $state("");
  private dismissed = $state(false); // the suggestions
  private typedAt = 0;
  private readonly thread: Thread;
  private readonly row: () => Row;

  private readonly begun = $derived.by(() => (void writing.drafted, writing.drafts.get(this.thread.id)));
  readonly answers = $derived(navigation.mayAnswer);
  readonly note = $derived(this.begun.noting || !this.answers);
  readonly showing = $derived(this.answers || this.begun.noting);
  readonly clash = $derived.by(() => (void writing.drafted, writing.drafts.clash(this.thread.id, this.note)));
  readonly addresses = $derived.by(() => answerable(this.thread.view?.patron.addresses ?? NOBODY));
  readonly reach = $derived.by(() => reachOf(this.row(), this.addresses, this.via, this.thread.view?.max_text ?? 0));
  readonly sms = $derived.by(() => {
    const { reached, most } = this.reach;
    return reached?.segments && !isBlank(this.text) ? cut(plain(this.text), { plain: reached.plain, most }) : null;
  });
  /** The address that is answered, where copies may go out with it. */
  readonly copied = $derived(this.reach.reached?.copies ? this.reach.reached : null);
  readonly files = $derived.by(() => (void writing.drafted, writing.files(this.thread.id)));
  readonly going = $derived(this.note ? NOBODY : this.files);
  readonly wanted = $derived(this.dismissed ? null : asked(this.text, this.caret, this.note));
  readonly offered = $derived.by(() => this.suggestions());
  readonly misnamed = $derived.by(() => !this.note && faulty(chosenCopies.of(this.thread.id)).length > 0); // a copy for no address
  readonly maySend = $derived((!isBlank(this.text) || this.going.length > 0) && !this.uploading && this.showing && !this.misnamed);

  constructor(thread: Thread, row: () => Row) {
    this.thread = thread;
    this.row = row;
    // Also when a note turns into a reply by itself, as when I take the conversation: a note must never be where one answers.
    $effect(() => {
      void writing.drafted;
      const kept = this.note ? "note" : "reply";
      this.text = untrack(() => writing.drafts.get(thread.id)[kept]);
    });
    let focused = untrack(() => (writing.awaited === thread.id ? -1 : writing.composing));
    $effect(() => {
      if (writing.composing === focused || !this.field?.isConnected) return;
      focused = writing.composing;
      writing.awaited = "";
      this.field.focus();
      this.field.setSelectionRange(this.text.length, this.text.length);
    });
  }

  private suggestions(): Suggestion[] {
    const wanted = this.wanted;
    if (!wanted) return [];
    if (wanted.kind === "script") {
      const known = (this.thread.view?.scripts ?? []).map((one) => ({ ...one, text: filled(one.text, session.me, this.thread.view) }));
      return scripts(known, wanted.query);
    }
    return colleagues((desk.organisation?.librarians ?? []).filter((person) => person.id !== session.me?.id), wanted.query);
  }

  typed(): void {
    this.caret = this.field?.selectionStart ?? this.text.length;
    this.dismissed = false;
    this.chosen = 0;
    this.keep();
    if (Date.now() - this.typedAt < TYPING_MS || !this.text) return;
    this.typedAt = Date.now();
    connection.live.say({ t: "typing", conversation: this.thread.id, note: this.note });
  }

  private keep(): void {
    writing.drafts.write(this.thread.id, this.text, this.note);
  }

  /** Two windows of mine wrote: go on with one text, or with both. */
  choose(which: "mine" | "theirs" | "both"): void {
    writing.drafts.choose(this.thread.id, this.note, which);
    writing.drafted += 1;
    writing.composing += 1;
  }

  put(one: Suggestion): void {
    if (!this.wanted) return;
    if (this.wanted.kind === "script" && !one.id.startsWith("own:")) this.script = one.id;
    const { text, caret } = completed(this.text, this.wanted.from, this.caret, one.insert);
    [this.text, this.caret, this.dismissed] = [text, caret, true];
    this.keep();
    void tick().then(() => {
      this.field?.focus();
      this.field?.setSelectionRange(caret, caret);
    });
  }

  key(event: KeyboardEvent): void {
    if (isComposing(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void this.send();
    } else if (event.key.toLowerCase() === "b" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      marking.for("bold");
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.escape();
    } else if (this.offered.length && this.steer(event.key)) event.preventDefault();
  }

  private escape(): void {
    if (this.offered.length) this.dismissed = true;
    else {
      this.field?.blur();
      screen.freeKeys(); // a librarian who leaves the composer means the keys
    }
  }

  /** Choose among the suggestions; false for a key that does not. */
  private steer(key: string): boolean {
    const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
    const one = this.offered[this.chosen];
    if (step) this.chosen = (this.chosen + step + this.offered.length) % this.offered.length;
    else if ((key === "Enter" || key === "Tab") && one) this.put(one);
    else return false;
    return true;
  }

  pasted(event: ClipboardEvent): void {
    const content = event.clipboardData?.getData("text/plain") ?? "";
    const patron = this.note ? "" : writing.patronOf(content, this.thread.id);
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length && !this.note) {
      event.preventDefault();
      void this.attach(files);
    } else if (patron) {
      event.preventDefault();
      this.paste = { text: content, patron };
    }
  }

  pasteAnyway(): void {
    if (!this.paste || !this.field) return;
    const { selectionStart: from, selectionEnd: to } = this.field;
    this.text = completed(this.text, from, to, this.paste.text).text;
    this.keep();
    this.paste = null;
    writing.composing += 1;
  }

  async attach(files: readonly File[]): Promise<void> {
    for (const file of files) {
      this.uploading += 1;
      try {
        const uploaded = await api.upload(this.thread.id, file);
        writing.attach(this.thread.id, [...this.files, uploaded]);
      } catch (error) {
        notices.tell(t("composer.fileRefused", { name: file.name, reason: (error as Error).message }), "bad");
      } finally {
        this.uploading -= 1;
      }
    }
  }

  detach(file: Uploaded): void {
    writing.attach(this.thread.id, this.files.filter((other) => other !== file));
  }

  async send(): Promise<void> {
    if (!this.maySend) return;
    const words = isBlank(this.text) ? "" : this.text.trim();
    const [note, via, script, going] = [this.note, this.via, this.script, this.going];
    this.text = "";
    if (!note) writing.attach(this.thread.id, []);
    this.script = "";
    connection.live.say({ t: "paused", conversation: this.thread.id });
    if (note) await verbs.note(this.thread.id, { text: words, mentions: mentions(words, desk.organisation?.librarians ?? []) });
    else {
      const faq = writing.takeUsed(this.thread.id, words);
      const copies = this.copied ? asked_copies(chosenCopies.of(this.thread.id)) : {};
      chosenCopies.clear(this.thread.id);
      const extra = { ...copies, ...(faq ? { faq } : {}), attachments: going.map((one) => one.ticket), ...(via ? { via } : {}), ...(script ? { script } : {}) };
      await verbs.say(this.thread.id, words, extra, going.map((one) => one.file.name));
    }
  }
}
