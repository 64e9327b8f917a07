// The inbox's rules, each alone: order, resuming, what is sent once, what is asked before it is pasted. Run by
// tests/browser/test_page_rules.py with Node's own runner; nothing here needs a browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Offline, Refusal } from "../src/api";
import { isAddress } from "../../address";
import { lookOf } from "../src/channels";
import { Board } from "../src/board";
import { asked, colleagues, mentions, scripts } from "../src/complete";
import { Drafts, pastedFrom } from "../src/drafts";
import { keyOf, load, meant, pressed } from "../src/keys";
import { Line as Live, type LineState } from "../src/live";
import { blocks, inline } from "../src/markdown";
import { staying } from "../src/merging";
import { keep, lost, recall } from "../src/mine";
import { daysOf, isPeriod, today } from "../src/periods";
import { cameBack, isOver, isQuiet, load as wishesOf, newsOf, USUAL } from "../src/notify";
import { OrganisationChanges, patched } from "../src/organisation";
import { Outbox, type Entry } from "../src/outbox";
import { found } from "../src/palette";
import type { ClientMessage, Line, Organisation, OrganisationTold, Person, Polled, Row, ServerMessage } from "../src/schema";
import { cut } from "../src/segments";
import { countFrom, firstUnread, furthest, items, merged, unanswered, type Unconfirmed } from "../src/timeline";
import { Heights } from "../src/window";

const row = (id: string, more: Partial<Row> = {}): Row =>
  ({ id, views: ["waiting"], state: "waiting", since: 0, unanswered_since: 0, back_at: 0, snoozed: null, last_at: 0, unread: 0, offered_to_me: false, transfer: null, ...more }) as Row;
const line = (id: string, position: string, more: Partial<Line> = {}): Line =>
  ({ id, position, who: "patron", text: id, at: 1_000, author_id: "", stage: "", reason: "", channel: "web", ...more }) as Line;
const ids = (things: readonly { id: string }[]) => things.map((thing) => thing.id);

