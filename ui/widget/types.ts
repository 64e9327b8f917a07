// The frames of adapters/webchat/codec.py, as the browser sees them.

export interface FileRef {
  digest: string;
  name: string;
  media_type: string;
  size: number;
  proof?: string;
  ticket?: string; // of one just uploaded: goes back with the message
}

export interface Line {
  id: string;
  who: "patron" | "librarian" | "desk";
  text: string;
  at: number;
  position?: string;
  author?: string;
  source?: string;
  files?: FileRef[];
  event?: string;
  stage?: string;
}

export interface Desk {
  open: boolean;
  online: boolean;
  wait_s?: number | null;
  place?: number;
  next_opening?: number;
  library?: string;
  accent?: string;
  language?: string;
  rate_s?: number; // for how long a chat that ended can be rated
  mails?: boolean; // the transcript can be mailed
  down?: boolean; // nothing can be taken in now
  opening?: string; // next_opening in the words of the desk, which name its time zone
  answers?: string; // kinds of address that an answer can be sent to: "mail", "phone", "mail-phone" (also when left out), ""
}

/** A rating on its way. */
export interface Offer {
  id: string;
  score: number;
  text: string;
}

/** A transcript that is to be mailed, on its way to the house. */
export interface Wish {
  id: string;
  address: string;
}

export type ServerFrame =
  | { t: "welcome"; beat: number; known: boolean; now?: number }
  | { t: "token"; token: string }
  | { t: "lines"; lines: Line[]; reset?: boolean; live?: boolean }
  | { t: "ack"; id: string; message: string; at: number }
  | { t: "mark"; id: string; about: string }
  | { t: "typing"; on: boolean; name?: string }
  | ({ t: "desk" } & Desk)
  | { t: "pong" }
  | { t: "again" }
  | { t: "error"; code: string; id?: string; retry_after?: number };

export interface Unsent {
  id: string;
  text: string;
  at: number;
  files?: FileRef[];
  seed?: string;
  name?: string;
  contact?: string;
  page?: string;
  language?: string;
  later?: boolean;
  failed?: string; // the code of a final refusal
}

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
}
