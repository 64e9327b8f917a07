// Every action there is, as data: its key, when it can be done, and what it does. The keyboard, the palette, the help and the
// buttons all read this one table, so none can know an action the others do not.
//
// Words: `action.<id>` names it, `hint.<id>` says what it does for colleagues.
import { needsMe } from "./board";
import { inbox, VIEWS, type Inbox, type Page } from "./inbox.svelte";
import type { Key } from "./words";

export interface Action {
  id: string;
  key: string;
  group: "go" | "conversation" | "write" | "page";
  can(inbox: Inbox): boolean;
  run(inbox: Inbox): void;
  own?: true; // the composer hears this key itself
}

const always = () => true;
const open = (i: Inbox) => i.current !== undefined;
const mine = (i: Inbox) => i.isMine;
const answering = (i: Inbox) => i.mayAnswer;
const marked = (i: Inbox) => i.current ?? i.list.find((row) => row.id === i.marked);
const claimable = (i: Inbox) => {
  const row = marked(i);
  return row !== undefined && (row.can_claim || needsMe(row));
};
const offered = (i: Inbox) => marked(i)?.offered_to_me === true || marked(i)?.transfer?.to_me === true;
const joinable = (i: Inbox) => marked(i)?.can_join === true;
const over = (i: Inbox) => i.current?.state === "closed";
const closed = (i: Inbox) => over(i) && !i.current?.aside;
const aside = (i: Inbox) => Boolean(marked(i)?.aside);
const changeable = (i: Inbox) => i.current?.can_change === true;
const coordinated = (i: Inbox) => i.me?.coordinates.includes(i.current?.library ?? "") === true;
const listing = (i: Inbox) => (VIEWS as readonly Page[]).includes(i.page);

const goes = (page: Page, key: string): Action => ({ id: `go.${page}`, key, group: "go", can: always, run: (i) => i.go(page) });

export const ACTIONS: readonly Action[] = [
  { id: "palette", key: "Ctrl+k", group: "page", can: always, run: (i) => (i.dialog = "palette") },
  { id: "next", key: "j", group: "go", can: listing, run: (i) => i.move(1) },
  { id: "previous", key: "k", group: "go", can: listing, run: (i) => i.move(-1) },
  { id: "open", key: "Enter", group: "go", can: (i) => listing(i) && i.marked !== "", run: (i) => i.open(i.marked) },
  { id: "back", key: "Escape", group: "go", can: (i) => i.openId !== "", run: (i) => i.back_() },
  { id: "calling", key: "u", group: "go", can: always, run: (i) => i.nextCalling() },
  goes("waiting", "1"),
  goes("mine", "2"),
  goes("open", "3"),
  goes("follow-ups", "4"),
  { id: "go.search", key: "/", group: "go", can: always, run: (i) => { i.go("search"); i.searching += 1; } },
  goes("aside", "5"),
  goes("desk", "6"),
  goes("reports", "7"),
  goes("settings", ","),
  { id: "claim", key: "c", group: "conversation", can: claimable, run: (i) => { const row = marked(i); if (row) void i.claim(row); } },
  { id: "reject", key: "x", group: "conversation", can: offered, run: (i) => { const row = marked(i); if (row) void i.reject(row); } },
  { id: "join", key: "s", group: "conversation", can: joinable, run: (i) => { const row = marked(i); if (row) void i.join(row); } },
  { id: "leave", key: "l", group: "conversation", can: (i) => i.current?.joined === true, run: (i) => { if (i.current) void i.leave(i.current); } },
  { id: "reply", key: "r", group: "write", can: answering, run: (i) => i.write(false) },
  { id: "note", key: "n", group: "write", can: open, run: (i) => i.write(true) },
  { id: "send", key: "Ctrl+Enter", group: "write", can: answering, run: (i) => (i.composing += 1), own: true },
  { id: "transfer", key: "t", group: "conversation", can: mine, run: (i) => (i.dialog = "transfer") },
  { id: "release", key: "b", group: "conversation", can: mine, run: (i) => void i.release(i.openId) },
  { id: "close", key: "e", group: "conversation", can: mine, run: (i) => (i.dialog = "close") },
  { id: "recode", key: "w", group: "conversation", can: (i) => closed(i) && changeable(i), run: (i) => (i.dialog = "recode") },
  { id: "reopen", key: "o", group: "conversation", can: (i) => closed(i) && changeable(i), run: (i) => void i.reopen(i.openId) },
  { id: "take-in", key: "y", group: "conversation", can: aside, run: (i) => { const row = marked(i); if (row) void i.takeIn(row); } },
  { id: "dismiss", key: "d", group: "conversation", can: aside, run: (i) => { const row = marked(i); if (row) void i.dismiss_(row); } },
  { id: "identify", key: "a", group: "conversation", can: changeable, run: (i) => (i.dialog = "identify") },
  { id: "merge", key: "m", group: "conversation", can: changeable, run: (i) => (i.dialog = "merge") },
  { id: "block", key: "", group: "conversation", can: mine, run: (i) => (i.dialog = "block") },
  { id: "forget", key: "", group: "conversation", can: (i) => over(i) && coordinated(i), run: (i) => (i.dialog = "forget") },
  { id: "audit", key: "", group: "conversation", can: (i) => open(i) && coordinated(i), run: (i) => (i.dialog = "audit") },
  { id: "context", key: "i", group: "page", can: open, run: (i) => i.toggleContext() },
  { id: "presence", key: "p", group: "page", can: always, run: (i) => (i.dialog = "presence") },
  { id: "presence.toggle", key: "v", group: "page", can: always, run: (i) => void i.togglePresence() },
  { id: "undo", key: "z", group: "page", can: always, run: (i) => void i.undo() },
  { id: "outbox", key: "q", group: "page", can: always, run: (i) => (i.dialog = "outbox") },
  { id: "help", key: "?", group: "page", can: always, run: (i) => (i.dialog = "help") },
  { id: "sign-out", key: "", group: "page", can: always, run: (i) => void i.signOut() },
];

export const word = (action: { id: string }) => `action.${action.id}` as Key;
export const action = (id: string): Action => ACTIONS.find((one) => one.id === id) as Action;

export function run(id: string): void {
  const found = action(id);
  if (found.can(inbox)) found.run(inbox);
}
