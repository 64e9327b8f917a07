// What the widget itself holds beside the frames of the web chat (frames.ts).

import type { DeskState, Helped, MailIt, PatronLine, Post } from "./frames";

export type Line = PatronLine;
export type Desk = Omit<DeskState, "t">;

/** A rating until the desk acknowledges it. */
export type Offer = Omit<Required<Helped>, "t">;

/** A request for the transcript by mail until the desk acknowledges it. */
export type Wish = Omit<MailIt, "t">;

/** A message until the desk acknowledges it. `at`: ms by this browser's clock. */
export interface Unsent extends Omit<Post, "t" | "age"> {
  text: string;
  at: number;
  failed?: string; // the code of a final refusal
}

/** What the channel tells its pages (`adapters/webchat/adapter.py` fills it in). */
export interface Settings {
  channel: string;
  origins: string[];
  form: "none" | "optional" | "required";
  files: boolean;
  maxText: number;
  maxFile: number;
  maxFrame: number; // bytes
  keepDays: number;
  publicComputers: boolean;
  notices?: boolean; // browsers can be told of answers
  words: string; // the last part of their address
}