class Memory {
  kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

async function until(true_: () => boolean) {
  const end = Date.now() + 20_000;
  while (!true_()) {
    assert.ok(Date.now() < end, "did not come true in time");
    await new Promise((done) => setTimeout(done, 5));
  }
}

// ---- lists

test("two windows that write at once keep both texts until somebody chooses", async () => {
  const server = new Map<string, { text: string; at: number; window: string }>();
  let clock = 0;
  const window_ = (window: string) =>
    new Drafts(async (conversation, text, note, base) => {
      const held = server.get(conversation);
      if (held && held.window !== window && held.at !== base && held.text !== text)
        throw new Refusal(409, "draft-changed", "", "", { conversation, text: held.text, at: held.at, note });
      server.set(conversation, { text, at: (clock += 1), window });
    });
  const [one, two] = [window_("one"), window_("two")];
  one.write("c", "from one", false);
  await one.flush();
  two.write("c", "from two", false);
  await two.flush();
  assert.deepEqual([server.get("c")?.text, two.get("c").reply, two.clash("c", false)?.text], ["from one", "from two", "from one"]);
  two.write("c", "from two!", false);
  await two.flush();
  assert.equal(server.get("c")?.text, "from one");
  two.choose("c", false, "both");
  await two.flush();
  assert.deepEqual([server.get("c")?.text, two.clash("c", false)], ["from one\nfrom two!", null]);
  one.write("c", "from one, again", false); // one has not heard of it
  await one.flush();
  one.choose("c", false, "theirs");
  await one.flush();
  assert.deepEqual([one.get("c").reply, server.get("c")?.text], ["from one\nfrom two!", "from one\nfrom two!"]);
  one.write("c", "mine", false);
  one.write("c", "", false); // sent: what the other wrote stays
  await one.flush();
  two.write("c", "more", false);
  await two.flush();
  assert.equal(two.clash("c", false)?.text ?? "", "");
});

test("a mention matches whole names, in any script", () => {
  const people = ["Ana", "Ana Alves", "Ann", "李", "李明", "สมชาย", "Иван", "Иванова", "O'Brien", "أحمد", "José", "王"].map((name, n) => ({ id: `p${n}`, name, present: true }) as Person);
  const called = (text: string) => mentions(text, people).map((id) => people[Number(id.slice(1))]?.name);
  assert.deepEqual(called("@Anabel, @Annie and @Анна"), []);
  assert.deepEqual(called("ask @Ana."), ["Ana"]);
  assert.deepEqual(called("ask @Ana Alves, then @ann"), ["Ana Alves", "Ann"]);
  assert.deepEqual(called("请@李明看一下"), ["李明"]);
  assert.deepEqual(called("@李 and @王さん"), ["李", "王"]);
  assert.deepEqual(called("ถาม @สมชายครับ"), ["สมชาย"]);
  assert.deepEqual(called("@Иванова знает"), ["Иванова"]);
  assert.deepEqual(called("@Иван, @O'Brien"), ["Иван", "O'Brien"]);
  assert.deepEqual(called("يا @أحمد، تعال @أحمدي"), ["أحمد"]);
  assert.deepEqual(called("@Jose\u0301!"), ["José"]);
  assert.deepEqual(called("mail to jane@Ana.example"), []);
  assert.equal(asked("请@李", 3, true)?.query, "李");
  assert.equal(asked("jane@li", 7, true), null);
  assert.equal(asked("@O'Br", 5, true)?.query, "O'Br");
});

test("who comes back hears which conversations are not theirs any more", () => {
  const store = new Memory();
  const was = [row("a", { owner: "me", state: "active" }), row("b", { owner: "me", state: "active" }), row("c", { owner: "me", state: "active" }), row("d", { owner: "you", state: "active" })];
  keep(store, "me", was);
  assert.deepEqual(recall(store, "me"), ["a", "b", "c"]);
  assert.deepEqual(recall(store, "you"), []);
  const now = [row("a", { owner: "", state: "waiting" }), row("b", { owner: "you", state: "active" }), row("c", { owner: "me", state: "closed" }), undefined];
  const { queued, taken } = lost(now, "me");
  assert.deepEqual([ids(queued), ids(taken)], [["a"], ["b"]]);
});

test("the longest waiting stands first, and what is offered to me above it", () => {
  const board = new Board();
  board.upsert([row("young", { since: 30 }), row("old", { since: 10 }), row("mine", { since: 50, offered_to_me: true })]);
  assert.deepEqual(ids(board.view("waiting")), ["mine", "old", "young"]);
});

test("mine: unanswered and what is back first, then the answered, then what is snoozed", () => {
  const board = new Board();
  const views: Row["views"] = ["mine"];
  board.upsert([
    row("answered-early", { views, last_at: 1 }),
    row("answered-late", { views, last_at: 9 }),
    row("new", { views, unanswered_since: 8 }),
    row("old", { views, unanswered_since: 3 }),
    row("back", { views, back_at: 5 }),
    row("snoozed", { views, last_at: 10, snoozed: { by: "ana", by_name: "Ana", why: "patron", at: 1, until: 0 } }),
  ]);
  assert.deepEqual(ids(board.view("mine")), ["old", "back", "new", "answered-late", "answered-early", "snoozed"]);
});

test("old rows and what is told since are the fresh rows", () => {
  const board = new Board();
  board.upsert([row("a", { since: 1 }), row("b", { since: 2 }), row("c", { since: 3 })]);
  board.view("waiting");
  board.upsert([row("b", { since: 2, views: ["mine"] })]);
  board.remove(["c"]);
  assert.deepEqual(ids(board.view("waiting")), ["a"]);
  assert.deepEqual(ids(board.view("mine")), ["b"]);
});

test("an answer that was asked for before everything was fetched afresh is older throughout", () => {
  const board = new Board();
  const [before, told] = [board.asking(), board.asking()];
  board.told(["a"]);
  board.answered(before);
  board.clear();
  assert.deepEqual([before.has("a"), before.has("b"), told.has("b"), board.asking().has("a")], [true, false, true, false]);
});

// ---- transcript

test("order is the log's, whatever order lines come in", () => {
  const lines = merged(merged([], [line("c", "3")]), [line("a", "1"), line("b", "2"), line("c", "3")]);
  assert.deepEqual(ids(lines), ["a", "b", "c"]);
});

test("a stage only moves forward", () => {
  assert.equal(furthest("read", "sent"), "read");
  assert.equal(furthest("", "uncertain"), "uncertain");
  assert.equal(furthest("uncertain", "delivered"), "delivered");
  assert.equal(furthest("delivered", "failed"), "delivered");
  assert.equal(furthest("failed", "sent"), "failed");
  assert.equal(furthest("delivered", "failed", "in-part"), "failed");
  const late = merged([line("a", "1", { stage: "read" })], [line("a", "1", { stage: "sent", reason: "late" })]);
  assert.equal(late[0]?.stage, "read");
  assert.equal(late[0]?.reason, "");
});

test("what is new begins with the patron's first line after the one that was read", () => {
  const lines = [line("a", "1"), line("b", "2", { who: "librarian" }), line("c", "3"), line("d", "4")];
  assert.equal(firstUnread(lines, "a"), "c");
  assert.equal(firstUnread(lines, "d") + firstUnread(lines, "") + firstUnread(lines, "unknown"), "");
  assert.equal(countFrom(lines, "c"), 2);
  assert.deepEqual(items(lines, [], new Set(), "c").map((item) => item.kind), ["day", "line", "line", "new", "line", "line"]);
});

test("a merge says which row stays", () => {
  const one = (id: string, state: Row["state"], owner = "") => row(id, { state, owner, aside: "" });
  assert.equal(staying(one("a", "waiting"), one("b", "active", "ana"))?.id, "b");
  assert.equal(staying(one("a", "active", "ana"), one("b", "active", "ana"))?.id, "a");
  assert.equal(staying(one("a", "active", "ana"), one("b", "active", "ben")), null);
});

test("a divider stands where the channel changes, and three events in a row fold", () => {
  const system = (id: string, position: string) => line(id, position, { who: "system", channel: "" });
  const lines = [line("a", "1"), system("s1", "2"), system("s2", "3"), system("s3", "4"), line("b", "5", { channel: "sms" })];
  const kinds = items(lines, [], new Set()).map((item) => item.kind);
  assert.deepEqual(kinds, ["day", "line", "events", "channel", "line"]);
  const open = items(lines, [], new Set(["run-s1"])).map((item) => item.id);
  assert.ok(open.includes("s2"));
});

test("10,000 lines are laid out and cut to what is seen in little time", () => {
  const lines = Array.from({ length: 10_000 }, (_, n) => line(`l${n}`, String(n).padStart(8, "0"), { at: n * 60_000 }));
  const shown = ids(items(lines, [], new Set()));
  const slice = new Heights(50).slice(shown, 250_000, 700, 500);
  assert.ok(shown.length > 10_000 && slice.to - slice.from < 50);
  assert.equal(slice.above + slice.below + (slice.to - slice.from) * 50, shown.length * 50);
});

test("what I sent goes when its line comes, each line for one of them", () => {
  const entry = (key: string): Unconfirmed => ({ key, conversation: "c", verb: "messages", text: "Yes.", at: 5_000, state: "accepted", reason: "", line: "" });
  const said = line("x", "9", { who: "librarian", author_id: "ana", text: "Yes.", at: 5_010 });
  assert.deepEqual(unanswered([entry("1"), entry("2")], [said], "ana").map((one) => one.key), ["2"]);
  const refused = { ...entry("3"), state: "refused" as const };
  assert.equal(unanswered([refused], [said], "ana").length, 1);
  assert.equal(unanswered([{ ...entry("4"), line: "y" }], [said], "ana").length, 1);
});

// ---- the outbox

const acted = (entry: Entry) => ({ action: entry.key, event: "said", conversation: entry.conversation, position: "e:1" });

test("no answer: it is asked again with the same key, in order, and nothing overtakes", async () => {
  const asks: [string, string][] = [];
  let down = true;
  const ask = async (entry: Entry) => {
    asks.push([entry.text, entry.key]);
    if (down) throw new Offline("no");
    return acted(entry);
  };
  const outbox = new Outbox(ask, new Memory(), "o", () => undefined);
  const first = outbox.add("c", "messages", {}, "one");
  const second = outbox.add("c", "messages", {}, "two");
  await until(() => outbox.entries[0]?.state === "waiting");
  assert.deepEqual(asks.map(([text]) => text), ["one"]);
  down = false;
  outbox.flush();
  await Promise.all([first, second]);
  assert.deepEqual(asks.map(([text]) => text), ["one", "one", "two"]);
  assert.equal(asks[0]?.[1], asks[1]?.[1]);
});

test("what is taken in and refused later comes back as refused, asked about with the same key", async () => {
  const keys: string[] = [];
  const outbox = new Outbox(
    async (entry) => {
      keys.push(entry.key);
      if (keys.length > 1) throw new Refusal(409, "closed", "no");
      return { action: entry.key };
    },
    new Memory(), "o", () => undefined,
  );
  const hope = outbox.add("c", "messages", {}, "hi");
  await until(() => keys.length === 1);
  assert.equal(outbox.discard(keys[0] ?? ""), false);
  outbox.flush();
  await assert.rejects(hope, Refusal);
  assert.deepEqual(outbox.entries.map((entry) => [entry.state, entry.reason]), [["refused", "closed"]]);
  assert.equal(new Set(keys).size, 1);
});

test("a reload keeps what waits, under its key", async () => {
  const memory = new Memory();
  const before = new Outbox(() => Promise.reject(new Offline("no")), memory, "o", () => undefined);
  before.add("c", "messages", { text: "hi" }, "hi").catch(() => undefined);
  await until(() => before.entries[0]?.state === "waiting");
  const key = before.entries[0]?.key;
  const asked: string[] = [];
  const after = new Outbox(async (entry) => { asked.push(entry.key); return undefined; }, memory, "o", () => undefined);
  after.flush();
  await until(() => asked.length === 1);
  assert.equal(asked[0], key);
  before.confirmed([key ?? ""]);
});

test("an answer that says no stays in sight, and trying again is a new attempt", async () => {
  let no = true;
  const keys: string[] = [];
  const outbox = new Outbox(
    async (entry) => {
      keys.push(entry.key);
      if (no) throw new Refusal(409, "not-yours", "no");
      return acted(entry);
    },
    new Memory(), "o", () => undefined,
  );
  await assert.rejects(outbox.add("c", "messages", {}, "hi"), Refusal);
  assert.equal(outbox.entries[0]?.state, "refused");
  no = false;
  outbox.retry(outbox.entries[0]?.key ?? "");
  await until(() => outbox.entries[0]?.state === "accepted");
  assert.notEqual(keys[0], keys[1]);
});

test("what is on its way cannot be taken back, what waits can", async () => {
  const outbox = new Outbox(() => Promise.reject(new Offline("no")), new Memory(), "o", () => undefined);
  const hope = outbox.add("c", "notes", {}, "hm");
  assert.equal(outbox.discard(outbox.entries[0]?.key ?? ""), false);
  await until(() => outbox.entries[0]?.state === "waiting");
  assert.equal(outbox.discard(outbox.entries[0]?.key ?? ""), true);
  assert.equal(await hope, undefined);
});

test("what may have reached the desk cannot be taken back: written anew it would be said twice", async () => {
  let lost = true;
  const ask = async (entry: Entry) => {
    if (lost) throw new Offline("no answer", "", true);
    return acted(entry);
  };
  const outbox = new Outbox(ask, new Memory(), "o", () => undefined);
  const hope = outbox.add("c", "messages", {}, "hm");
  void outbox.add("c", "messages", {}, "and this");
  await until(() => outbox.entries[0]?.state === "waiting");
  const [tried, behind] = outbox.entries;
  assert.equal(outbox.discard(tried?.key ?? ""), false);
  assert.equal(outbox.discard(behind?.key ?? ""), true);
  lost = false;
  outbox.flush();
  await hope;
});

test("a reload does not forget that it may have reached the desk", async () => {
  const memory = new Memory();
  void new Outbox(() => new Promise(() => undefined), memory, "o", () => undefined).add("c", "messages", {}, "hm");
  const after = new Outbox(() => new Promise(() => undefined), memory, "o", () => undefined);
  assert.equal(after.entries[0]?.state, "waiting");
  assert.equal(after.discard(after.entries[0]?.key ?? ""), false);
});

// ---- drafts

test("a text from another patron's conversation is noticed, short phrases are not", () => {
  const copies = [{ conversation: "jane", text: "Your fine of twelve pounds was waived on Monday." }];
  assert.equal(pastedFrom("fine of twelve pounds was waived", "uli", copies), "jane");
  assert.equal(pastedFrom("fine of twelve pounds was waived", "jane", copies), "");
  assert.equal(pastedFrom("Thanks!", "uli", copies), "");
  assert.equal(pastedFrom("A text from nowhere in particular", "uli", copies), "");
});

test("what the server kept does not overwrite what was just written", async () => {
  const saved: string[] = [];
  const drafts = new Drafts(async (_, text) => saved.push(text));
  const asked = drafts.asking();
  drafts.write("c", "mine", false);
  const kept = [{ conversation: "c", text: "old", at: 1, note: false }, { conversation: "d", text: "kept", at: 1, note: true }];
  drafts.learn(kept, drafts.asking());
  assert.equal(drafts.get("c").reply, "mine");
  assert.deepEqual(drafts.get("d"), { reply: "", note: "kept", noting: true });
  await drafts.flush();
  assert.deepEqual(saved, ["mine"]);
  drafts.learn(kept, asked);
  drafts.settle("c", null, asked);
  assert.equal(drafts.get("c").reply, "mine", "asked for before it was saved");
});

test("a reply and a note are two drafts, and turning from one to the other loses neither", async () => {
  const saved = new Map<string, string>();
  const drafts = new Drafts(async (_, text, note) => saved.set(note ? "note" : "reply", text));
  drafts.write("c", "Until Monday.", false);
  drafts.mode("c", true);
  drafts.write("c", "She asks often.", true);
  drafts.mode("c", false);
  await drafts.flush();
  assert.deepEqual(Object.fromEntries(saved), { reply: "Until Monday.", note: "She asks often." });
});

test("both come back, in the mode that was written in last, and a mode that was chosen stays", () => {
  const drafts = new Drafts(async () => undefined);
  const kept = ["c", "d"].flatMap((conversation) => [
    { conversation, text: "a note", at: 2, note: true },
    { conversation, text: "a reply", at: 1, note: false },
  ]);
  drafts.mode("d", false);
  drafts.learn(kept, drafts.asking());
  assert.deepEqual(drafts.get("c"), { reply: "a reply", note: "a note", noting: true });
  assert.deepEqual(drafts.get("d"), { reply: "a reply", note: "a note", noting: false });
});

test("what another window wrote or sent is taken, what is not saved here is not", async () => {
  let away = false;
  const drafts = new Drafts(async () => { if (away) throw new Offline("no"); });
  drafts.write("c", "half", false);
  await drafts.flush();
  drafts.settle("c", { conversation: "c", text: "half a word", at: 2, note: false }, drafts.asking());
  assert.equal(drafts.get("c").reply, "half a word");
  drafts.settle("c", null, drafts.asking());
  assert.equal(drafts.has("c"), false);
  away = true;
  drafts.write("c", "more", false);
  await drafts.flush();
  drafts.settle("c", null, drafts.asking());
  assert.equal(drafts.get("c").reply, "more");
  drafts.forget("c");
});

test("of two saves of one text the older never arrives last, and a page that ends waits for none", async () => {
  const arrived: string[] = [];
  const held: (() => void)[] = [];
  const drafts = new Drafts(async (_, text) => {
    if (text === "one") await new Promise<void>((done) => held.push(done));
    arrived.push(text);
  });
  drafts.write("c", "one", false);
  const first = drafts.flush();
  await until(() => held.length === 1);
  drafts.write("c", "one two", false);
  const second = drafts.flush();
  await until(() => arrived.length === 1);
  held[0]?.();
  await Promise.all([first, second]);
  assert.deepEqual(arrived, ["one two", "one", "one two"]);
});

// ---- keys, palette, completion

const press = (key: string, more: object = {}) => pressed({ key, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, keyCode: 0, ...more });

test("no Alt, no AltGr, no half-composed letter is ever ours", () => {
  assert.equal(press("l", { altKey: true }), "");
  assert.equal(press("ł", { getModifierState: (name: string) => name === "AltGraph" }), "");
  assert.equal(press("n", { isComposing: true }), "");
  assert.equal(press("Enter", { keyCode: 229 }), "");
  assert.equal(press("k", { metaKey: true }), "Ctrl+k");
  assert.equal(press("?"), "?");
});

test("keys can be given away, taken away and switched off; chords stay", () => {
  const actions = [{ id: "next", key: "j" }, { id: "palette", key: "Ctrl+k" }];
  const own = { on: true, own: { next: "h" } };
  assert.deepEqual(ids(meant(actions, "h", own)), ["next"]);
  assert.deepEqual(meant(actions, "j", own), []);
  assert.deepEqual(meant(actions, "j", { on: false, own: {} }), []);
  assert.deepEqual(ids(meant(actions, "Ctrl+k", { on: false, own: {} })), ["palette"]);
  assert.equal(keyOf({ id: "next", key: "j" }, { on: true, own: { next: "" } }), "");
  assert.deepEqual(load({ getItem: () => "no json" }), { on: true, own: {} });
});

test("the palette finds by all words, names first, what is possible first", () => {
  const entry = (id: string, name: string, possible = true) => ({ id, name, detail: "", key: "", possible, kind: "action" as const });
  const all = [entry("a", "Back to the queue"), entry("b", "Queue settings", false), entry("c", "Queue up")];
  assert.deepEqual(ids(found(all, "queue")), ["c", "a", "b"]);
  assert.deepEqual(ids(found(all, "QUEUE back")), ["a"]);
});

test("a slash asks for scripts, an @ for colleagues and only in notes", () => {
  assert.equal(asked("see /ho", 7, false)?.query, "ho");
  assert.equal(asked("http://x", 8, false), null);
  assert.equal(asked("@be", 3, false), null);
  assert.equal(asked("@be", 3, true)?.kind, "colleague");
  const hours = { key: "hours", title: "Opening", text: "", folder: "", own: false };
  const bye = { key: "bye", title: "Thanks", text: "We open again tomorrow.", folder: "Endings", own: true };
  assert.deepEqual(ids(scripts([hours], "open")), ["hours"]);
  assert.deepEqual(ids(scripts([bye, hours], "open")), ["hours", "own:bye"]); // names before texts
  assert.deepEqual(ids(scripts([bye, hours], "ending")), ["own:bye"]);
  const people = [{ id: "ben", name: "Ben Berg", shown: "", libraries: [], present: false, coordinator: false, role: "librarian" as const, active: true }];
  assert.deepEqual(ids(colleagues(people, "berg")), ["ben"]);
  assert.deepEqual(mentions("ask @Ben Berg please", people), ["ben"]);
});

// ---- notifications

test("one hears of what is new, once, and not of what a colleague took", () => {
  const waiting = row("a", { can_claim: true });
  assert.equal(newsOf(undefined, waiting), "waiting");
  assert.equal(newsOf(waiting, { ...waiting, last_at: 9 }), null);
  assert.equal(newsOf(waiting, { ...waiting, offered_to_me: true }), "offer");
  const taken = { ...waiting, state: "active" as const, can_claim: false, views: ["open" as const] };
  assert.equal(newsOf(waiting, taken), null);
  assert.ok(isOver(taken, "waiting") && isOver(undefined, "waiting") && !isOver(waiting, "waiting"));
});

test("a note that names me calls whoever has the conversation", () => {
  const theirs = row("theirs", { views: ["open"], state: "active", can_claim: false });
  assert.ok(isOver(theirs, "message") && !isOver(theirs, "mention") && !isOver(undefined, "mention"));
});

test("who chose what calls before there were mentions is called by them", () => {
  const kept = new Memory();
  kept.setItem("deskbridge.notify", JSON.stringify({ desktop: { offer: false }, sound: {} }));
  const wishes = wishesOf(kept);
  assert.deepEqual([wishes.desktop.offer, wishes.desktop.mention, wishes.sound.mention], [false, true, true]);
});

test("what begins to wait rings until somebody chooses otherwise", () => {
  assert.ok(USUAL.sound.waiting && USUAL.desktop.waiting);
  const kept = new Memory();
  kept.setItem("deskbridge.notify", JSON.stringify({ sound: { waiting: false } }));
  assert.equal(wishesOf(kept).sound.waiting, false);
});

test("a transfer that nobody took comes back to its sender alone", () => {
  const mine = row("a", { state: "active", owner: "ana" });
  const transfer = { by: "ana" } as Row["transfer"];
  const offered = { ...mine, transfer };
  assert.ok(cameBack(offered, mine, "ana"));
  assert.ok(!cameBack(offered, mine, "ben") && !cameBack(offered, { ...mine, owner: "ben" }, "ana") && !cameBack(mine, mine, "ana"));
});

test("quiet hours may go over midnight", () => {
  const hours = { on: true, start: "20:00", end: "08:00", timezone: "Asia/Tokyo" };
  assert.ok(isQuiet(hours, "23:10") && isQuiet(hours, "07:59"));
  assert.ok(!isQuiet(hours, "08:00") && !isQuiet({ ...hours, on: false }, "23:10"));
});

// ---- texts

test("segments as networks cut them", () => {
  assert.deepEqual(cut("a".repeat(160)), { segments: 1, unicode: false });
  assert.deepEqual(cut("a".repeat(161)), { segments: 2, unicode: false });
  assert.deepEqual(cut("€".repeat(81)), { segments: 2, unicode: false });
  assert.deepEqual(cut("ś".repeat(71)), { segments: 2, unicode: true });
  assert.equal(cut("").segments, 0);
});

test("Markdown becomes pieces, and only safe links become links", () => {
  assert.deepEqual(inline("a [b](javascript:alert) c").map((part) => part.kind), ["text"]);
  assert.deepEqual(inline("[hours](https://x.example/h)"), [{ kind: "link", text: "hours", href: "https://x.example/h" }]);
  assert.deepEqual(blocks("# Hours\n- Mon\n- Tue\n\nBring **your** card.").map((block) => block.kind), ["heading", "list", "paragraph"]);
  assert.equal(JSON.stringify(blocks("<img src=x onerror=alert(1)>")).includes("<img"), true);
});

// ---- the line

class Socket {
  static made: Socket[] = [];
  static OPEN = 1;
  readyState = 1;
  said: ClientMessage[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  after: string;
  constructor(after: string) {
    this.after = after;
    Socket.made.push(this);
  }
  send(text: string) {
    this.said.push(JSON.parse(text) as ClientMessage);
  }
  close() {
    this.readyState = 3;
  }
  tell(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}
(globalThis as { WebSocket?: unknown }).WebSocket = Socket;
const HELLO = { t: "hello", position: "e:99", connection: "x", me: {}, desk: {}, ping_s: 20, dead_s: 40 };

function line_(polled: Polled[] = []) {
  Socket.made = [];
  const heard: ServerMessage[] = [];
  const states: LineState[] = [];
  const asks: string[] = [];
  const seats: string[] = [];
  const said: ClientMessage[][] = [];
  const live = new Live(
    { message: (message) => heard.push(message), state: (state) => states.push(state) },
    {
      socket: (after) => new Socket(after) as unknown as WebSocket,
      poll: (after, connection, messages, signal) => {
        asks.push(after);
        seats.push(connection);
        said.push(messages);
        const next = polled.shift();
        return next ? Promise.resolve(next) : new Promise((_, failed) => signal.addEventListener("abort", () => failed(new Error("stopped"))));
      },
    },
  );
  return { live, heard, states, asks, seats, said };
}

test("after a gap the line goes on after the last position heard, and watches again", async (test) => {
  const { live, states } = line_();
  test.after(() => live.stop());
  live.start("e:1");
  live.watch("jane", "e:3");
  const first = Socket.made[0];
  first?.tell(HELLO);
  assert.deepEqual(first?.said, [{ t: "watch", conversation: "jane", position: "e:3" }, { t: "watch", conversation: "jane", position: "e:3" }]);
  first?.tell({ t: "lines", position: "e:5", conversation: "jane", lines: [] });
  first?.tell({ t: "rows", position: "e:7", upsert: [], remove: [] });
  first?.onclose?.();
  await until(() => Socket.made.length === 2);
  assert.equal(Socket.made[1]?.after, "e:7");
  Socket.made[1]?.tell(HELLO);
  assert.deepEqual(Socket.made[1]?.said, [{ t: "watch", conversation: "jane", position: "e:7" }]);
  assert.deepEqual(states.filter((state) => state !== "connecting"), ["live", "lost", "lost", "live"]);
});

test("what is heard speaks for a conversation only once its own lines came, and not after it was left", async (test) => {
  const { live } = line_();
  test.after(() => live.stop());
  live.start("e:1");
  live.watch("jane", "e:3");
  live.watch("uli", "e:3");
  live.unwatch("uli");
  const first = Socket.made[0];
  first?.tell(HELLO);
  first?.tell({ t: "lines", position: "e:5", conversation: "uli", lines: [] });
  first?.tell({ t: "rows", position: "e:7", upsert: [], remove: [] });
  first?.onclose?.();
  await until(() => Socket.made.length === 2);
  Socket.made[1]?.tell(HELLO);
  assert.deepEqual(Socket.made[1]?.said, [{ t: "watch", conversation: "jane", position: "e:3" }]);
});

test("a ping is answered, and a hello does not skip what is still to come", (test) => {
  const { live } = line_();
  test.after(() => live.stop());
  live.start("e:1");
  Socket.made[0]?.tell(HELLO);
  Socket.made[0]?.tell({ t: "ping", at: 5 });
  assert.deepEqual(Socket.made[0]?.said.at(-1), { t: "pong", at: 5 });
  assert.equal(live.position, "e:1");
});

test("where no socket stands it polls, from the same position", async (test) => {
  const { live, asks, states } = line_([{ position: "e:5", connection: "p", messages: [HELLO as unknown as ServerMessage] }]);
  test.after(() => live.stop());
  live.start("e:4");
  for (let n = 0; n < 3; n += 1) {
    await until(() => Socket.made.length === n + 1);
    Socket.made[n]?.onclose?.();
  }
  await until(() => asks.length === 2);
  assert.deepEqual(asks, ["e:4", "e:5"]);
  assert.equal(states.at(-1), "polling");
});

test("polls have a seat of their own, and a new one is told again what is open", async (test) => {
  const hello = (connection: string) => ({ position: "e:5", connection, messages: [{ ...HELLO, connection } as unknown as ServerMessage] });
  const { live, asks, seats, said } = line_([hello("p"), hello("q")]);
  test.after(() => live.stop());
  live.start("e:4");
  live.watch("jane", "e:3");
  for (let n = 0; n < 3; n += 1) {
    await until(() => Socket.made.length === n + 1);
    if (n === 0) Socket.made[n]?.tell(HELLO);
    Socket.made[n]?.onclose?.();
  }
  await until(() => asks.length === 3);
  assert.deepEqual(seats, ["", "p", "q"]);
  const watched = [{ t: "watch", conversation: "jane", position: "e:3" }];
  assert.deepEqual(said, [watched, [], watched]);
});

test("while polls get through, a socket that fails again is no loss of the line", async (test) => {
  const hello = { position: "e:5", connection: "p", messages: [HELLO as unknown as ServerMessage] };
  let answer: (polled: Polled) => void = () => undefined;
  const second = new Promise<Polled>((done) => (answer = done));
  const { live, asks, states } = line_([hello, second as unknown as Polled]);
  test.after(() => live.stop());
  live.start("e:4");
  for (let n = 0; n < 3; n += 1) {
    await until(() => Socket.made.length === n + 1);
    Socket.made[n]?.onclose?.();
  }
  await until(() => asks.length === 2);
  const real = Date.now;
  Date.now = () => real() + 61_000;
  test.after(() => (Date.now = real));
  answer({ position: "e:6", connection: "p", messages: [] });
  await until(() => Socket.made.length === 4);
  assert.equal(Socket.made[3]?.after, "e:6");
  const heard = states.length;
  Socket.made[3]?.onclose?.();
  await until(() => asks.length === 3);
  assert.equal(asks[2], "e:6");
  assert.deepEqual(states.slice(heard), []);
  assert.equal(states.at(-1), "polling");
});

test("periods are whole days of the library's clock", () => {
  const late = Date.parse("2026-03-31T23:30:00Z");
  assert.equal(today(late, "Europe/Berlin"), "2026-04-01");
  assert.equal(today(late, "America/New_York"), "2026-03-31");
  assert.deepEqual(daysOf("week", "2026-03-03"), { from: "2026-02-25", to: "2026-03-03" });
  assert.deepEqual(daysOf("days", "2026-03-30"), { from: "2026-03-01", to: "2026-03-30" });
  assert.deepEqual(daysOf("month", "2026-03-03"), { from: "2026-03-01", to: "2026-03-03" });
  assert.deepEqual(daysOf("lastMonth", "2028-03-31"), { from: "2028-02-01", to: "2028-02-29" });
  assert.deepEqual(daysOf("lastMonth", "2026-01-15"), { from: "2025-12-01", to: "2025-12-31" });
  assert.equal(isPeriod({ from: "2026-01-02", to: "2026-01-01" }), false);
  assert.equal(isPeriod({ from: "", to: "2026-01-01" }), false);
  assert.equal(isPeriod({ from: "2026-01-01", to: "2026-01-01" }), true);
});

// ---- addresses that patrons leave

test("an address is one by the same rule as at the desk", () => {
  const { mail, none } = JSON.parse(readFileSync(new URL("../../../tests/addresses.json", import.meta.url), "utf8")) as { mail: string[]; none: string[] };
  for (const one of mail) assert.ok(isAddress(one, "mail") && !isAddress(one, "phone"), one);
  for (const one of none) assert.ok(!isAddress(one, "mail-phone"), one);
  assert.ok(isAddress("+1 (415) 555-0100", "phone") && !isAddress("415 555 0100", "phone"), "a number names its country");
  assert.ok(isAddress("+14155550100", "phone") && !isAddress("+14155550100", "mail") && !isAddress("jane@example.org", ""));
});

const desk = (position: string, ...present: string[]) =>
  ({ position, librarians: ["ana", "ben"].map((id) => ({ id, present: present.includes(id) })), channels: [] }) as unknown as Organisation;
const came = (as_of: string, id: string, present = true): OrganisationTold => ({ t: "organisation", position: "", as_of, people: [{ id, present }], channels: [], queues: [], libraries: [] });
const there = (held: Organisation) => held.librarians.filter((one) => one.present).map((one) => one.id);

test("who comes is taken in without a fetch, and what a fetch knows already is not", () => {
  assert.deepEqual(there(patched(desk("e:5"), came("e:6", "ben"))), ["ben"]);
  assert.deepEqual(there(patched(desk("e:7"), came("e:6", "ben"))), [], "the fetch is newer: ben has gone again");
});

test("a fetch that is answered late, or by a process that is behind, takes back nothing that was told", () => {
  const told = new OrganisationChanges();
  told.add(came("e:6", "ben"));
  told.add(came("e:8", "ana"));
  assert.deepEqual(there(told.onto(desk("e:5"))), ["ana", "ben"]);
  assert.deepEqual(there(told.onto(desk("e:7"))), ["ana"]);
  assert.deepEqual(there(told.onto(desk("e:9", "ben"))), ["ben"]);
});

test("a channel that fails replaces what was held of it", () => {
  const up = { channel: "web", kind: "webchat", label: "Web chat", icon: "chat" as const, queue: "north/ask", live: true, up: true };
  const held = { ...desk("e:5"), channels: [up] } as unknown as Organisation;
  const told = { ...came("e:6", "ben"), channels: [{ ...up, up: false }] } as unknown as OrganisationTold;
  assert.deepEqual(patched(held, told).channels.map((one) => one.up), [false]);
});

test("queues and hours that are told replace what was held, and nothing else of it", () => {
  const held = { ...desk("e:5"), queues: [{ id: "q", waiting: 1, name: "Ask" }, { id: "r", waiting: 2 }], libraries: [{ id: "n", open: false, revision: 1, name: "North" }] } as unknown as Organisation;
  const told: OrganisationTold = { ...came("e:6", "ben"), queues: [{ id: "q", waiting: 0, state: "here", wait_s: null }], libraries: [{ id: "n", open: true, revision: 2 }] };
  const found = patched(held, told);
  assert.deepEqual(found.queues, [{ id: "q", waiting: 0, state: "here", wait_s: null, name: "Ask" }, { id: "r", waiting: 2 }]);
  assert.deepEqual(found.libraries, [{ id: "n", open: true, revision: 2, name: "North" }]);
  assert.equal(patched({ ...held, position: "e:6" }, told).queues, held.queues);
});

test("a channel of any kind looks as its adapter says, and by its name until that is known", () => {
  const loft = { channel: "loft", kind: "pigeon-component", label: "Pigeon post", icon: "mail" };
  const organisation = { ...desk("e:5"), channels: [loft] } as unknown as Organisation;
  assert.deepEqual([lookOf(organisation, "loft").label, lookOf(organisation, "loft").icon], ["Pigeon post", "mail"]);
  assert.deepEqual([lookOf(null, "loft"), lookOf(organisation, "gone")], [{ label: "loft", icon: "chat" }, { label: "gone", icon: "chat" }]);
});
