// What I asked of the desk and it has not answered yet. The rules of repeating are in `outbox.ts`; here is what the page shows of it.
import { api, type Answer } from "../api";
import { Outbox, type Entry } from "../outbox";
import type { FollowUpAsked, PresenceAsked } from "../schema";
import { isSpoken } from "../timeline";
import { session } from "./session.svelte";
import type { Thread } from "./thread.svelte";

class Requests {
  entries = $state.raw<readonly Entry[]>([]);
  private busy = $state.raw<ReadonlySet<string>>(new Set());
  private outbox: Outbox | null = null;

  /** Begin for a librarian, with what a reload of the page left over. */
  begin(me: string): void {
    this.outbox ??= new Outbox(submit, sessionStorage, `deskbridge.outbox.${me}`, (entries) => (this.entries = entries));
  }

  end(): void {
    this.outbox = null;
  }

  /** Ask the desk, now or when it can be asked. Undefined when nobody is signed in. */
  async add(conversation: string, verb: string, body: unknown, text = "", files: readonly string[] = []): Promise<Answer> {
    return this.outbox?.add(conversation, verb, body, text, files);
  }

  /** Show as busy what is asked, until it is answered. */
  async marked<T>(verb: string, conversation: string, ask: () => Promise<T>): Promise<T> {
    const mark = `${verb} ${conversation}`;
    this.busy = new Set([...this.busy, mark]);
    try {
      return await ask();
    } finally {
      this.busy = new Set([...this.busy].filter((one) => one !== mark));
    }
  }

  isBusy(verb: string, conversation: string): boolean {
    return this.busy.has(`${verb} ${conversation}`);
  }

  /** I have asked for something in this conversation, and it is not answered yet: what changes there is my doing. */
  asks(conversation: string): boolean {
    return this.entries.some((one) => one.conversation === conversation && one.state !== "refused");
  }

  /** Drop the entries whose lines are in the transcript by now. */
  confirm(thread: Thread): void {
    const still = new Set(thread.waiting(this.entries, session.id).map((entry) => entry.key));
    const gone = this.entries.filter((entry) => entry.conversation === thread.id && isSpoken(entry) && !still.has(entry.key));
    this.outbox?.confirmed(gone.filter((entry) => entry.state !== "sending").map((entry) => entry.key));
  }

  /** The desk can be reached again: do not wait any longer. */
  flush(): void {
    this.outbox?.flush();
  }

  retry(key: string): void {
    this.outbox?.retry(key);
  }

  /** Drop an entry and return its text; "" when it may be on its way already. */
  discard(key: string): string {
    const entry = this.entries.find((one) => one.key === key);
    return entry && this.outbox?.discard(key) ? entry.text : "";
  }
}

function submit(entry: Entry): Promise<Answer> {
  if (entry.verb === "presence") return api.presence(entry.body as PresenceAsked, entry.key);
  const followUp = /^follow-up:(.*)$/.exec(entry.verb);
  if (followUp) return api.setFollowUp(followUp[1] ?? "", entry.body as FollowUpAsked, entry.key);
  return api.act(entry.conversation, entry.verb, entry.body, entry.key);
}

export const requests = new Requests();
