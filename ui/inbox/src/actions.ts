// Every action there is, as data: its key, when it can be done, and what it does. The keyboard, the palette, the help and the
// buttons all read this one table, so none can know an action the others do not.
//
// Words: `action.<id>` names it, `hint.<id>` says what it does for colleagues.
import { needsMe } from "./board";
import * as inbox from "./inbox";
import { arrivals } from "./state/arrivals";
import { calls } from "./state/calls.svelte";
import { chosenCopies } from "./state/copies.svelte";
import { desk } from "./state/desk.svelte";
import { device } from "./state/device.svelte";
import { navigation } from "./state/navigation.svelte";
import { type Page, VIEWS } from "./state/pages";
import { screen } from "./state/screen.svelte";
import { remembered } from "./state/search.svelte";
import { session } from "./state/session.svelte";
import { marking } from "./state/marking.svelte";
import * as orders from "./state/orders";
import * as snoozing from "./state/snoozing";
import { talk } from "./state/talk.svelte";
import { undo } from "./state/undo";
import * as verbs from "./state/verbs";
import { writing } from "./state/writing.svelte";
import type { Key } from "./words";

export interface Action {
  id: string;
  key: string;
  group: "go" | "conversation" | "write" | "page";
  can(): boolean;
  run(): void;
  own?: true; // the composer hears this key itself
}

const always = () => true;
const open = () => navigation.current !== undefined;
const mine = () => navigation.isMine;
const answering = () => navigation.mayAnswer;
const writes = () => answering() || (open() && writing.drafts.get(navigation.openId).noting);
const marked = () => navigation.current ?? navigation.list.find((row) => row.id === navigation.marked);
const claimable = () => {
  const row = marked();
  return row !== undefined && (row.can_claim || needsMe(row));
};
const offered = () => marked()?.offered_to_me === true || marked()?.transfer?.to_me === true;
const talking = () => (navigation.current?.consults.length ?? 0) > 0;
const inCall = (me = "") => navigation.current?.call?.by === me && !navigation.current.call.kinds.includes("meeting");
const joinable = () => marked()?.can_join === true;
const givable = () => open() && ["waiting", "offered", "active"].includes(navigation.current?.state ?? "");
const over = () => navigation.current?.state === "closed";
const closed = () => over() && !navigation.current?.aside;
const aside = () => Boolean(marked()?.aside);
const changeable = () => navigation.current?.can_change === true;
const coordinated = () => session.me?.coordinates.includes(navigation.current?.library ?? "") === true;
const atHome = () => session.me?.libraries.includes(navigation.current?.library ?? "") === true;
const library = () => desk.organisation?.libraries.find((one) => one.id === navigation.current?.library);
const gives = () => coordinated() || library()?.gives === true;
const writesFirst = () => desk.organisation?.libraries.some((one) => one.writes_first) === true;
const toAll = () => answering() && (navigation.thread?.view?.patron.others.length ?? 0) > 0;
const coordinating = () => (session.me?.coordinates.length ?? 0) > 0;
const administering = () => session.me?.role === "administrator";
const listing = () => (VIEWS as readonly Page[]).includes(navigation.page);
const searching = () => navigation.page === "search";
const asking = () => searching() && remembered.q.trim() !== "";

const goes = (page: Page, key: string): Action => ({ id: `go.${page}`, key, group: "go", can: always, run: () => navigation.go(page) });

