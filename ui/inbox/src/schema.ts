// Written from bridge/inbox/schema by `python -m tests.browser.inbox_types`. Do not edit: a test compares the two.

export type View = "waiting" | "mine" | "open" | "closed" | "aside";

/** Tell all staff of a library ("" = of all libraries) something until a time. Plain text. */
export interface AnnounceAsked {
  text: string;
  until: number;
  library?: string;
}

/** The teams of one step of a queue: asked at once for a question that comes now, later, or skipped, and why. */
export interface BoardTier {
  teams: string[];
  libraries: string[];
  after_s: number;
  asked: "later" | "now" | "skipped";
  why: "" | "closed" | "nobody" | "not-agreed";
}

/** A queue of a library that I coordinate. */
export interface BoardQueue {
  id: string;
  name: string;
  library: string;
  open: boolean;
  waiting: number;
  oldest_since: number;
  in_session: number;
  tiers: BoardTier[];
  pressing_since: number;
  pressing_target_s: number;
  opening: "closed" | "open" | "usual";
  until: number;
  notice: string;
  set_by_name: string;
  next_opening: number;
}

/** A colleague of a library that I coordinate: whether they are there, since when, and what they have now. */
export interface BoardPerson {
  id: string;
  name: string;
  library: string;
  state: "available" | "away" | "lost" | "out";
  since: number;
  queues: string[];
  serves: string[];
  live: number;
  slow: number;
  live_active: number;
  slow_active: number;
}

/** A notice to all staff of a library, or of all libraries (""). */
export interface StaffNotice {
  id: string;
  text: string;
  by_name: string;
  library: string;
  library_name: string;
  at: number;
  until: number;
}

/** A notice to staff as coordinators see it: how many have seen it, of how many. */
export interface BoardNotice {
  notice: StaffNotice;
  seen: number;
  staff: number;
}

/** All of it at `position`; `watch-board` goes on from there. What the clock changes is fetched again at `again_at`. */
export interface Board {
  position: string;
  queues: BoardQueue[];
  people: BoardPerson[];
  notices: BoardNotice[];
  announces_to_all: boolean;
  again_at: number;
}

/** One order of a coordinator: who, when (ms), what, and about whom or what, by name. */
export interface BoardDeed {
  at: number;
  who_name: string;
  what: string;
  about: string;
}

/** The latest orders at a library's desk, newest first. */
export interface BoardDeeds {
  deeds: BoardDeed[];
}

/** The librarian who gets it; `absent`: also where the patron sits there now and the librarian does not. */
export interface GiveAsked {
  librarian: string;
  absent?: boolean;
}

/** A conversation that need not be answered now: until `until` ms (0 = until the patron writes). */
export interface SnoozeView {
  by: string;
  by_name: string;
  why: "later" | "no-answer" | "patron";
  at: number;
  until: number;
}

/** A colleague who has joined a conversation and answers beside its owner. */
export interface Companion {
  id: string;
  name: string;
}

/** Colleagues who are asked about a conversation: one librarian, a queue's staff or a library. */
export interface ConsultView {
  by: string;
  by_name: string;
  name: string;
  librarian: string;
  queue: string;
  library: string;
  join: boolean;
  at: number;
  can_end: boolean;
}

/** A call that is offered or goes on. `until`: when the offer ends, 0 = with the conversation. */
export interface CallView {
  id: string;
  kinds: ("librarian-screen" | "meeting" | "patron-screen" | "video" | "voice")[];
  by: string;
  by_name: string;
  at: number;
  until: number;
  accepted_at: number;
  link: string;
  can_change: boolean;
}

/** An open transfer: `by` holds the conversation until somebody accepts. */
export interface TransferView {
  by: string;
  by_name: string;
  librarian: string;
  librarian_name: string;
  queue: string;
  queue_name: string;
  note: string;
  expires_at: number;
  to_me: boolean;
}

/** One conversation in a list. */
export interface Row {
  id: string;
  views: ("aside" | "closed" | "mine" | "open" | "waiting")[];
  state: "active" | "closed" | "offered" | "waiting";
  library: string;
  library_name: string;
  queue: string;
  queue_name: string;
  channel: string;
  kind: string;
  live: boolean;
  patron: string;
  alias: number;
  subject: string;
  last_text: string;
  last_at: number;
  last_by: "" | "desk" | "librarian" | "patron";
  opened_at: number;
  since: number;
  unanswered_since: number;
  snoozed: SnoozeView | null;
  back_at: number;
  can_snooze: boolean;
  target_s: number;
  owner: string;
  owner_name: string;
  companions: Companion[];
  joined: boolean;
  can_join: boolean;
  consults: ConsultView[];
  call: CallView | null;
  consulted: boolean;
  can_consult: boolean;
  offered_to_me: boolean;
  offer_expires_at: number;
  can_claim: boolean;
  can_change: boolean;
  transfer: TransferView | null;
  unread: number;
  gone: boolean;
  left: boolean;
  marked: boolean;
  code: string;
  aside: string;
  rating: number;
  practice: boolean;
  imported: string;
}

/** The open conversations of one colleague, as far as I may see them. */
export interface Holdings {
  rows: Row[];
}

/** The queues that a colleague serves from now on; none = away. */
export interface PlaceAsked {
  queues: string[];
}

/** Close or open a queue for now, or let its hours count again. `until` 0 = until it is set again. */
export interface QueueAsked {
  queue: string;
  opening: "closed" | "open" | "usual";
  until?: number;
  notice?: string;
}

/** A message between colleagues. `seq` orders a room, the higher `n` is newer; a deleted one has no words. */
export interface MessageView {
  id: string;
  room: string;
  seq: number;
  n: number;
  at: number;
  by: string;
  by_name: string;
  text: string;
  edited_at: number;
  deleted: boolean;
}

/** A room: everybody's, a library's, one that librarians made, a pair's, or the talk beside a conversation. */
export interface RoomView {
  id: string;
  kind: "all" | "library" | "pair" | "room" | "talk";
  name: string;
  members: string[];
  made_by: string;
  conversation: string;
  listed: boolean;
  can_write: boolean;
  days: number;
  last: MessageView | null;
}

/** What changed after a number that the page holds; see `ColleaguesTold`, which says the same live. */
export interface ColleagueChanges {
  at: number;
  messages: MessageView[];
  rooms: RoomView[];
  gone: string[];
  more: boolean;
}

/** My rooms, as they are at the change `at`. */
export interface Colleagues {
  at: number;
  rooms: RoomView[];
}

/** Add members, or take some out: everybody may add and leave, who made the room may take others out. */
export interface MembersAsked {
  add?: string[];
  remove?: string[];
}

/** Words for colleagues. */
export interface MessageAsked {
  text: string;
}

/** Make a room. */
export interface RoomAsked {
  name: string;
  members?: string[];
}

/** Messages of a room, oldest first. `before`: the `seq` to ask for older ones with, 0 = there is none. */
export interface RoomMessages {
  at: number;
  room: RoomView;
  messages: MessageView[];
  before: number;
}

/** An attachment. `url` is on this host and asks for the session; `inline`: an image or a sound, shown in place. */
export interface File {
  digest: string;
  name: string;
  media_type: string;
  size: number;
  url: string;
  inline: boolean;
}

/** One line of a transcript. `position` compares as text; a line that comes again under its id replaces the former. */
export interface Line {
  id: string;
  position: string;
  who: "desk" | "librarian" | "note" | "patron" | "system";
  text: string;
  at: number;
  author: string;
  author_id: string;
  sent_at: number;
  attachments: File[];
  stage: string;
  reason: string;
  event: string;
  details: Record<string, string>;
  channel: string;
  via: string;
  html: string;
  script: string;
  mentions: string[];
  replaces: string;
  marks: string[];
  cc: string[];
  bcc: string[];
}

/** What an action brought about. `event` is the word of the event that answered it ("done" = it was so already). */
export interface Acted {
  action: string;
  event: string;
  conversation: string;
  position: string;
  row: Row | null;
  line: Line | null;
}

/** An address at which the patron can be reached. `via` is what a reply's `via` takes. */
export interface Address {
  channel: string;
  kind: string;
  address: string;
  via: string;
  current: boolean;
  left: boolean;
  blocked: boolean;
  max_text: number;
  segments: boolean;
  formatting: boolean;
  plain: boolean;
  copies: boolean;
}

/** Where my window of a call is, on this host; the address opens it for me alone while the call goes on. */
export interface CallWindow {
  url: string;
}

/** A resolution code as the patron's library shows it: its own label ("" = the field's), and whether it offers it. */
export interface ClosingCode {
  code: string;
  label: string;
  offered: boolean;
}

/** An address that stood on the patron's mail. `via` is what a reply's `cc` takes where the address is masked. */
export interface OtherRecipient {
  address: string;
  via: string;
}

/** Who asks, as far as is known. */
export interface Patron {
  name: string;
  contact: string;
  language: string;
  addresses: Address[];
  lasting: boolean;
  others: OtherRecipient[];
}

/** An earlier conversation of the same patron. */
export interface Earlier {
  id: string;
  library: string;
  channel: string;
  kind: string;
  opened_at: number;
  closed_at: number;
  owner_name: string;
  code: string;
  last_text: string;
}

/** The patron's library's policy page: `text` is Markdown. */
export interface Policy {
  library: string;
  library_name: string;
  text: string;
  url: string;
}

/** A canned message of the patron's library, or my own. */
export interface ScriptView {
  key: string;
  title: string;
  text: string;
  folder: string;
  own: boolean;
}

/** A question that was not finished live. `state`: new, open, pending, closed; `owner` "" = nobody yet. `address` as I may see it. `carrier`: what carries the answer there, as librarians call it; "" = no channel does. `elsewhere`: its owner works for another library. `held`: I may change it only once it is overdue. */
export interface FollowUp {
  id: string;
  conversation: string;
  library: string;
  library_name: string;
  state: string;
  owner: string;
  owner_name: string;
  address: string;
  deadline: number;
  question: string;
  name: string;
  at: number;
  carrier: string;
  elsewhere: boolean;
  held: boolean;
  closed_at: number;
  outcome: "" | "answered" | "not-needed" | "taken-back" | "unreached";
}

