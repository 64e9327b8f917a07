// The REST interface from the page's side: one function that asks, and one error that says what came back.
//
// The rule: the session is a cookie that scripts cannot read. Every write carries the CSRF token of /me in a header, and an
// Idempotency-Key where doing it twice would matter. An address never contains anything secret. An answer that never came
// (`Offline`) and an answer that says no (`Refusal`) are different things: only the first may be tried again by itself.
import type * as s from "./schema";

export const ROOT = "/api/v1";

/** No answer came, or the desk itself cannot take anything in now: trying again with the same key is right. */
export class Offline extends Error {
  readonly reason: string;
  /** It may have reached the desk, and only the answer was lost. */
  readonly doubtful: boolean;

  constructor(detail: string, reason = "", doubtful = false) {
    super(detail);
    this.reason = reason;
    this.doubtful = doubtful;
  }
}

/** The desk answered no. `reason` is a word of the catalogue; `holder` names the colleague who has it, when that is why. */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: string;
  readonly holder: string;
  /** What another window of mine has begun, where that is why. */
  readonly draft: s.Draft | null;
  /** What is wrong with which field, where that is why. */
  readonly faults: readonly s.FieldFaultView[];
  /** The whole answer, for who knows what else is in it. */
  readonly told: unknown;

  constructor(
    status: number, reason: string, detail: string, holder = "", draft: s.Draft | null = null, faults: readonly s.FieldFaultView[] = [], told: unknown = null,
  ) {
    super(detail);
    this.draft = draft;
    this.faults = faults;
    this.told = told;
    this.status = status;
    this.reason = reason;
    this.holder = holder;
  }
}

let who = ""; // whose session this page works with
let csrf = "";
let whenSignedOut: () => void = () => undefined;

export function onSignedOut(heard: () => void): void {
  whenSignedOut = heard;
}

function remember(me: s.Me): s.Me {
  who = me.id;
  csrf = me.csrf;
  return me;
}

/** The token `shown` is none any more: whether another window opened a new session for the same librarian, whose token is known now. */
async function renewed(shown: string): Promise<boolean> {
  const me = await call<s.Me>("GET", "/me");
  if (me.id === who) remember(me);
  else whenSignedOut(); // nothing is done in the name of somebody else
  return me.id === who && csrf !== shown;
}

type Query = Record<string, string | number>;

function address(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `${ROOT}${path}${text ? `?${text}` : ""}`;
}

// What was asked before this script was there (early.ts). Each answer is taken once, and none after something was changed.
const early = (globalThis as { deskEarly?: Map<string, Promise<Response>> }).deskEarly ?? new Map<string, Promise<Response>>();

