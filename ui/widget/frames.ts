// Written from adapters/webchat/codec.py by `python -m tests.browser.widget_types`. Do not edit: a test compares.

/** A file that this patron uploaded or was sent; `proof` binds it to the patron, `ticket` is the name it was uploaded under. What a browser says of type, size and name does not count: they are the upload's. */
export interface FileRef {
  digest: string;
  name: string;
  media_type: string;
  size: number;
  proof?: string;
  ticket?: string;
}

/** One line of the patron's view; `position` "" for one pushed live, which comes again with its position. */
export interface PatronLine {
  id: string;
  who: "desk" | "librarian" | "patron";
  text: string;
  at: number;
  position?: string;
  author?: string;
  source?: string;
  files?: FileRef[];
  event?: string;
  stage?: string;
}

/** What the patron answered to the library's question `key`. */
export interface FieldAnswer {
  key: string;
  text: string;
}

/** A question of the library's own before the first message. `choices` () = free text. `key` stays when the label changes. */
export interface FormField {
  key: string;
  label: string;
  choices?: string[];
  required?: boolean;
}

/** A queue that patrons may choose, and its state in the words of `ChannelDesk.state`. */
export interface QueueOffer {
  id: string;
  name: string;
  state?: string;
}

/** Who I am (no token before the first message), what I hold: the last position, and ids seen without one. */
export interface ClientHello {
  t: "hello";
  token?: string;
  after?: string;
  have?: string[];
}

/** What the patron wrote; `id` is the browser's own and stays the same when it is sent again. */
export interface Post {
  t: "message";
  id: string;
  text?: string;
  files?: FileRef[];
  seed?: string;
  name?: string;
  contact?: string;
  language?: string;
  page?: string;
  answers?: FieldAnswer[];
  queue?: string;
  later?: boolean;
  age?: number | null;
  at?: number;
}

/** Whether the chat that ended helped (1 = no, 2 = partly, 3 = yes), under an `id` of the browser's own. */
export interface Helped {
  t: "rate";
  id: string;
  score: number;
  text?: string;
}

/** Mail me the transcript, to this address, under an `id` of the browser's own. */
export interface MailIt {
  t: "mail";
  id: string;
  address: string;
}

/** End the conversation, under an `id` of the browser's own. */
export interface EndChat {
  t: "end";
  id: string;
}

/** I don't take the call that this line offers. */
export interface DeclineCall {
  t: "refuse-call";
  line: string;
}

/** These lines arrived, or were on screen. */
export interface SeenLines {
  t: "receipt";
  ids: string[];
  stage: "delivered" | "read";
}

/** The patron is writing, or stopped. `text` is what stands in their composer (its end), where the desk previews it. */
export interface PatronTyping {
  t: "typing";
  on: boolean;
  text?: string;
}

/** Are you there? */
export interface ClientPing {
  t: "ping";
}

/** The daemon answers. `beat`: seconds between pings; `known`: the token is good; `now`: ms by the daemon's clock. */
export interface Welcome {
  t: "welcome";
  beat: number;
  known: boolean;
  now?: number;
}

/** Keep this: it says who you are. */
export interface TokenFrame {
  t: "token";
  token: string;
}

/** Lines in order. `reset`: forget what you hold, these are all. `live`: they are news. */
export interface Lines {
  t: "lines";
  lines: PatronLine[];
  reset?: boolean;
  live?: boolean;
}

/** Your message `id` is durable since `at` (ms, the daemon's clock); `message` is its id here. */
export interface Ack {
  t: "ack";
  id: string;
  message: string;
  at: number;
}

/** A librarian has read up to your message `about`; `id` is this sign's own. */
export interface ReadMark {
  t: "mark";
  id: string;
  about: string;
}

/** A librarian is writing, or stopped. */
export interface LibrarianTyping {
  t: "typing";
  on: boolean;
  name?: string;
}

/** The desk as this patron may know it. */
export interface DeskState {
  t: "desk";
  open: boolean;
  online: boolean;
  state: "away" | "busy" | "closed" | "here";
  wait_s?: number | null;
  place?: number;
  next_opening?: number;
  library?: string;
  accent?: string;
  emblem?: string;
  language?: string;
  rate_s?: number;
  mails?: boolean;
  opening?: string;
  answers?: string;
  national?: boolean;
  down?: boolean;
  notice?: string;
  behind?: boolean;
  previews?: boolean;
  privacy?: string;
  fields?: FormField[];
  queues?: QueueOffer[];
}

/** Yes. */
export interface ServerPong {
  t: "pong";
}

/** Your line was full and something was left out: say hello again. */
export interface Again {
  t: "again";
}

/** A frame was not taken: `code` is a word of the catalogue, `id` the message it concerns, `retry_after` s. */
export interface Error {
  t: "error";
  code: string;
  id?: string;
  retry_after?: number;
}

export type ClientFrame = ClientHello | Post | Helped | MailIt | EndChat | DeclineCall | SeenLines | PatronTyping | ClientPing;

export type ServerFrame = Welcome | TokenFrame | Lines | Ack | ReadMark | LibrarianTyping | DeskState | ServerPong | Again | Error;