/** A colleague who has the conversation open, perhaps writing. */
export interface Viewer {
  id: string;
  name: string;
  typing: boolean;
}

/** What a librarian had begun to write. */
export interface Draft {
  conversation: string;
  text: string;
  at: number;
  note: boolean;
}

/** What the patron answered to a question of the library's own, as it was asked. */
export interface FormAnswerView {
  label: string;
  text: string;
}

/** A conversation opened. `before` fetches older lines ("" = none); looking claims nothing. */
export interface ConversationView {
  position: string;
  row: Row;
  lines: Line[];
  before: string;
  patron: Patron;
  earlier: Earlier[];
  policy: Policy;
  scripts: ScriptView[];
  descriptive: string[];
  kinds: Record<string, "directional" | "other" | "reference" | "technical">;
  codes: ClosingCode[];
  follow_ups: FollowUp[];
  merged: string[];
  viewing: Viewer[];
  draft: Draft | null;
  page: string;
  answers: FormAnswerView[];
  retention_days: number;
  default_code: string;
  account: boolean;
  read: string;
  catalogue: boolean;
  max_text: number;
  calls: ("librarian-screen" | "meeting" | "patron-screen" | "video" | "voice")[];
}

/** Another window of mine has written since (409); `draft` is what it wrote. */
export interface DraftClash {
  error: string;
  detail: string;
  reason: string;
  draft: Draft;
}

/** All that I have begun. */
export interface Drafts {
  drafts: Draft[];
}

/** How many follow-ups I may see that are not closed: all of them, mine, nobody's, those pending elsewhere, the overdue. */
export interface FollowUpCounts {
  all: number;
  mine: number;
  unassigned: number;
  elsewhere: number;
  overdue: number;
}

/** One page of the follow-ups that I may see: those due first, or the last closed first. `next` "" = there are no more. */
export interface FollowUps {
  position: string;
  follow_ups: FollowUp[];
  counts: FollowUpCounts;
  next: string;
}

/** Older lines of a transcript, oldest first. */
export interface LinePage {
  position: string;
  lines: Line[];
  before: string;
}

/** A file taken in. A message that is to carry it names the `ticket`, which holds for this conversation alone. */
export interface Uploaded {
  file: File;
  ticket: string;
}

/** How reading a calendar went. `problem` is a catalogue word, "" = none; `read_at` when it was last read well (ms). */
export interface CalendarRead {
  problem: string;
  read_at: number;
  events: number;
  titles: string[];
}

/** One day: its openings like "09:00-18:00" by the library's clock, and what they come from. */
export interface DayView {
  day: string;
  spans: string[];
  source: "always" | "calendar" | "date" | "week";
}

/** When a library or a queue is open. `weekly`: weekday -> spans like "09:00-18:00"; `dates`: "2026-12-25" -> spans ([] = closed). `url`: the address of a calendar, or `file:` and the id of an uploaded one; `only`: take only its events whose title has this word. */
export interface OpeningHours {
  weekly: Record<string, string[]>;
  dates: Record<string, string[]>;
  url: string;
  only: string;
}

/** Hours that are not saved yet, the clock they go by, and the language in which a calendar says closed. */
export interface HoursAsked {
  hours: OpeningHours;
  timezone: string;
  language?: string;
}

/** The next two weeks, today first. `calendar` is None where no address is given. */
export interface HoursPreview {
  days: DayView[];
  calendar: CalendarRead | null;
}

/** A calendar that was handed in as a file: the address by which hours name it. It's forgotten when none does for a day. */
export interface UploadedHours {
  url: string;
}

/** One page of a list, in order. `next` is the `cursor` of the next page, "" at the end. */
export interface Rows {
  position: string;
  view: "aside" | "closed" | "mine" | "open" | "waiting";
  rows: Row[];
  next: string;
}

/** Queues and people of my board that changed, and all notices to staff where one of them did; after `watch-board`. */
export interface BoardTold {
  t: "board";
  position: string;
  queues: BoardQueue[];
  people: BoardPerson[];
  notices: BoardNotice[] | null;
}

/** What colleagues wrote, up to the change `at`: messages and rooms as they are now (a higher `n` is newer), and rooms that I am not in any more. `more`: too much was missed, fetch the rooms and the open one afresh. */
export interface ColleaguesTold {
  t: "colleagues";
  at: number;
  messages: MessageView[];
  rooms: RoomView[];
  gone: string[];
  more: boolean;
}

/** A colleague asks me about an open conversation; the question stands in its messages between colleagues. */
export interface ConsultTold {
  t: "consult";
  position: string;
  conversation: string;
  by: string;
  by_name: string;
  patron: string;
  library_name: string;
  can_join: boolean;
}

/** The live counts of the rail, as far as this librarian may see. `channels_down` names channels that do not work. */
export interface Desk {
  waiting: number;
  mine: number;
  open: number;
  aside: number;
  follow_ups: number;
  oldest_since: number;
  channels_down: string[];
}

/** The counts changed. */
export interface DeskTold {
  t: "desk";
  position: string;
  desk: Desk;
}

/** A part of the desk is away. `reason`: "store-away": nothing can be taken in, keep what was written. "core-away": what is taken in waits. "log-behind": what is shown is old. "transcripts-away": search and old messages are missing. */
export interface Down {
  t: "down";
  reason: string;
  detail: string;
}

/** Follow-ups that are new or changed, and ids that are none of mine to see any more. */
export interface FollowUpsTold {
  t: "followups";
  position: string;
  upsert: FollowUp[];
  remove: string[];
}

/** Where a librarian is present, and how much they have: live (chat, IM) and slow channels apart. */
export interface Availability {
  present: boolean;
  connected: boolean;
  queues: string[];
  live: number;
  slow: number;
  live_active: number;
  slow_active: number;
}

/** Who is signed in. `csrf` goes back in the header `X-Deskbridge` of every write. */
export interface Me {
  id: string;
  name: string;
  shown: string;
  libraries: string[];
  coordinates: string[];
  role: "administrator" | "coordinator" | "counter" | "librarian";
  csrf: string;
  availability: Availability;
  must_change_password: boolean;
  second_factor: "" | "asked" | "to-add";
  passwords: boolean;
  way: string;
  notices: StaffNotice[];
  language: string;
}

/** First message. What is missing since `after` follows as ordinary messages; answer every ping within `dead_s`. */
export interface Hello {
  t: "hello";
  position: string;
  connection: string;
  me: Me;
  desk: Desk;
  ping_s: number;
  dead_s: number;
}

/** A library whose hours changed, and nothing else about it. */
export interface LibraryHours {
  id: string;
  revision: number;
  open: boolean;
}

/** Lines of a watched conversation, new or changed (by id). The first one answers `watch`, with no line when there is none: only from then on does a heard position speak for this conversation too. */
export interface LinesTold {
  t: "lines";
  position: string;
  conversation: string;
  lines: Line[];
}

/** A colleague's note names me, in a conversation that I may see. Told again where it may not have been heard: one `line` (the note's id) is one call. */
export interface MentionTold {
  t: "mention";
  position: string;
  conversation: string;
  line: string;
  by: string;
  by_name: string;
  patron: string;
  library_name: string;
  text: string;
  can_join: boolean;
  waited: boolean;
}

/** My own presence or rights changed. */
export interface MeTold {
  t: "me";
  position: string;
  me: Me;
}

/** Whether a librarian is at the desk. */
export interface PresenceView {
  id: string;
  present: boolean;
}

/** A channel and whether it works. */
export interface ChannelView {
  channel: string;
  kind: string;
  label: string;
  icon: "chat" | "mail" | "messenger" | "phone";
  queue: string;
  live: boolean;
  up: boolean;
  staff: boolean;
  reason: string;
}

/** A queue that I serve, or one of my library's, as it is now: see `QueueView`. */
export interface QueueNow {
  id: string;
  waiting: number;
  state: "away" | "busy" | "closed" | "here";
  wait_s: number | null;
}

/** Who came to the desk or left it, and channels, queues and hours that changed, as they are at the position `as_of`. What a page fetched at a later position is newer. Names, rights and queues change with a `reset`. Queues are told once a second at most: those that changed since they were told last, at first all of them. */
export interface OrganisationTold {
  t: "organisation";
  position: string;
  as_of: string;
  people: PresenceView[];
  channels: ChannelView[];
  queues: QueueNow[];
  libraries: LibraryHours[];
}

/** Are you there? Answer with pong. */
export interface Ping {
  t: "ping";
  at: number;
}

/** The position is unknown or too old, or this page read too slowly: fetch lists and open conversations afresh. */
export interface Reset {
  t: "reset";
  position: string;
  reason: "merged" | "organisation" | "slow" | "too-old" | "unknown";
}

/** Rows that are new or changed, and ids that are in none of my views any more. */
export interface RowsTold {
  t: "rows";
  position: string;
  upsert: Row[];
  remove: string[];
}

/** Somebody types or looks; `librarian` "" = the patron does. `text` is what a patron is typing, where that is shown. */
export interface SignalTold {
  t: "signal";
  kind: "draft" | "gone" | "paused" | "typing" | "viewing";
  conversation: string;
  librarian: string;
  name: string;
  text: string;
}

/** All parts are back, or the store is, and a `down` follows for another. */
export interface Up {
  t: "up";
  position: string;
}

/** The session ended; the socket is closed after this. */
export interface SignedOut {
  t: "signed-out";
}

/** What the long poll answers: the same messages as the socket. Ask again with this `position` and `connection`. */
export interface Polled {
  position: string;
  connection: string;
  messages: (Hello | Reset | RowsTold | LinesTold | SignalTold | MentionTold | ConsultTold | ColleaguesTold | MeTold | DeskTold | BoardTold | FollowUpsTold | OrganisationTold | Down | Up | Ping | SignedOut)[];
}

/** A browser's subscription, as its `toJSON` has it. */
export interface PushAsked {
  endpoint: string;
  p256dh: string;
  auth: string;
}

