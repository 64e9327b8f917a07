// The talk of colleagues beside the open conversation: going there, and taking an answer over into what the patron will read.
import type { MessageView } from "../schema";
import { colleagues, talkOf } from "./colleagues.svelte";
import { navigation } from "./navigation.svelte";
import { screen } from "./screen.svelte";
import { session } from "./session.svelte";
import { writing } from "./writing.svelte";

class Talk {
  private wanted = $state(""); // the conversation beside which I am about to write

  /** Show the talk, and write there. */
  enter(): void {
    screen.context = true;
    this.wanted = navigation.openId;
  }

  /** The field beside this conversation should take the focus; `entered` says that it has. */
  wants(conversation: string): boolean {
    return this.wanted !== "" && this.wanted === conversation;
  }

  entered(): void {
    this.wanted = "";
  }

  /** The newest message of a colleague beside the open conversation. */
  answer(): MessageView | null {
    const messages = colleagues.held.messages.get(talkOf(navigation.openId)) ?? [];
    return messages.findLast((one) => one.by !== session.id && !one.deleted) ?? null;
  }

  /** Put a colleague's words into the reply, where they can be changed before the patron gets them. */
  use(message: MessageView | null = this.answer()): void {
    if (!message) return;
    const begun = writing.drafts.get(navigation.openId).reply;
    writing.drafts.write(navigation.openId, begun ? `${begun}\n${message.text}` : message.text, false);
    writing.drafted += 1;
    writing.write(navigation.openId, false);
  }
}

export const talk = new Talk();