async function answered(path: string, init: RequestInit): Promise<Response> {
  const asked = early.get(path);
  if (init.method === "GET") early.delete(path);
  else early.clear();
  try {
    if (asked && init.method === "GET") return await asked;
    return await fetch(path, { ...init, credentials: "same-origin", cache: "no-store", redirect: "error" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Offline("no answer", "", navigator.onLine);
  }
}

async function refusal(response: Response): Promise<Error> {
  const said = (await response.json().catch(() => ({}))) as Partial<s.Clash & s.DraftClash & s.LibraryFaults>;
  const detail = said.detail ?? response.statusText;
  const reason = said.reason ?? said.error ?? "";
  if (response.status === 429) return new Offline(detail, reason);
  // A proxy that got no answer (502, 504) does not know what the desk did. A fault (500) is an answer: it would be the same again.
  if (response.status > 500) return new Offline(detail, reason, response.status !== 503);
  return new Refusal(response.status, reason, detail, said.holder_name ?? said.holder ?? "", said.draft ?? null, said.faults ?? [], said);
}

export async function call<T>(method: string, path: string, init: RequestInit & { query?: Query; key?: string; quiet?: boolean } = {}): Promise<T> {
  const { query, key, quiet, ...rest } = init;
  const shown = csrf || "1";
  const headers: Record<string, string> = { Accept: "application/json", "X-Deskbridge": shown };
  if (typeof rest.body === "string") headers["Content-Type"] = "application/json";
  if (key ?? method === "POST") headers["Idempotency-Key"] = key ?? freshKey();
  const response = await answered(address(path, query), { method, headers, ...rest });
  if (response.status === 401 && path !== "/login" && !quiet) whenSignedOut();
  if (!response.ok) {
    const error = await refusal(response);
    if (!(error instanceof Refusal && error.reason === "bad-token" && (await renewed(shown)))) throw error;
    return call(method, path, { ...init, ...(headers["Idempotency-Key"] ? { key: headers["Idempotency-Key"] } : {}) });
  }
  return (response.status === 204 ? undefined : await response.json().catch(() => undefined)) as T;
}

/** The two ways to ask, for modules of calls that few pages need. */
export const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
  call<T>("GET", path, { ...(query ? { query } : {}), ...(signal ? { signal } : {}) });
export const send = <T>(method: string, path: string, body: unknown, key?: string) =>
  call<T>(method, path, { body: JSON.stringify(body), ...(key ? { key } : {}) });

const colleague = (librarian: string) => `/board/people/${encodeURIComponent(librarian)}`;
const of = (conversation: string) => `/conversations/${encodeURIComponent(conversation)}`;
const ofRoom = (room: string) => `/rooms/${encodeURIComponent(room)}`;

export const api = {
  me: async () => remember(await get<s.Me>("/me")),
  /** Like `me`, and a no signs nobody out. */
  stillMe: async () => remember(await call<s.Me>("GET", "/me", { quiet: true })),
  login: async (asked: s.Login) => remember(await send<s.Me>("POST", "/login", asked)),
  signOnChoices: () => get<s.SignOnChoices>("/sign-on"),
  logout: () => send<undefined>("POST", "/logout", {}),
  /** Whom an invitation is for; its secret never stands in an address. */
  invited: (secret: string) => send<s.InvitedView>("POST", "/invitation", { secret }),
  accept: async (asked: s.AcceptAsked) => remember(await send<s.Me>("POST", "/invitation/accept", asked)),
  password: async (asked: s.PasswordChange) => remember(await send<s.Me>("POST", "/password", asked)),
  rows: (view: s.View, cursor = "") => get<s.Rows>("/conversations", { view, cursor }),
  conversation: (id: string, signal?: AbortSignal) => get<s.ConversationView>(of(id), undefined, signal),
  older: (id: string, before: string) => get<s.LinePage>(`${of(id)}/lines`, { before }),
  act: (conversation: string, verb: string, body: unknown, key: string) =>
    send<s.Acted | s.Pending>("POST", `${of(conversation)}/${verb}`, body, key),
  callWindow: (conversation: string, asked: s.CallNamed) => send<s.CallWindow>("POST", `${of(conversation)}/call_window`, asked),
  counted: (conversation: string) => get<s.CountedEnd>(`${of(conversation)}/counted`),
  audit: (conversation: string, cursor = "") =>
    get<s.Audit>(`${of(conversation)}/audit${cursor ? `?cursor=${cursor}` : ""}`),
  patron: (conversation: string) => get<s.PatronConversations>(`${of(conversation)}/patron`),
  forget: (conversation: string, asked: s.ForgetAsked) => send<s.Forgot>("POST", `${of(conversation)}/forget`, asked),
  ownDataFile: (conversation: string) => address(`${of(conversation)}/patron/data`),
  upload: (conversation: string, file: File) =>
    call<s.Uploaded>("POST", `${of(conversation)}/attachments`, { query: { name: file.name }, body: file }),
  /** It goes on when the page ends meanwhile. */
  draft: (conversation: string, asked: s.DraftAsked) =>
    call<undefined>("PUT", `${of(conversation)}/draft`, { body: JSON.stringify(asked), keepalive: true }),
  drafts: () => get<s.Drafts>("/drafts"),
  searchFile: (asked: Query) => address("/search/export", asked),
  reports: (asked: Query, signal: AbortSignal) => get<s.Report>("/reports", asked, signal),
  reportsFile: (asked: Query) => address("/reports.csv", asked),
  survey: (asked: Query, signal: AbortSignal) => get<s.SurveyReport>("/reports/survey", asked, signal),
  surveyFile: (asked: Query) => address("/reports/survey.csv", asked),
  transactionsFile: (asked: Query) => address("/reports/transactions.csv", asked),
  reportSettings: (library: string, signal: AbortSignal) => get<s.ReportSettingsView>("/reports/settings", { library }, signal),
  keepReportSettings: (library: string, asked: s.ReportSettingsAsked) =>
    send<s.ReportSettingsView>("PUT", `/organisation/${encodeURIComponent(library)}/report-settings`, asked),
  consortium: (asked: Query, signal: AbortSignal) => get<s.ConsortiumReport>("/reports/consortium", asked, signal),
  consortiumFile: (asked: Query) => address("/reports/consortium.csv", asked),
  presence: (asked: s.PresenceAsked, key: string) => send<s.Availability | s.Pending>("PUT", "/presence", asked, key),
  followUps: (show: string, q: string, after: string, signal: AbortSignal) => get<s.FollowUps>("/follow-ups", { show, q, after }, signal),
  setFollowUp: (id: string, asked: s.FollowUpAsked, key: string) =>
    send<s.Acted | s.Pending>("POST", `/follow-ups/${encodeURIComponent(id)}`, asked, key),
  board: (library: string) => get<s.Board>("/board", { library }),
  setQueue: (asked: s.QueueAsked) => send<s.Acted | s.Pending>("POST", "/board/queue", asked),
  place: (librarian: string, asked: s.PlaceAsked) => send<s.Acted | s.Pending>("POST", `${colleague(librarian)}/queues`, asked),
  signOutColleague: (librarian: string) => send<s.Acted | s.Pending>("POST", `${colleague(librarian)}/sign-out`, {}),
  holdings: (librarian: string) => get<s.Holdings>(`${colleague(librarian)}/conversations`),
  announce: (asked: s.AnnounceAsked) => send<s.Acted | s.Pending>("POST", "/announcements", asked),
  noticeSeen: (id: string) => send<s.Acted | s.Pending>("POST", `/announcements/${encodeURIComponent(id)}/seen`, {}),
  endNotice: (id: string) => send<s.Acted | s.Pending>("POST", `/announcements/${encodeURIComponent(id)}/end`, {}),
  orders: (library: string) => get<s.BoardDeeds>(`/organisation/${encodeURIComponent(library)}/orders`),
  colleagues: () => get<s.Colleagues>("/colleagues"),
  colleagueChanges: (after: number) => get<s.ColleagueChanges>("/colleagues/changes", { after }),
  pairRoom: (librarian: string) => call<s.RoomView>("PUT", `/colleagues/${encodeURIComponent(librarian)}/room`),
  makeRoom: (asked: s.RoomAsked) => send<s.RoomView>("POST", "/rooms", asked),
  roomMembers: (room: string, asked: s.MembersAsked) => send<s.RoomView>("POST", `${ofRoom(room)}/members`, asked),
  roomMessages: (room: string, before: number) =>
    get<s.RoomMessages>(`${ofRoom(room)}/messages`, { before: before || "" }),
  sayInRoom: (room: string, text: string, key: string) => send<s.MessageView>("POST", `${ofRoom(room)}/messages`, { text }, key),
  editInRoom: (room: string, message: string, text: string) =>
    send<s.MessageView>("PUT", `${ofRoom(room)}/messages/${encodeURIComponent(message)}`, { text }),
  deleteInRoom: (room: string, message: string) =>
    call<s.MessageView>("DELETE", `${ofRoom(room)}/messages/${encodeURIComponent(message)}`),
  organisation: () => get<s.Organisation>("/organisation"),
  library: (id: string) => get<s.LibraryDocument>(`/organisation/${encodeURIComponent(id)}`),
  libraryChoices: (id: string, language = "") => get<s.LibraryChoices>(`/organisation/${encodeURIComponent(id)}/choices`, { language }),
  language: async (asked: s.LanguageChoice) => remember(await send<s.Me>("PUT", "/language", asked)),
  quietHours: () => get<s.QuietHoursView>("/quiet-hours"),
  keepQuietHours: (asked: s.QuietHoursView) => send<s.QuietHoursView>("PUT", "/quiet-hours", asked),
  myScripts: () => get<s.PersonalScriptList>("/scripts"),
  saveMyScripts: (asked: s.PersonalScriptsAsked) => send<s.PersonalScriptList>("PUT", "/scripts", asked),
  saveLibrary: (id: string, document: s.LibraryDocument) => send<s.Saved>("PUT", `/organisation/${encodeURIComponent(id)}`, document),
  previewHours: (library: string, asked: s.HoursAsked) => send<s.HoursPreview>("POST", `/organisation/${encodeURIComponent(library)}/hours`, asked),
  uploadHours: (library: string, file: File) =>
    call<s.UploadedHours>("POST", `/organisation/${encodeURIComponent(library)}/hours/file`, { body: file }),
  oneTimeCode: (library: string, librarian: string) =>
    send<s.OneTimeCode>("POST", `/organisation/${encodeURIComponent(library)}/librarians/${encodeURIComponent(librarian)}/code`, {}),
  people: (library: string) => get<s.People>(`/organisation/${encodeURIComponent(library)}/people`),
  releaseLibrarian: (library: string, librarian: string) =>
    send<undefined>("POST", `/organisation/${encodeURIComponent(library)}/librarians/${encodeURIComponent(librarian)}/release`, {}),
  partners: () => get<s.PartnerList>("/partners"),
  invitePartner: (asked: s.InvitationAsked) => send<s.PartnerInvitation>("POST", "/partners/invite", asked),
  acceptPartner: (asked: s.InvitationAccepted) => send<s.PartnerView>("POST", "/partners/accept", asked),
  confirmPartner: (id: string) => send<s.PartnerView>("POST", `/partners/${encodeURIComponent(id)}/confirm`, {}),
  revokePartner: (id: string) => send<s.PartnerView>("POST", `/partners/${encodeURIComponent(id)}/revoke`, {}),
  poll: (after: string, connection: string, said: s.ClientMessage[], signal: AbortSignal) =>
    call<s.Polled>("POST", "/live", { query: { after, connection }, body: JSON.stringify(said), signal }),
};

/** A key no other write has: the server does what carries it once. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(15));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

/** What the desk answers to a write; undefined: the librarian let it go before. */
export type Answer = s.Acted | s.Availability | s.Pending | undefined;

export function isActed(answer: Answer): answer is s.Acted {
  return answer !== undefined && "event" in answer;
}

/** It is taken in and not answered yet: asked again, the desk tells what became of it. */
export function isPending(answer: Answer): answer is s.Pending {
  return answer !== undefined && "action" in answer && !("event" in answer);
}