/** The address of a subscription that its browser ended. */
export interface PushEnded {
  endpoint: string;
}

/** What a browser needs to subscribe to pushed notices: the desk's public key, an uncompressed point in URL-safe base64. */
export interface PushView {
  key: string;
  devices: number;
}

/** When nothing rings for me: from `start` to `end`, each "HH:MM" by the clock of `timezone`. */
export interface QuietHoursView {
  on: boolean;
  start: string;
  end: string;
  timezone: string;
}

/** Another webhook, or other wishes for the one that is kept (`url` ""). */
export interface TeamWebhookAsked {
  shape: "json" | "ntfy" | "slack" | "teams";
  events: ("channel" | "follow-up" | "nobody" | "waiting")[];
  url?: string;
}

/** How a library's team is told: never the address, only its host. `secret` only where it was made just now. */
export interface TeamWebhookView {
  host: string;
  shape: "json" | "ntfy" | "slack" | "teams";
  events: ("channel" | "follow-up" | "nobody" | "waiting")[];
  problem: string;
  problem_at: number;
  sent_at: number;
  secret: string;
}

/** A channel in this process. `state`: "elsewhere" where another process serves it. `since` is when it became so. */
export interface ChannelNow {
  channel: string;
  kind: string;
  up: boolean;
  state: string;
  reason: string;
  since: number;
  failures: number;
  waiting: number;
}

/** A follower of the log in this process, and how late it is. */
export interface FollowerView {
  name: string;
  lag_ms: number;
}

/** Rows that a channel remembers, by kind: texts that are parked, say. */
export interface KeptView {
  channel: string;
  kind: string;
  rows: number;
}

/** Who holds the core ("") or a channel; `took_ms`: how long the last take-over took, 0 = none was seen. */
export interface LeaseView {
  lease: string;
  host: string;
  since: number;
  took_ms: number;
}

/** Inputs of one commit that could not be decided. They hold words of patrons, so only their kinds and channels are told. */
export interface LetterView {
  id: string;
  at: number;
  kinds: string[];
  channels: string[];
  errors: string[];
}

/** A part of this daemon, as /readyz tells it. `required`: without it nothing is taken in, or nothing reaches anyone. */
export interface PartView {
  name: string;
  ready: boolean;
  required: boolean;
  why: string;
}

/** A daemon that shares this desk. `here`: the one that answers. */
export interface ProcessView {
  host: string;
  release: string;
  roles: string;
  since: number;
  here: boolean;
}

/** A stream of Redis and its entries. */
export interface StreamView {
  name: string;
  entries: number;
}

/** All of it, at one moment. `more`: there are older letters than those shown. */
export interface Operations {
  release: string;
  python: string;
  redis: string;
  database: string;
  position: number;
  input_age_ms: number;
  memory_used: number;
  memory_limit: number;
  parts: PartView[];
  channels: ChannelNow[];
  leases: LeaseView[];
  processes: ProcessView[];
  followers: FollowerView[];
  streams: StreamView[];
  kept: KeptView[];
  letters: LetterView[];
  more: boolean;
}

/** A kind of address that a library answers to, and what carries the answer, as librarians call it. */
export interface CarrierView {
  kind: "im" | "mail" | "phone";
  label: string;
}

/** A resolution code: "answered", "follow_up_library", "follow_up_me", "unreached", "lost_call", "practice". */
export interface CodeView {
  code: string;
  effect: string;
}

/** What is wrong with one field of a library: a path as in `queues[1].tiers[2].teams`, counted from 1, and words for people. */
export interface FieldFaultView {
  field: string;
  says: string;
}

/** A librarian who left a library. Until they are released, no other library can list them. */
export interface LeaverView {
  id: string;
  released: boolean;
}

/** A team of any library, as an editor offers it. */
export interface TeamView {
  id: string;
  name: string;
  library: string;
  library_name: string;
}

/** A queue of any library, as an editor offers it; `waiting` only for the library that is edited. */
export interface QueueChoice {
  id: string;
  name: string;
  library: string;
  library_name: string;
  waiting: number;
  channels: string[];
}

/** When a partner's teams (none named = all of its teams) answer in a queue. */
export interface PromiseView {
  queue: string;
  teams: string[];
  when: "always" | "our-hours" | "while-closed";
}

/** What another library agreed to for the queues of the one that is edited; `always`: to everything, at any time. */
export interface LibraryPromises {
  library: string;
  always: boolean;
  agreements: PromiseView[];
}

/** A sentence of the desk without a library's own words, and the names that are filled in in it. */
export interface SentenceView {
  key: string;
  text: string;
  names: string[];
}

/** What the editor of a library offers. `moments`: keys of scripts that the desk says by itself. `notices`: texts in Markdown for the public page that a library can make its own, by kind ("privacy", "accessibility"). */
export interface LibraryChoices {
  teams: TeamView[];
  queues: QueueChoice[];
  partners: LibraryPromises[];
  sentences: SentenceView[];
  moments: string[];
  notices: Record<string, string>;
}

/** Teams that are asked together; the next tier opens `after_s` seconds after this one did. An empty tier is skipped at once. */
export interface Tier {
  teams: string[];
  after_s: number;
}

/** Where conversations wait. `id` is `library/name`; without tiers all of its library's librarians serve it. */
export interface Queue {
  id: string;
  name: string;
  policy: "fewest_active" | "longest_idle" | "offer" | "round_robin";
  tiers: Tier[];
  offer_s: number;
  accept_when_closed: boolean;
  concierge_s: number;
  fair_limit: number;
  fair_window_s: number;
  prefer_known: boolean;
  max_waiting: number;
  openings: [number, number][] | null;
  opening_words: string[];
}

/** Librarians who serve together; `id` is `library/name`. Members may come from other libraries. */
export interface Team {
  id: string;
  name: string;
  members: string[];
}

/** A member of staff. `shown` is the name patrons see. Capacity counts live and slow channels apart. A `coordinator` edits their library, an `administrator` every library of the consortium. Both serve patrons like a librarian. A `counter` only counts: they see no conversation and claim none. */
export interface Librarian {
  id: string;
  name: string;
  shown: string;
  coordinator: boolean;
  active: boolean;
  live: number;
  slow: number;
  address: string;
  since: number;
  role: "administrator" | "coordinator" | "counter" | "librarian";
  languages: string[];
  subjects: string[];
}

/** What a library promises to a partner: its teams answer in the partner's `queue`. It may be taken back at any time. `teams` are its own, () = all of them. `when`: "always"; "while-closed" = only while the partner's queue is closed; "our-hours" = only in this library's own hours. The wait for a tier begins as if a team that does not answer now had nobody. */
export interface Agreement {
  queue: string;
  teams: string[];
  when: "always" | "our-hours" | "while-closed";
}

/** A canned message; `key` such as "greeting" or "goodbye" makes it the library's own for that moment. */
export interface Script {
  key: string;
  title: string;
  text: string;
  folder: string;
}

/** How a library shows a resolution code to its librarians: under a label of its own, or not at all. What it does stays. */
export interface CodeChoice {
  code: string;
  label: string;
  offered: boolean;
}

/** Seconds, each with the field's default; 0 switches one off. */
export interface Timers {
  remind_s: number;
  mark_s: number;
  still_there_s: number;
  close_silent_s: number;
  grace_s: number;
  reopen_live_s: number;
  reopen_slow_s: number;
  target_s: number;
  target_text_s: number;
  target_mail_s: number;
  target_form_s: number;
  follow_up_s: number;
}

/** A link on a library's public page. */
export interface PortalLink {
  label: string;
  url: string;
}

/** What a library says of itself on its public page. Nothing is decided by it. welcome, accessibility, privacy Markdown; "" = the page shows none phone, mail, text, messenger where one can ask: a number with its country code, an address, a number for texts, a JID catalogue the address of a search, with `{words}` where the words go */
export interface PortalPage {
  tagline: string;
  welcome: string;
  street: string;
  town: string;
  phone: string;
  mail: string;
  text: string;
  messenger: string;
  catalogue: string;
  links: PortalLink[];
  accessibility: string;
  privacy: string;
}

/** A question of the library's own before the first message. `choices` () = free text. `key` stays when the label changes. */
export interface FormField {
  key: string;
  label: string;
  choices: string[];
  required: boolean;
}

/** When the chat's button invites a visitor by itself: after `after_s` seconds on a page (0 = never). `pages`: paths, `*` for any letters, as `/catalogue/*`; () = every page. `text`: what it says, "" = the widget's own words. */
export interface ChatInvitation {
  after_s: number;
  pages: string[];
  text: string;
}

/** How a library's chat presents itself. naming how its librarians are called to patrons: the name they show, the first word of it, its initial, or no name privacy_url where patrons read what becomes of what they write; "" = nowhere fields the library's own questions before the first message choose_queue patrons may choose one of the library's queues invitation when a page with the button invites by itself */
export interface ChatSettings {
  naming: "first" | "full" | "initial" | "librarian";
  privacy_url: string;
  fields: FormField[];
  choose_queue: boolean;
  invitation: ChatInvitation;
}

/** What staff choose from when they count a question, and what kind each descriptive code says that a question is. places, patron_types the library's own lists; () = those that the desk proposes in the library's language code_kinds by descriptive code; a code without an entry says nothing */
export interface CounterSettings {
  places: string[];
  patron_types: string[];
  code_kinds: Record<string, "directional" | "other" | "reference" | "technical">;
}

/** One library at one revision. The core ignores a revision that is not newer than the one it has. */
export interface Library {
  id: string;
  revision: number;
  name: string;
  timezone: string;
  language: string;
  accent: string;
  openings: [number, number][] | null;
  opening_words: string[];
  queues: Queue[];
  teams: Team[];
  librarians: Librarian[];
  agreements: Agreement[] | null;
  scripts: Script[];
  descriptive: string[];
  codes: CodeChoice[];
  policy_page: string;
  policy_url: string;
  timers: Timers;
  wording: Record<string, string>;
  retention_days: number;
  staff_retention_days: number;
  default_code: string;
  mask_addresses: boolean;
  ratings: boolean;
  typing_preview: boolean;
  removed: boolean;
  guests: string[];
  contact_channel: string;
  partner: string;
  portal: PortalPage;
  writes_first: "coordinators" | "nobody" | "staff";
  writes_first_per_day: number;
  assigns: "coordinators" | "staff";
  chat: ChatSettings;
  country: string;
  meeting_url: string;
  counter: CounterSettings;
}