export const ACTIONS: readonly Action[] = [
  { id: "palette", key: "Ctrl+k", group: "page", can: always, run: () => (screen.dialog = "palette") },
  { id: "next", key: "j", group: "go", can: listing, run: () => navigation.move(1) },
  { id: "previous", key: "k", group: "go", can: listing, run: () => navigation.move(-1) },
  { id: "open", key: "Enter", group: "go", can: () => listing() && navigation.marked !== "", run: () => navigation.open(navigation.marked) },
  { id: "back", key: "Escape", group: "go", can: () => navigation.openId !== "", run: () => navigation.leave() },
  { id: "newest", key: "End", group: "go", can: open, run: () => (screen.newest += 1) },
  { id: "calling", key: "u", group: "go", can: always, run: () => calls.openNext() },
  goes("waiting", "1"),
  goes("mine", "2"),
  goes("open", "3"),
  goes("follow-ups", "4"),
  { id: "go.search", key: "/", group: "go", can: always, run: () => { navigation.go("search"); screen.searching += 1; } },
  { id: "go.closed", key: "", group: "go", can: always, run: () => { Object.assign(remembered, { q: "is:closed", hits: null }); navigation.go("search"); } },
  goes("aside", "5"),
  { ...goes("board", "8"), can: coordinating },
  goes("desk", "6"),
  goes("faq", "0"),
  goes("training", ""),
  { ...goes("operations", ""), can: administering },
  goes("reports", "7"),
  { id: "go.survey", key: "", group: "go", can: always, run: () => void import("./state/reports_view.svelte").then(({ reportsView }) => { reportsView.shown = "pls"; navigation.go("reports"); }) },
  goes("colleagues", "9"),
  goes("settings", ","),
  { id: "claim", key: "c", group: "conversation", can: claimable, run: () => { const row = marked(); if (row) void verbs.claim(row); } },
  { id: "accept-first", key: "+", group: "conversation", can: () => arrivals().length > 0, run: () => { const row = arrivals()[0]; if (row) void verbs.claim(row); } },
  { id: "reject-first", key: "-", group: "conversation", can: () => arrivals().length > 0, run: () => { const row = arrivals()[0]; if (row) void verbs.reject(row); } },
  { id: "reject", key: "x", group: "conversation", can: offered, run: () => { const row = marked(); if (row) void verbs.reject(row); } },
  { id: "join", key: "s", group: "conversation", can: joinable, run: () => { const row = marked(); if (row) void verbs.join(row); } },
  { id: "leave", key: "l", group: "conversation", can: () => navigation.current?.joined === true, run: () => { if (navigation.current) void verbs.leave(navigation.current); } },
  { id: "consult", key: "g", group: "conversation", can: () => navigation.current?.can_consult === true, run: () => (screen.dialog = "consult") },
  { id: "call", key: "", group: "conversation", can: () => answering() && !navigation.current?.call, run: () => (screen.dialog = "call") },
  { id: "call-window", key: "", group: "conversation", can: () => inCall(session.me?.id), run: () => { if (navigation.current) void import("./state/call_window").then(({ enter }) => navigation.current && enter(navigation.current)); } },
  { id: "call-end", key: "", group: "conversation", can: () => navigation.current?.call?.can_change === true, run: () => { if (navigation.current) void import("./state/call_window").then(({ set }) => navigation.current && set(navigation.current, "ended")); } },
  { id: "talk", key: "h", group: "conversation", can: talking, run: () => talk.enter() },
  { id: "use-answer", key: "f", group: "write", can: () => answering() && talk.answer() !== null, run: () => talk.use() },
  { id: "use-entry", key: ".", group: "write", can: answering, run: () => void import("./state/faq_beside.svelte").then(({ faqBeside }) => faqBeside.useNearest(navigation.openId)) },
  { id: "reply", key: "r", group: "write", can: answering, run: () => writing.write(navigation.openId, false) },
  { id: "note", key: "n", group: "write", can: open, run: () => writing.write(navigation.openId, true) },
  { id: "send", key: "Ctrl+Enter", group: "write", can: answering, run: () => (writing.composing += 1), own: true },
  { id: "begin", key: ";", group: "write", can: writesFirst, run: () => (screen.dialog = "begin") },
  { id: "reply-all", key: "", group: "write", can: toAll, run: () => { chosenCopies.set(navigation.openId, { all: (navigation.thread?.view?.patron.others ?? []).map((one) => one.via) }); writing.write(navigation.openId, false); } },
  { id: "forward", key: "", group: "conversation", can: () => open() && library()?.writes_first === true && (mine() || changeable()), run: () => (screen.dialog = "forward") },
  { id: "bold", key: "Ctrl+b", group: "write", can: writes, run: () => marking.for("bold"), own: true },
  { id: "bullets", key: "", group: "write", can: writes, run: () => marking.for("bullets") },
  { id: "numbers", key: "", group: "write", can: writes, run: () => marking.for("numbers") },
  { id: "link", key: "", group: "write", can: writes, run: () => marking.for("link") },
  { id: "emoji", key: "", group: "write", can: writes, run: () => marking.for("emoji") },
  { id: "transfer", key: "t", group: "conversation", can: mine, run: () => (screen.dialog = "transfer") },
  { id: "release", key: "b", group: "conversation", can: mine, run: () => { if (navigation.current) void verbs.putBack(navigation.current); } },
  { id: "close", key: "e", group: "conversation", can: () => mine() || (givable() && coordinated()), run: () => (screen.dialog = "close") },
  { id: "snooze", key: "s", group: "conversation", can: () => navigation.current?.can_snooze === true, run: () => (screen.dialog = "snooze") },
  { id: "no-answer", key: "d", group: "conversation", can: () => marked()?.can_snooze === true && !marked()?.snoozed, run: () => { const row = marked(); if (row) void snoozing.needsNoAnswer(row); } },
  { id: "wake", key: "", group: "conversation", can: () => marked()?.can_snooze === true && Boolean(marked()?.snoozed), run: () => { const row = marked(); if (row) void snoozing.wake(row); } },
  { id: "recode", key: "w", group: "conversation", can: () => closed() && changeable(), run: () => (screen.dialog = "recode") },
  { id: "reopen", key: "o", group: "conversation", can: () => closed() && changeable(), run: () => void verbs.reopen(navigation.openId) },
  { id: "take-in", key: "y", group: "conversation", can: aside, run: () => { const row = marked(); if (row) void verbs.takeIn(row); } },
  { id: "dismiss", key: "d", group: "conversation", can: aside, run: () => { const row = marked(); if (row) void verbs.dismiss(row); } },
  { id: "identify", key: "a", group: "conversation", can: changeable, run: () => (screen.dialog = "identify") },
  { id: "merge", key: "m", group: "conversation", can: changeable, run: () => (screen.dialog = "merge") },
  { id: "give", key: "g", group: "conversation", can: () => givable() && gives(), run: () => (screen.dialog = "give") },
  { id: "take-over", key: "", group: "conversation", can: () => givable() && coordinated() && !mine(), run: () => { if (navigation.current) void orders.takeOver(navigation.current); } },
  { id: "block", key: "", group: "conversation", can: mine, run: () => (screen.dialog = "block") },
  { id: "own-data", key: "", group: "conversation", can: () => open() && atHome(), run: () => (screen.dialog = "own-data") },
  { id: "forget", key: "", group: "conversation", can: () => over() && coordinated(), run: () => (screen.dialog = "forget") },
  { id: "audit", key: "", group: "conversation", can: () => open() && coordinated(), run: () => (screen.dialog = "audit") },
  { id: "make-faq", key: "", group: "conversation", can: () => open() && atHome(), run: () => { location.hash = `#/faq/from/${encodeURIComponent(navigation.openId)}`; navigation.follow(); } },
  { id: "catalogue", key: "", group: "conversation", can: () => open() && navigation.thread?.view?.catalogue === true, run: () => screen.lookUp() },
  { id: "search.save", key: "", group: "page", can: asking, run: () => (remembered.saving = true) },
  { id: "search.export", key: "", group: "page", can: () => searching() && coordinating() && Boolean(remembered.hits?.length), run: () => (remembered.choosing = !remembered.choosing) },
  { id: "search.clear", key: "", group: "page", can: searching, run: () => void import("./state/finding.svelte").then(({ finding }) => finding.clearRecent()) },
  { id: "translate", key: "", group: "conversation", can: () => open() && "Translator" in globalThis, run: () => void import("./state/translations.svelte").then(({ translations }) => translations.newest(navigation.thread)) },
  { id: "exact-times", key: "", group: "conversation", can: open, run: () => (screen.exact = !screen.exact) },
  { id: "count", key: "=", group: "page", can: always, run: () => (screen.dialog = "count") },
  { id: "context", key: "i", group: "page", can: open, run: () => screen.toggleContext() },
  { id: "presence", key: "p", group: "page", can: always, run: () => (screen.dialog = "presence") },
  { id: "presence.toggle", key: "v", group: "page", can: always, run: () => void verbs.togglePresence() },
  { id: "push", key: "", group: "page", can: () => !device.busy, run: () => void device.toggle() },
  { id: "undo", key: "z", group: "page", can: always, run: () => void undo() },
  { id: "outbox", key: "q", group: "page", can: always, run: () => (screen.dialog = "outbox") },
  { id: "help", key: "?", group: "page", can: always, run: () => (screen.dialog = "help") },
  { id: "sign-out", key: "", group: "page", can: always, run: () => void inbox.signOut() },
];

export const word = (action: { id: string }) => `action.${action.id}` as Key;
export const action = (id: string): Action => ACTIONS.find((one) => one.id === id) as Action;

export function run(id: string): void {
  const found = action(id);
  if (found.can()) found.run();
}