/** A library's hours, and those of queues that have their own (`library/name` -> hours). Others keep the library's. */
export interface Calendar {
  weekly: Record<string, string[]>;
  dates: Record<string, string[]>;
  url: string;
  only: string;
  queues: Record<string, OpeningHours>;
}

/** A library as its coordinator edits it: the organisation's own struct and its hours, by local time. `library.revision` is the one that was read; a save is refused (409 outdated) when somebody else saved meanwhile. */
export interface LibraryDocument {
  library: Library;
  calendar: Calendar;
}

/** A library cannot be kept as it is (422): everything that is wrong with it. */
export interface LibraryFaults {
  error: string;
  detail: string;
  faults: FieldFaultView[];
}

/** A library as librarians see it. */
export interface LibraryView {
  id: string;
  revision: number;
  name: string;
  timezone: string;
  language: string;
  accent: string;
  mine: boolean;
  coordinated: boolean;
  target_s: number;
  follow_up_s: number;
  retention_days: number;
  default_code: string;
  descriptive: string[];
  scripts: ScriptView[];
  open: boolean;
  answers: CarrierView[];
  country: string;
  writes_first: boolean;
  gives: boolean;
  hours_problem: string;
  hours_read_at: number;
  emblem: string;
}

/** A code with which a librarian signs in once and then chooses a password. Shown this once. */
export interface OneTimeCode {
  librarian: string;
  code: string;
  expires_at: number;
}

/** A queue and the people behind it. */
export interface QueueView {
  id: string;
  name: string;
  library: string;
  policy: string;
  waiting: number;
  serves: boolean;
  state: "away" | "busy" | "closed" | "here";
  wait_s: number | null;
}

/** A librarian as colleagues see them. */
export interface Person {
  id: string;
  name: string;
  shown: string;
  libraries: string[];
  present: boolean;
  coordinator: boolean;
  role: "administrator" | "coordinator" | "counter" | "librarian";
  active: boolean;
}

/** Who works where, on which queues, with which words. */
export interface Organisation {
  position: string;
  libraries: LibraryView[];
  queues: QueueView[];
  librarians: Person[];
  codes: CodeView[];
  channels: ChannelView[];
}

/** What happened to a library's people, when (ms), and who did it ("" = the operator). */
export interface StaffChangeView {
  at: number;
  librarian: string;
  what: "came" | "left" | "moved-away" | "moved-here" | "refused-here" | "refused-there" | "released";
  who_name: string;
  other_name: string;
}

/** A library's leavers, and the newest hundred changes of its people, newest first. */
export interface People {
  leavers: LeaverView[];
  changes: StaffChangeView[];
}

/** One script of my own. */
export interface PersonalScript {
  key: string;
  title: string;
  text: string;
  folder?: string;
}

/** Scripts of my own; a change of them names the `edition` that was read. */
export interface PersonalScriptList {
  edition: string;
  scripts: ScriptView[];
}

/** Keep these scripts in place of those of an `edition`; refused (409 outdated) when that has changed. */
export interface PersonalScriptsAsked {
  edition: string;
  scripts: PersonalScript[];
}

/** A library's organisation was stored at this revision. */
export interface Saved {
  library: string;
  revision: number;
}

/** Nothing more of the board. */
export interface LeaveBoard {
  t: "leave-board";
}

/** Whether this page is shown on a screen: while it's hidden, I view nothing. A page that says nothing is shown. */
export interface Looking {
  t: "looking";
  shown: boolean;
}

/** I stopped writing. */
export interface Paused {
  t: "paused";
  conversation: string;
}

/** I am here. May also be sent unasked; the server answers an unasked one with a ping. */
export interface Pong {
  t: "pong";
  at?: number;
}

/** I am writing to the patron (`note`: to colleagues; the patron is not told). Say it again every 3 s. */
export interface Typing {
  t: "typing";
  conversation: string;
  note?: boolean;
}

/** No more lines of this conversation. */
export interface Unwatch {
  t: "unwatch";
  conversation: string;
}

/** Send me the lines of this conversation from now on (its view was fetched at `position`), and show me as viewing. */
export interface Watch {
  t: "watch";
  conversation: string;
  position?: string;
}

/** Tell me what changes on my board, which was fetched at `position`. */
export interface WatchBoard {
  t: "watch-board";
  position?: string;
}

/** Accept another deployment's invitation. */
export interface InvitationAccepted {
  channel: string;
  library: string;
  invitation: string;
}

/** Invite another deployment. `library`: the id that it has as a library here. */
export interface InvitationAsked {
  channel: string;
  library: string;
}

/** A channel by which partners reach us. `queue`: where we help them. */
export interface PartnerChannelView {
  channel: string;
  address: string;
  queue: string;
}

/** A partnership. `ours`, `theirs`: the fingerprints of both keys, "" while one is not known. `state`: see bridge.contract.partners. `agreed`: they have confirmed it, too. `here`: heard of within a minute. `doubt`: a word for what was wrong lately. */
export interface PartnerView {
  id: string;
  channel: string;
  state: "confirmed" | "ended" | "invited" | "joining" | "revoked" | "unconfirmed";
  name: string;
  library: string;
  url: string;
  ours: string;
  theirs: string;
  agreed: boolean;
  works: boolean;
  here: boolean;
  made_at: number;
  heard_at: number;
  expires_at: number;
  version: number;
  doubt: string;
  open: boolean;
  staffed: boolean;
  busy: boolean;
  wait_s: number;
  confirmed_by: string;
  ended_by: string;
}

/** An invitation, shown once. Whoever has it can accept it. */
export interface PartnerInvitation {
  partner: PartnerView;
  invitation: string;
}

/** All partnerships, newest first. */
export interface PartnerList {
  channels: PartnerChannelView[];
  partners: PartnerView[];
}

/** The desk refused an action (409). `reason` is a word of the catalogue; `holder` who has it, when that is why. `conversation`: the one that is the reason, or that it was about, where I may see it. */
export interface Clash {
  error: string;
  detail: string;
  reason: string;
  holder: string;
  holder_name: string;
  conversation: string;
}

/** The action is durable and not answered yet (202): its effect comes over the live socket. */
export interface Pending {
  action: string;
}

/** Why a request was not done. `error` is a word for programs, `detail` a sentence for people. */
export interface Problem {
  error: string;
  detail: string;
}

/** Refuse further messages of this patron at this address, until `until` (0 = no end). */
export interface BlockAsked {
  reason?: string;
  until?: number;
}

/** Offer the patron a call: a meeting alone, or what it is to begin with. */
export interface CallAsked {
  kinds: ("librarian-screen" | "meeting" | "patron-screen" | "video" | "voice")[];
}

/** A call of this conversation. */
export interface CallNamed {
  call: string;
}

/** The patron came to this meeting, or this call is over. */
export interface CallSetAsked {
  call: string;
  to: "accepted" | "ended";
}

/** Where and until when an unfinished question is to be answered. */
export interface PlanAsked {
  address?: string;
  deadline?: number;
  question?: string;
}

/** One of its questions: its kind ("" = what the codes say), and 1-6 on the READ scale (0 = not rated). */
export interface QuestionAsked {
  kind?: "directional" | "other" | "reference" | "technical" | "";
  read?: number;
}

/** End it. `code` "" = none chosen; `read_scale` 0 = not rated. `seen_at`: the time of the patron's last line that I have before me; where they wrote later it is refused. 0 = it does not matter. */
export interface CloseAsked {
  code?: string;
  seen_at?: number;
  follow_up?: PlanAsked | null;
  descriptive?: string[];
  read_scale?: number;
  reference?: boolean | null;
  questions?: QuestionAsked[];
}

/** Ask one librarian, a queue's staff or a library; `join`: they may also join and answer the patron. */
export interface ConsultAsked {
  librarian?: string;
  queue?: string;
  library?: string;
  join?: boolean;
}

/** End a consultation of one librarian, one queue or one library, exactly one of them. */
export interface ConsultEndAsked {
  librarian?: string;
  queue?: string;
  library?: string;
}

/** What I have begun to write; empty text forgets it. `window`: a word by which a page knows itself. `base`: the `at` of the draft that it last took from here. With both, what another window wrote since is not overwritten: 409 `DraftClash`. */
export interface DraftAsked {
  text: string;
  note?: boolean;
  window?: string;
  base?: number | null;
}

/** Change a follow-up's state, owner ("" = nobody), deadline or address ("" = as it was); `outcome` of one that is closed. */
export interface FollowUpAsked {
  state: "closed" | "new" | "open" | "pending";
  owner?: string;
  deadline?: number;
  address?: string;
  outcome?: "" | "answered" | "not-needed" | "taken-back" | "unreached";
}

/** Write down the patron's name or an address to answer to. */
export interface IdentifyAsked {
  name?: string;
  contact?: string;
}

/** Read the inbox in this language from now on; "" = what the browser prefers. */
export interface LanguageChoice {
  language: string;
}

/** Sign in with a password or with a one-time code, exactly one of them. */
export interface Login {
  name: string;
  password?: string;
  code?: string;
}

/** The other conversation of the same patron. */
export interface MergeAsked {
  other: string;
}

/** Write for colleagues only. */
export interface NoteAsked {
  text: string;
  mentions?: string[];
}

/** Choose another password. `old` may be empty right after signing in with a one-time code. */
export interface PasswordChange {
  new: string;
  old?: string;
}

/** Be present at exactly these queues (none = away), with own limits (0 = the library's). */
export interface PresenceAsked {
  queues: string[];
  live?: number;
  slow?: number;
}

/** Read up to and including this patron's message (a line's id). */
export interface ReadAsked {
  message: string;
}

/** Correct the codes of a closed conversation. */
export interface RecodeAsked {
  code: string;
  descriptive?: string[];
  read_scale?: number;
  reference?: boolean | null;
  questions?: QuestionAsked[];
  follow_up?: PlanAsked | null;
}

/** Put it back into its queue; `transfer`: take back a transfer of mine, and nothing else. */
export interface ReleaseAsked {
  transfer?: boolean;
}

/** Answer the patron. `via` is an address's `via` ("" = the one last used); `attachments` are tickets of uploads; `again` is the id of an answer given here before, whose files go along once more ("" = none); `faq` is the id of the entry of the FAQ whose words were used ("" = none). `cc` and `bcc` hold mail addresses, or the `via` of one that stood on the patron's mail; `subject` is another subject ("" = as it was). */
export interface SayAsked {
  text: string;
  attachments?: string[];
  again?: string;
  via?: string;
  script?: string;
  all_recipients?: boolean;
  faq?: string;
  cc?: string[];
  bcc?: string[];
  subject?: string;
}

/** Put it off. `until` (ms): "later" needs it, "no-answer" has none. At most 92 days ahead, 4 hours in a live chat. */
export interface SnoozeAsked {
  why: "later" | "no-answer" | "patron";
  until?: number;
}

/** Offer it to one librarian or one queue, exactly one of them. */
export interface TransferAsked {
  librarian?: string;
  queue?: string;
  note?: string;
}

/** A piece of a found line; `hit` marks a word that was asked for. */
export interface Fragment {
  text: string;
  hit: boolean;
}

/** What was found in a conversation: something said, or a fact about it. `line`: where it is seen, "" = beside the lines. */
export interface Match {
  kind: "address" | "code" | "contact" | "file" | "name" | "said" | "subject" | "topic";
  at: number;
  snippet: Fragment[];
  line: string;
  who: string;
}

/** A conversation that was found, and what was found in it, the newest first; nothing where only filters were asked for. */
export interface Hit {
  conversation: string;
  library: string;
  library_name: string;
  channel: string;
  kind: string;
  patron: string;
  subject: string;
  state: "closed" | "open";
  owner_name: string;
  code: string;
  last_text: string;
  last_at: number;
  closed_at: number;
  can_export: boolean;
  matches: Match[];
  imported: string;
}

/** What of a question was not understood. `near`: what may have been meant, or what there is to choose from. */
export interface SearchFault {
  token: string;
  reason: "no-day" | "no-filter" | "no-such" | "no-value" | "only-without" | "too-many";
  near: string[];
}

/** One page of what was found, newest first. With `faults` nothing was looked for. */
export interface Hits {
  hits: Hit[];
  next: string;
  faults: SearchFault[];
}

/** A question under a name: one's own, or shared with the staff of `library`. */
export interface SavedSearchView {
  id: string;
  name: string;
  query: string;
  library: string;
  library_name: string;
  can_change: boolean;
}

/** What I kept, and what is shared with me, by name. `topics`: my libraries' descriptive codes, which `code:` takes, too. */
export interface SavedSearchList {
  searches: SavedSearchView[];
  topics: string[];
}

/** Keep a question under a name; one of that name is replaced. `library`: share it there, as its coordinator. */
export interface SaveSearchAsked {
  name: string;
  query: string;
  library?: string;
}

/** Write first to an address. `attachments` are tickets of uploads for this; `apart`: although one with it is open. */
export interface BeginAsked {
  channel: string;
  address: string;
  text: string;
  subject?: string;
  name?: string;
  attachments?: string[];
  cc?: string[];
  bcc?: string[];
  apart?: boolean;
}

/** A channel by which I may write first. `kinds`: the addresses that it takes; `library`: whose people answer there. */
export interface BeginChannel {
  channel: string;
  label: string;
  icon: "chat" | "mail" | "messenger" | "phone";
  kinds: ("im" | "mail" | "phone")[];
  library: string;
  library_name: string;
  up: boolean;
  copies: boolean;
  titled: boolean;
  files: boolean;
  max_text: number;
  segments: boolean;
  plain: boolean;
  left: number;
}

/** The channels by which I may write first; none = my libraries don't let me, or have no such channel. */
export interface BeginChoices {
  channels: BeginChannel[];
}

/** Send a message (the `line`'s id) with its files, or the transcript, on to a mail address with words of mine. */
export interface ForwardAsked {
  address: string;
  what: "message" | "transcript";
  line?: string;
  note?: string;
  subject?: string;
}

/** The catalogue of the patron's library. `searched`: the desk searches it itself; `words`: what the patron seems to look for; `link`: the library's own search page for these words, "" = none. `name` is "" where no catalogue is configured. */
export interface CataloguePanel {
  name: string;
  searched: boolean;
  words: string;
  link: string;
}

/** One record. `authors` and `editors` are as catalogued ("Family, Given", or a body's name); `year` as digits, "" = none. */
export interface CatalogueRecord {
  id: string;
  kind: "article" | "book" | "journal" | "map" | "other" | "recording" | "score" | "video";
  title: string;
  authors: string[];
  editors: string[];
  year: string;
  publisher: string;
  place: string;
  edition: string;
  isbn: string;
  issn: string;
  pages: string;
  language: string;
  series: string;
  container: string;
  container_part: string;
  call_number: string;
  url: string;
}

/** One page of what a catalogue found. `next` begins the next page, 0 = none; `broken` records could not be read. `problem` is a catalogue word, "" = it went well; `detail` is the catalogue's own word about it. */
export interface CatalogueFound {
  records: CatalogueRecord[];
  total: number;
  next: number;
  broken: number;
  problem: string;
  detail: string;
  link: string;
}

/** One copy: where it stands, and whether it's in. `due` is a date as the catalogue writes it, `waiting` people before one. */
export interface Copy {
  status: "away" | "here-only" | "in" | "on-loan" | "online" | "unknown";
  place: string;
  call_number: string;
  due: string;
  waiting: number;
}

/** One record, cited, with its copies; `problem` is about the copies. `at` is when they were asked about. */
export interface CatalogueDetail {
  citation: string;
  link: string;
  copies: Copy[];
  problem: string;
  at: number;
}

/** A descriptive code and the kind of question that it is for, "" = it says none. */
export interface CounterCode {
  code: string;
  kind: "directional" | "other" | "reference" | "technical" | "";
}

/** A library that I count for, and its lists. */
export interface CounterLibrary {
  id: string;
  name: string;
  places: string[];
  patron_types: string[];
  codes: CounterCode[];
  coordinated: boolean;
}

/** What I count with; my own library comes first. */
export interface CounterView {
  libraries: CounterLibrary[];
}

/** One question. `id` is made by who counts, and a repeat of it counts once; `interaction` groups the questions of one encounter ("" = a single one). `at`: when it was asked (ms); a time to come is taken for now. `minutes` null = not said; `read_level` null = not rated. A place or patron type that left the library's list meanwhile is kept. */
export interface QuestionCounted {
  id: string;
  library: string;
  at: number;
  mode: "chat" | "consultation" | "email" | "other" | "phone" | "roving" | "sms" | "walk_up";
  kind: "directional" | "other" | "reference" | "technical";
  interaction?: string | "";
  place?: string;
  patron_type?: string;
  minutes?: number | null;
  read_level?: number | null;
  codes?: string[];
  question?: string;
  answer?: string;
}

/** Count these questions: all, or none where one of them can't be. */
export interface CountAsked {
  questions: QuestionCounted[];
}

/** The ids that count now; those that were known already are left out. */
export interface Counted {
  fresh: string[];
}

/** A question that was counted. `mine`: by me. It has no colleague's name. */
export interface CountedView {
  id: string;
  interaction: string;
  at: number;
  mode: "chat" | "consultation" | "email" | "other" | "phone" | "roving" | "sms" | "walk_up";
  place: string;
  patron_type: string;
  kind: "directional" | "other" | "reference" | "technical";
  minutes: number | null;
  read_level: number | null;
  codes: string[];
  question: string;
  answer: string;
  mine: boolean;
  taken_back: boolean;
}

/** What was counted on a day by the library's clock, newest first; 500 at most. `total` leaves out what was taken back. */
export interface CountedDay {
  library: string;
  day: string;
  total: number;
  questions: CountedView[];
}

/** One question of a conversation, as it was said at its end: `kind` "" = what the codes say, `read` 0 = not rated. */
export interface EndedQuestion {
  kind: "directional" | "other" | "reference" | "technical" | "";
  read: number;
}

/** What was said of a conversation at its end. `reference`: said against the rule of kinds; null = the rule holds. */
export interface CountedEnd {
  descriptive: string[];
  questions: EndedQuestion[];
  reference: boolean | null;
}

/** One entry in a list: its first title, and what was counted in the last 90 days. */
export interface FaqRow {
  id: string;
  library: string;
  title: string;
  languages: string[];
  state: "archived" | "cooperative" | "draft" | "public" | "staff";
  owner: string;
  owner_name: string;
  review_by: string;
  due: boolean;
  topics: string[];
  featured: boolean;
  changed_at: number;
  changed_by: string;
  views: number;
  helpful: number;
  unhelpful: number;
  solved: number;
  used: number;
}

/** The entries of a library. `publishes`: I may make them public; `total` counts more than are shown. */
export interface FaqList {
  rows: FaqRow[];
  topics: string[];
  total: number;
  writes: boolean;
  publishes: boolean;
}

/** An entry in one language. `body` is Markdown; `asked` are other phrasings; `slug` is the address, "" = made of the title. */
export interface EntryText {
  language: string;
  title: string;
  body: string;
  slug: string;
  asked: string[];
}

/** A file beside an entry. `file` names its bytes (SHA-256); `alt` says in words what it shows. */
export interface EntryFile {
  file: string;
  name: string;
  type: string;
  size: number;
  alt: string;
}

/** One entry. `revision` counts its versions, 0 = not kept yet; times in ms. `owner` is a librarian, "" = nobody; `review_by` a day like 2027-03-01, "" = never; `related` are ids of entries; `source` is the conversation that it was made from, which no public page tells. */
export interface FaqEntry {
  library: string;
  texts: EntryText[];
  id: string;
  state: "archived" | "cooperative" | "draft" | "public" | "staff";
  owner: string;
  review_by: string;
  topics: string[];
  related: string[];
  files: EntryFile[];
  featured: boolean;
  source: string;
  revision: number;
  made_at: number;
  changed_at: number;
  changed_by: string;
}

/** What a reader said who found an entry unhelpful. */
export interface Remark {
  n: number;
  entry: string;
  at: number;
  text: string;
}

/** An entry opened. `writes` and `publishes` say what I may do; `path` is where a public one is, by language. */
export interface FaqEntryView {
  entry: FaqEntry;
  writes: boolean;
  publishes: boolean;
  changed_by: string;
  paths: Record<string, string>;
  remarks: Remark[];
}

/** An entry to keep in place of its revision; 0 = a new one. */
export interface FaqAsked {
  entry: FaqEntry;
}

/** Somebody else saved the entry meanwhile (409). `now` is what is kept, None when it was removed. */
export interface FaqClash {
  error: string;
  detail: string;
  reason: "address-taken" | "outdated";
  by: string;
  now: FaqEntry | null;
}

/** One field that a version changed, with the lines that went and came: "-" and "+" before each, " " for what stayed. */
export interface FaqDifference {
  field: string;
  lines: string[];
}

/** What a change made of an entry. */
export interface FaqVersionView {
  revision: number;
  at: number;
  who: string;
  differences: FaqDifference[];
  entry: FaqEntry;
}

/** All versions, newest first. */
export interface FaqVersions {
  versions: FaqVersionView[];
}

/** Markdown to look at. */
export interface FaqPreviewAsked {
  markdown: string;
}

/** It as clean HTML, as the public page shows it. */
export interface FaqPreview {
  html: string;
}

/** Words that were searched for and not found, and how often within `GAP_DAYS`. */
export interface Gap {
  words: string;
  language: string;
  count: number;
  last: string;
}

/** A link that leads nowhere; `problem` is a word. */
export interface BrokenLink {
  entry: string;
  url: string;
  checked_at: number;
  problem: string;
}

/** What needs a librarian: entries due for review, searches that found nothing, broken links, remarks. */
export interface FaqCare {
  due: FaqRow[];
  gaps: Gap[];
  broken: BrokenLink[];
  remarks: Remark[];
  titles: Record<string, string>;
}

/** What was seen to: the words of a gap, or the number of a remark. */
export interface FaqCareAsked {
  gap?: string;
  remark?: number;
}

/** Something that was taken out of a conversation's words. */
export interface RemovedPart {
  kind: "mail" | "name" | "number" | "query";
  text: string;
}

/** An entry made from a conversation, not kept yet, and what was taken out of its words. */
export interface FaqDraft {
  entry: FaqEntry;
  removed: RemovedPart[];
}

/** An entry beside a chat: where it is (`url`, "" = not public), and the words to insert. */
export interface FaqSuggestion {
  id: string;
  title: string;
  language: string;
  state: "archived" | "cooperative" | "draft" | "public" | "staff";
  library: string;
  url: string;
  text: string;
  review_by: string;
  changed_at: number;
}

/** The entries nearest to `asked`: words of the librarian, else the patron's last. */
export interface FaqSuggestions {
  asked: string;
  entries: FaqSuggestion[];
}

/** A file that was taken in; an entry names it with a text that says what it shows. */
export interface FaqFileKept {
  file: EntryFile;
}

/** How it stands. `offered_until`: a link works until then (ms), 0 = none; `until`: what the patron allowed ends then. `ending` is how the card ends; `scopes` what may be seen. */
export interface AccountState {
  system: string;
  offered_until: number;
  since: number;
  until: number;
  ending: string;
  scopes: string[];
}

/** A link for the patron: it works once, until then (ms). */
export interface AccountLink {
  url: string;
  until: number;
}

/** Something on loan. `id` is the system's own; `due` is a date like 2026-12-24, or as the system writes it. */
export interface Loan {
  id: string;
  title: string;
  due: string;
  overdue: boolean;
  renewable: "no" | "unknown" | "yes";
  renewals: string;
}

/** Something on hold. `ready`: it waits to be picked up. */
export interface HeldItem {
  id: string;
  title: string;
  ready: boolean;
  place: string;
}

/** What is owed: an amount with its currency as the system writes them, and what for. */
export interface Fees {
  total: string;
  lines: string[];
}

/** How the library reaches the patron. */
export interface PatronContact {
  name: string;
  email: string;
  phone: string;
  address: string;
}

/** What is seen of an account; None = the patron did not allow it. */
export interface PatronAccount {
  loans: Loan[] | null;
  holds: HeldItem[] | null;
  fees: Fees | null;
  contact: PatronContact | null;
  notices: string[];
}

/** The account as the library system tells it now. `problem` is a catalogue word, "" = none. */
export interface AccountSeen {
  account: PatronAccount;
  problem: string;
}

/** A loan or a hold, by its id. */
export interface AccountItem {
  id: string;
}

/** What became of a step. `said` is the library system's own word, `due` the new date. */
export interface AccountDone {
  done: boolean;
  due: string;
  said: string;
}

/** Begin a session. `scenario` is the name, `whose` the library that wrote it ("" = it comes with Deskbridge). `library`: where I practise, "" = at home. `second`: a colleague who practises too, asked after me. `player`: a colleague who plays the patron by hand, "" = the script does. */
export interface PracticeAsked {
  scenario: string;
  manners: "im" | "mail" | "text" | "web";
  whose?: string;
  library?: string;
  second?: string;
  player?: string;
}

/** A colleague. */
export interface PracticePerson {
  id: string;
  name: string;
}

/** What the patron tells when asked, for who plays them. `told`: it was told already. */
export interface PracticeFactView {
  id: string;
  asked: string[];
  told: string[];
  wanted: boolean;
  said: boolean;
}

/** A session. `conversation` opens it in the inbox. `player`: who plays the patron, null = the script. `facts`, `told`: how many facts a good session finds out, and how many were. `part`: what the patron knows, for the player alone. `can_play`: I may take the patron's part; `can_end`: I may end it. */
export interface PracticeSessionView {
  id: string;
  conversation: string;
  scenario: string;
  whose: string;
  title: string;
  manners: "im" | "mail" | "text" | "web";
  library: string;
  trainees: PracticePerson[];
  player: PracticePerson | null;
  at: number;
  over: boolean;
  facts: number;
  told: number;
  can_play: boolean;
  can_end: boolean;
  part: PracticeFactView[];
}

/** The sessions of the last seven days that I may see, the newest first: mine, and those of libraries that I coordinate. */
export interface PracticeSessions {
  sessions: PracticeSessionView[];
}

/** A line of the patron, written by who plays them; `leaves`: the patron goes after it. One of the two is there. */
export interface PracticeLineAsked {
  text?: string;
  leaves?: boolean;
}

/** Take the patron's part from now on, or give it back to the script. */
export interface PracticePartAsked {
  mine: boolean;
}

/** A line as the patron sees it, for who plays them. */
export interface PracticeHeard {
  id: string;
  who: "desk" | "librarian" | "patron";
  author: string;
  text: string;
  at: number;
}

/** What the patron sees of the conversation, oldest first. */
export interface PracticeTalk {
  lines: PracticeHeard[];
}

/** `everything`: all that is this patron's at my library; `follow_ups`: open ones are given up with their conversations. */
export interface ForgetAsked {
  everything?: boolean;
  follow_ups?: boolean;
}

/** A conversation as far as forgetting it goes. */
export interface PatronConversation {
  id: string;
  opened_at: number;
  open: boolean;
  follow_up: boolean;
}

/** An entry of the FAQ that was made from a conversation. */
export interface EntryMade {
  id: string;
  conversation: string;
  title: string;
}

/** All of a patron's conversations at my library; `elsewhere`: how many are other libraries'. `faq`: entries that were made from words of these conversations. They stay, and somebody should look them over. */
export interface PatronConversations {
  conversations: PatronConversation[];
  elsewhere: number;
  faq: EntryMade[];
}

/** A conversation that was not forgotten, and why; "pending" = it will be, and has not been answered yet. */
export interface NotForgotten {
  conversation: string;
  reason: string;
}

/** What was forgotten at a patron's request, and what was not. */
export interface Forgot {
  forgotten: string[];
  refused: NotForgotten[];
  elsewhere: number;
}

/** What a librarian did with a conversation: "read", "found" (in a search), "file", "recoded", "merged", "blocked" and so on. */
export interface AuditDeed {
  at: number;
  who: string;
  who_name: string;
  what: string;
  detail: string;
}

/** Who did what with a conversation, and who looked, newest first; `next` = the cursor of older ones, "" = none. */
export interface Audit {
  deeds: AuditDeed[];
  next: string;
}

/** What is kept of a librarian. `address` is `channel|address` of their own messenger, "" = none. */
export interface PersonAsked {
  name: string;
  shown?: string;
  role?: "administrator" | "coordinator" | "counter" | "librarian";
  live?: number;
  slow?: number;
  languages?: string[];
  subjects?: string[];
  address?: string;
}

/** A librarian to be listed; `id` is what they sign in with. `teams` of this library take them in. */
export interface NewPersonAsked {
  name: string;
  shown?: string;
  role?: "administrator" | "coordinator" | "counter" | "librarian";
  live?: number;
  slow?: number;
  languages?: string[];
  subjects?: string[];
  address?: string;
  id: string;
  teams?: string[];
}

/** A link that a librarian hasn't used yet. */
export interface InvitationView {
  librarian: string;
  until: number;
  by_name: string;
}

/** Who of a library has links that wait, and who may sign in with a password of their own. */
export interface AccountsView {
  invitations: InvitationView[];
  signed_up: string[];
  second_factors: string[];
  linked: string[];
  passwords: boolean;
}

/** The secret of a link, shown this once; it goes behind the `#` of the inbox's address. */
export interface InvitationLink {
  librarian: string;
  secret: string;
  until: number;
}

/** The secret of a link that somebody opened. */
export interface SecretAsked {
  secret: string;
}

/** The password that an invited librarian chose. */
export interface AcceptAsked {
  secret: string;
  password: string;
}

/** Whom a link is for. */
export interface InvitedView {
  login: string;
  name: string;
  library_name: string;
  until: number;
}

/** One field that a change touched: the names that lead to it, and its value before and after. `moved`: the entries of a list in both orders. Addresses of the web are cut short. */
export interface DifferenceView {
  path: string[];
  kind: "added" | "changed" | "moved" | "removed";
  before: unknown;
  after: unknown;
}

/** One change of a library; `who_name` "" = the operator. `undoable`: it may be taken back. */
export interface ChangeView {
  n: number;
  library: string;
  library_name: string;
  at: number;
  who_name: string;
  what: "changed" | "made" | "removed";
  differences: DifferenceView[];
  undoes: number;
  undone_by: number;
  undoable: boolean;
}

/** One page of changes, newest first. */
export interface Changes {
  changes: ChangeView[];
  next: string;
}

/** Take a change back. `partly`: leave what was changed since, and take back the rest. */
export interface UndoAsked {
  partly?: boolean;
}

/** A change cannot be taken back whole (409): these fields were changed since. `all`: nothing else is left of it. */
export interface UndoClash {
  error: string;
  detail: string;
  fields: string[][];
  all: boolean;
}

/** A library from nothing: with one queue, one team, and a coordinator who is in it. */
export interface NewLibraryAsked {
  id: string;
  name: string;
  language?: string;
  timezone?: string;
  queue?: string;
  team?: string;
  coordinator: string;
  coordinator_name: string;
}

/** A place in another library that names one. */
export interface PlaceView {
  field: string;
  says: string;
  library: string;
  library_name: string;
}

/** What stands in the way of removing a library: the first two refuse it, the places are cleared when that is confirmed. */
export interface RemovalView {
  open: number;
  channels: string[];
  places: PlaceView[];
}

/** Remove a library. `clear`: take it out of the others that name it. */
export interface RemovalAsked {
  clear?: boolean;
}

/** A service that signs people in: what it is called here, and the address of ours that leads there. */
export interface SignOnChoice {
  kind: "provider" | "proxy";
  name: string;
  start: string;
}

/** The ways to sign in; `passwords`: those that people choose here count. */
export interface SignOnChoices {
  passwords: boolean;
  choices: SignOnChoice[];
}

/** A second factor of mine: an app that makes codes, or a passkey. */
export interface SecondFactorShown {
  id: string;
  kind: "codes" | "passkey";
  name: string;
  made_at: number;
  used_at: number;
}

/** My second factors. `required`: my role must have one. While one must be shown first, they have no names. */
export interface SecondFactorsView {
  factors: SecondFactorShown[];
  recovery_left: number;
  required: boolean;
}

/** A code of my app, or a recovery code. */
export interface FactorCode {
  code: string;
}

/** The secret that an app takes, spelled and as a picture to scan (a data URL); `token` comes back with the first code. */
export interface CodesBegun {
  token: string;
  secret: string;
  address: string;
  picture: string;
}

/** The first code of a new app. */
export interface CodesAsked {
  code: string;
  token: string;
  name?: string;
}

/** What the browser's own question needs, as JSON (WebAuthn Level 3); `token` comes back with its answer. */
export interface PasskeyBegun {
  token: string;
  options: string;
}

/** What the browser answered, as JSON. */
export interface PasskeyAnswer {
  token: string;
  credential: string;
}

/** A new passkey. */
export interface PasskeyAsked {
  token: string;
  credential: string;
  name?: string;
}

/** Codes that count once each, shown this once; empty where I have mine already. */
export interface RecoveryCodes {
  codes: string[];
}

/** A second factor was added. */
export interface FactorAdded {
  codes: string[];
  me: Me;
}

/** A browser in which I'm signed in: which kind, how and when I signed in, and when it was used last. `half`: the password was right, and the second factor hasn't been shown. */
export interface OpenSessionView {
  id: string;
  device: string;
  way: string;
  opened_at: number;
  seen_at: number;
  here: boolean;
  half: boolean;
}

/** All browsers in which I'm signed in, the one used last first. */
export interface OpenSessions {
  sessions: OpenSessionView[];
}

/** One thing that happened to an account. `by_name` "" = the operator, or somebody who isn't known. */
export interface AccountEventView {
  at: number;
  library: string;
  librarian: string;
  librarian_name: string;
  by: string;
  by_name: string;
  what: string;
  detail: string;
}

/** What happened to accounts, newest first; `next` = the cursor of older ones, "" = none. */
export interface AccountEventPage {
  events: AccountEventView[];
  next: string;
}

/** A scenario to practise. `library` "" = it comes with Deskbridge; `first_day`: its place in the guided first day, 0 = none. */
export interface ScenarioRow {
  library: string;
  name: string;
  title: string;
  about: string;
  level: number;
  languages: string[];
  manners: ("im" | "mail" | "text" | "web")[];
  minutes: number;
  first_day: number;
}

/** A library where I may practise. `coordinates`: I may write scenarios for it. */
export interface TrainingLibrary {
  id: string;
  name: string;
  coordinates: boolean;
}

/** How far I am: the scenarios in their order, those that are over. `offered`: nothing was said to it yet. */
export interface FirstDayView {
  state: "" | "begun" | "skipped";
  names: string[];
  done: string[];
  offered: boolean;
}

/** All that the training page begins with. */
export interface TrainingView {
  scenarios: ScenarioRow[];
  libraries: TrainingLibrary[];
  first_day: FirstDayView;
}

/** Begin or skip the guided first day, or say that one of its scenarios is over. */
export interface FirstDayAsked {
  state: "" | "begun" | "skipped";
  done?: string;
}

/** Who writes: bridge.training.scenario.PatronPart. */
export interface PatronForm {
  name: string;
  mood: string;
  pace: string;
  spelling: string;
}

/** What is told only when asked: bridge.training.scenario.PatronFact. */
export interface FactForm {
  id: string;
  asked: string[];
  told: string[];
  wanted: boolean;
}

/** What happens on the way: bridge.training.scenario.ScenarioEvent. */
export interface EventForm {
  kind: string;
  after_lines: number;
  minutes: number;
  says: string[];
}

/** When the patron is content: bridge.training.scenario.Ends. */
export interface EndsForm {
  answered_by: string[];
  link_answers: boolean;
  thanks: string[];
  gives_up: string[];
  after_lines: number;
}

/** A hint of the first day: bridge.training.scenario.Hint. */
export interface HintForm {
  at: string;
  says: string;
}

/** A scenario as the editor holds it: the fields of bridge.training.scenario.Scenario, all of them, not yet looked over. */
export interface ScenarioForm {
  title: string;
  about: string;
  level: number;
  languages: string[];
  manners: string[];
  patron: PatronForm;
  subject: string;
  opening: string[];
  facts: FactForm[];
  shrugs: string[];
  events: EventForm[];
  ends: EndsForm;
  good: string[];
  code: string;
  first_day: number;
  hints: HintForm[];
}

/** A scenario opened in the editor. `version` 0 = the library has none of this name yet. */
export interface ScenarioView {
  library: string;
  name: string;
  version: number;
  scenario: ScenarioForm;
}

/** A scenario to keep after this version; 0 = as a new one. */
export interface ScenarioAsked {
  scenario: ScenarioForm;
  version?: number;
}

/** A scenario's TOML as it stands in a file. */
export interface ScenarioFile {
  toml: string;
}

/** One version; `scenario` null = with it the scenario was deleted. */
export interface ScenarioVersion {
  version: number;
  at: number;
  by: string;
  by_name: string;
  scenario: ScenarioForm | null;
}

/** The versions of a scenario, the newest first. */
export interface ScenarioVersions {
  versions: ScenarioVersion[];
}

/** One count: bridge.training.sheet.Counted. */
export interface SheetCountView {
  name: "address_repeated" | "answer_s" | "answered" | "claim_s" | "closing_question" | "deadline_asked" | "facts_asked" | "greeting_s" | "introduced" | "links" | "long_silences" | "longest_silence_s" | "name_used" | "questions_first" | "right_code" | "source_cited";
  heading: "approachability" | "closure" | "engagement" | "evaluation" | "inclusion" | "searching";
  value: number | null;
  of: number;
  about: string[];
}

/** What a person says to one heading. `level` 1 to 4, 0 = none. */
export interface WordsLine {
  heading: "approachability" | "closure" | "engagement" | "evaluation" | "inclusion" | "searching";
  level: number;
  text: string;
}

/** One person's words on a sheet. */
export interface SheetWords {
  by: string;
  by_name: string;
  at: number;
  lines: WordsLine[];
}

/** A sheet in a list: mine, or one that its trainee shares with me. `until`: when it goes (ms), 0 = it's kept. */
export interface SheetRow {
  id: string;
  title: string;
  scenario: string;
  manners: string;
  library: string;
  trainee: string;
  trainee_name: string;
  made_at: number;
  until: number;
}

/** My sheets, and those that are shared with me. */
export interface Sheets {
  sheets: SheetRow[];
}

/** A colleague with whom a sheet can be shared. */
export interface SheetPeer {
  id: string;
  name: string;
}

/** A sheet opened. `good`: what the scenario says a good session holds. `shared`: with the coordinators of its library. */
export interface SheetView {
  row: SheetRow;
  counted: SheetCountView[];
  good: string[];
  words: SheetWords[];
  shared: boolean;
  peer: string;
  peers: SheetPeer[];
}

/** Who else may see a sheet from now on; nobody = it's taken back. */
export interface ShareAsked {
  coordinators?: boolean;
  peer?: string;
}

/** Keep a sheet until it's deleted, or let it go after seven days. */
export interface KeepAsked {
  keep: boolean;
}

/** My words on a sheet, in place of my former ones. */
export interface WordsAsked {
  lines: WordsLine[];
}

/** A line of a rehearsal, `at` ms after it began. */
export interface RehearsedLine {
  at: number;
  text: string;
}

/** A rehearsal so far: what I wrote and when. `library` "" = the scenario is shipped. `scenario`: one that isn't saved, for those who write scenarios; then library and name say nothing. */
export interface RehearsalAsked {
  now: number;
  library?: string;
  name?: string;
  scenario?: ScenarioForm | null;
  seed?: number;
  lines?: RehearsedLine[];
}

/** A rehearsal at a moment. `next_at` -1 = the patron waits for me. `hints`: those due so far since claiming, in their order. */
export interface RehearsalView {
  title: string;
  patron: string;
  said: RehearsedLine[];
  typing: boolean;
  next_at: number;
  gone: boolean;
  content: boolean;
  stage: "answered" | "asked" | "claimed" | "closed" | "greeted" | "offered";
  hints: string[];
}

/** A rehearsal that is over, to be counted. `id`: made by the page; the same one counts once. */
export interface SheetAsked {
  id: string;
  rehearsal: RehearsalAsked;
  manners: "im" | "mail" | "text" | "web";
  code: "answered" | "follow_up_library" | "follow_up_me" | "lost_call";
  address?: string;
  deadline?: boolean;
}

/** So many of something; `key` is its id. */
export interface Count {
  key: string;
  n: number;
}

/** So many per cent waited no longer than this, in seconds. */
export interface Quantile {
  percent: number;
  seconds: number;
}

/** Waits to the first message of a librarian, of those that got one; no quantiles where nobody did. `longest` in seconds. A bucket's key is the seconds it stays under; "" = longer than all of them. */
export interface Waits {
  answered: number;
  longest: number;
  quantiles: Quantile[];
  buckets: Count[];
}

/** How many entered one queue and were answered in another, or in the same. */
export interface RouteCount {
  entered: string;
  answered: string;
  n: number;
}

/** How many ended with a resolution code, and for how many of them nobody chose it. */
export interface CodeCount {
  key: string;
  n: number;
  by_default: number;
}

/** One way to ask: conversations that came by it, or questions that were counted by hand (`by_hand`). `answered`: by a librarian; a question counted by hand was. `reference`: those that somebody called reference. Spans are in seconds, medians and what 90 per cent stay within: to the first answer, and until a conversation was closed or a counted question was done. None where nothing is known. */
export interface ModeNumbers {
  mode: string;
  by_hand: boolean;
  n: number;
  answered: number;
  reference: number;
  first_median: number | null;
  first_90: number | null;
  lasting_median: number | null;
  lasting_90: number | null;
}

/** What is counted of conversations that began in a period; the header of `day_counts` says by which rules. `hours` "0" to "23" and `weekdays` "0" (Monday) to "6"; `week`: "0 9" = Mondays from nine to ten, empty ones left out; `ends`: "answered", "open", "closed", "abandoned"; `libraries`: whose librarian answered ("" = one that no library lists now); `hops`: "0" to "3", the last also for more; `hop_kinds`: "transfer", "roll-over", "return". `codes`, `descriptive`, `read_scale` ("0" = not rated) and `reference` ("yes", "no", "") are of those that are closed; `ratings`: "3" = it helped, "2" = partly, "1" = no, "" = not rated. `question_kinds` and `question_read` are of each question of a conversation, where more was said than of the whole. `modes`: each way to ask. What begins with `counted` is of questions counted by hand: their number, kinds, weekday and hour, READ levels, places, patron types and codes. */
export interface Numbers {
  total: number;
  practice: number;
  begun: number;
  queues: Count[];
  channels: Count[];
  days: Count[];
  hours: Count[];
  weekdays: Count[];
  week: Count[];
  ends: Count[];
  live: Waits;
  slow: Waits;
  libraries: Count[];
  routes: RouteCount[];
  hops: Count[];
  hop_kinds: Count[];
  codes: CodeCount[];
  descriptive: Count[];
  read_scale: Count[];
  reference: Count[];
  ratings: Count[];
  question_kinds: Count[];
  question_read: Count[];
  modes: ModeNumbers[];
  counted: number;
  counted_kinds: Count[];
  counted_week: Count[];
  counted_read: Count[];
  counted_places: Count[];
  counted_patrons: Count[];
  counted_codes: Count[];
}

/** The follow-ups that are open now. Ages in whole hours; a bucket's key is the hours it stays under, "" = older than all. */
export interface FollowUpAges {
  open: number;
  overdue: number;
  oldest_hours: number;
  median_hours: number | null;
  ages: Count[];
}

/** A library's numbers from the day `first` to the day `last`, both whole, by its clock; `queue` "" = all of its queues. `given`: other libraries' conversations that its librarians answered, by library. `open_hours`: weekday and hour ("0 9") in which it is open, of the weeks ahead; [] = always open, or not known. `follow_ups` are those open now. `faq`: how its entries were used. `given`, `follow_ups` and `faq` are of the whole library, whatever the queue. */
export interface Report {
  library: string;
  queue: string;
  first: string;
  last: string;
  timezone: string;
  numbers: Numbers;
  given: Count[];
  open_hours: string[];
  follow_ups: FollowUpAges;
  faq: Count[];
}

/** One library's, or ("") all libraries' together. `received` = `answered` + `unanswered` (open or closed without an answer) + `abandoned`. Of `answered`, `by_partners` were answered by librarians of others. `for_partners`: those of others that this library's librarians answered. `median_live`, `median_slow`: seconds to the first answer, None where nothing was answered. `counted`: questions that staff counted by hand. */
export interface LibraryNumbers {
  library: string;
  received: number;
  answered: number;
  unanswered: number;
  abandoned: number;
  by_partners: number;
  for_partners: number;
  moved: number;
  median_live: number | null;
  median_slow: number | null;
  counted: number;
}

/** How many questions of one library were answered by librarians of another ("" = of none that is there now). */
export interface Exchange {
  received: string;
  answered: string;
  n: number;
}

/** All libraries together, each, and who answered for whom. */
export interface ConsortiumNumbers {
  together: LibraryNumbers;
  libraries: LibraryNumbers[];
  exchanges: Exchange[];
}

/** All libraries' numbers from the day `first` to the day `last`, both whole, each by its own clock; `timezone` of who asks. */
export interface ConsortiumReport {
  first: string;
  last: string;
  timezone: string;
  numbers: ConsortiumNumbers;
}

/** A year that a survey may be about. */
export interface SurveyYear {
  first: string;
  last: string;
}

/** A week that a number was projected from: its first day, and what was counted in its seven days. */
export interface WeekCount {
  first: string;
  n: number;
}

/** A line. `projected`: `n` is the sum of the weeks times 52, divided by how many they are, rounded half up. */
export interface SurveyLine {
  key: "abandoned" | "answered" | "consultations" | "conversations" | "counted" | "directional" | "in_person" | "not_reference" | "other" | "other_ways" | "phone" | "practice" | "reference" | "technical" | "transactions" | "unanswered" | "unsaid" | "virtual";
  part: "left_out" | "line" | "of_which";
  n: number;
  how: "counted" | "projected";
  weeks: WeekCount[];
}

/** A survey's lines for a period. `unsaid_counts`: conversations of which nobody said whether they were reference are counted as such. `weeks_fit`: False where weeks were chosen that the survey doesn't take (their number, or the period is no year), so that all was counted. */
export interface SurveySheet {
  survey: "acrl" | "own" | "pls" | "sconul";
  lines: SurveyLine[];
  unsaid_counts: boolean;
  weeks_fit: boolean;
}

/** A survey sheet of a library. `years`: those that the survey may be about, newest first; `finished`: the period is over. */
export interface SurveyReport {
  library: string;
  first: string;
  last: string;
  timezone: string;
  finished: boolean;
  years: SurveyYear[];
  sheet: SurveySheet;
}

/** Numbers that were mailed, or were to be. `reason`: a word that says why they didn't go out. */
export interface MailingView {
  rhythm: "monthly" | "off" | "weekly";
  first: string;
  address: string;
  state: "failed" | "sending" | "sent" | "uncertain" | "waiting";
  reason: string;
  at: number;
}

/** A library's choices for its survey sheets, and where its numbers are mailed. See `bridge.sql.statistics.settings`. */
export interface ReportSettingsAsked {
  fiscal_start: string;
  count_unsaid: boolean;
  weeks: Record<"acrl" | "own" | "pls" | "sconul", string[]>;
  own: ("abandoned" | "answered" | "consultations" | "conversations" | "counted" | "directional" | "in_person" | "not_reference" | "other" | "other_ways" | "phone" | "practice" | "reference" | "technical" | "transactions" | "unanswered" | "unsaid" | "virtual")[];
  mail_rhythm: "monthly" | "off" | "weekly";
  mail_to: string[];
}

/** A library's choices. `mine`: I may change them; who may not is told no address. `mail_problem`: why no numbers can be mailed now: "no-channel", "no-mail" (its channel carries none), "channel-down", "" = they can. */
export interface ReportSettingsView {
  library: string;
  mine: boolean;
  fiscal_start: string;
  count_unsaid: boolean;
  weeks: Record<"acrl" | "own" | "pls" | "sconul", string[]>;
  own: ("abandoned" | "answered" | "consultations" | "conversations" | "counted" | "directional" | "in_person" | "not_reference" | "other" | "other_ways" | "phone" | "practice" | "reference" | "technical" | "transactions" | "unanswered" | "unsaid" | "virtual")[];
  mail_rhythm: "monthly" | "off" | "weekly";
  mail_to: string[];
  mail_problem: string;
  mailings: MailingView[];
}

export type ServerMessage = Hello | Reset | RowsTold | LinesTold | SignalTold | MentionTold | ConsultTold | ColleaguesTold | MeTold | DeskTold | BoardTold | FollowUpsTold | OrganisationTold | Down | Up | Ping | SignedOut;

export type ClientMessage = Watch | WatchBoard | LeaveBoard | Unwatch | Typing | Paused | Looking | Pong;
