// The rules of the patron's chat, each alone: what is sent once, what is kept, what a token opens, what a rating waits for.
// Run by tests/browser/test_page_rules.py with Node's own runner; browser.ts plays the browser.
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Chat } from "../chat";
import type { DeskState, PatronLine } from "../frames";
import { BEGAN, Browser, SETTINGS } from "./browser";

const BASE = "https://desk.example/channels/here/";
const DESK: DeskState = { t: "desk", open: true, online: true, state: "here", rate_s: 600, mails: true };

function opened(): Chat {
  const chat = new Chat(SETTINGS, BASE, "en");
  chat.start();
  return chat;
}

/** A chat that is connected, and its browser. */
function chatting(test: TestContext): { chat: Chat; browser: Browser } {
  const browser = new Browser(test);
  const chat = opened();
  browser.connect();
  browser.hear(DESK);
  return { chat, browser };
}

const line = (id: string, more: Partial<PatronLine> = {}): PatronLine => ({ id, who: "librarian", text: id, at: BEGAN, ...more });
const end = (id: string): PatronLine => line(id, { who: "desk", event: "goodbye" });
const ids = (things: readonly { id: string }[]) => things.map((thing) => thing.id);
const texts = (things: readonly { text?: string }[]) => things.map((thing) => thing.text);

/** Acknowledge the message that was sent last. */
function acknowledge(browser: Browser): void {
  const id = browser.said("message").at(-1)?.id ?? "";
  browser.hear({ t: "ack", id, message: `m-${id}`, at: Date.now() });
}

// ---- messages

test("messages go one at a time, in the order they were written", (test) => {
  const { chat, browser } = chatting(test);
  chat.send("one", []);
  chat.send("two", []);
  assert.deepEqual(texts(browser.said("message")), ["one"]);
  acknowledge(browser);
  assert.deepEqual(texts(browser.said("message")), ["one", "two"]);
  acknowledge(browser);
  assert.deepEqual(chat.unsent, []);
  assert.deepEqual(texts(chat.lines), ["one", "two"]);
});

test("a message that is not acknowledged goes again under its id on the next connection", async (test) => {
  const { chat, browser } = chatting(test);
  chat.send("are you there?", []);
  const [first] = browser.said("message");
  browser.cut();
  await browser.pass(3_000);
  browser.connect();
  assert.deepEqual(ids(browser.said("message")), [first?.id]);
});

test("a message survives a reload, and tells how long ago it was written", async (test) => {
  const browser = new Browser(test);
  opened().send("before the reload", []);
  await browser.pass(5_000);
  const chat = opened();
  assert.deepEqual(texts(chat.unsent), ["before the reload"]);
  browser.connect();
  const [message] = browser.said("message");
  assert.equal(message?.age, 5_000);
  assert.equal(message?.at, undefined, "the clock of this browser may be days off");
});

test("what is not acknowledged in two seconds is said to wait, and after fifteen goes again on a new connection", async (test) => {
  const { chat, browser } = chatting(test);
  chat.send("slow", []);
  await browser.pass(2_000);
  browser.hear({ t: "pong" });
  assert.deepEqual(chat.hint, { code: "late", seconds: 2 });
  for (let s = 2; s < 15; s += 1) {
    await browser.pass(1_000);
    browser.hear({ t: "pong" });
  }
  assert.equal(browser.sockets, 1);
  await browser.pass(3_000);
  assert.equal(browser.sockets, 2);
  browser.connect();
  assert.deepEqual(texts(browser.said("message")), ["slow"]);
  acknowledge(browser);
  assert.equal(chat.hint, null);
});

test("a message that is refused for good holds up no other; it can be sent again or discarded", async (test) => {
  const { chat, browser } = chatting(test);
  chat.send("refused", []);
  chat.send("taken", []);
  const id = browser.said("message")[0]?.id ?? "";
  browser.hear({ t: "error", code: "too-long", id });
  assert.deepEqual(chat.unsent.map((held) => held.failed), ["too-long", undefined]);
  await browser.pass(2_000);
  assert.deepEqual(texts(browser.said("message")), ["refused", "taken"]);
  acknowledge(browser);
  chat.retry(id);
  assert.deepEqual(ids(browser.said("message")).filter((one) => one === id), [id, id]);
  browser.hear({ t: "error", code: "too-long", id });
  chat.discard(id);
  assert.deepEqual(chat.unsent, []);
});

test("a message that is larger than a frame is not even sent", (test) => {
  const { chat, browser } = chatting(test);
  chat.send("ä".repeat(SETTINGS.maxFrame), []);
  assert.deepEqual(browser.said("message"), []);
  assert.deepEqual(chat.unsent.map((held) => held.failed), ["too-large"]);
});

test("a message that is slowed down waits as long as it is told to", async (test) => {
  const { chat, browser } = chatting(test);
  chat.send("quick", []);
  browser.hear({ t: "error", code: "slow-down", id: browser.said("message")[0]?.id ?? "", retry_after: 4 });
  assert.deepEqual(chat.hint, { code: "slow-down", seconds: 4 });
  await browser.pass(3_500);
  assert.equal(browser.said("message").length, 1);
  await browser.pass(500);
  assert.equal(browser.said("message").length, 2);
});

test("while the desk is down a message is kept, and goes when it is up again", async (test) => {
  const { chat, browser } = chatting(test);
  browser.hear({ ...DESK, down: true });
  chat.send("anybody?", []);
  browser.hear({ t: "error", code: "busy", id: browser.said("message")[0]?.id ?? "", retry_after: 2 });
  assert.equal(chat.desk?.down, true);
  assert.deepEqual(texts(chat.unsent), ["anybody?"]);
  browser.hear(DESK);
  await browser.pass(2_000);
  assert.equal(chat.desk?.down, undefined);
  assert.equal(browser.said("message").length, 2);
  acknowledge(browser);
  assert.deepEqual(texts(chat.lines), ["anybody?"]);
});

test("where no socket opens the polls carry the chat, and an answer without the desk's state does not end them", async (test) => {
  const { chat, browser } = chatting(test);
  const desk = { status: 200, told: { desk: DESK } };
  browser.answer = ({ path, body }) => {
    if (path === "status") return browser.asked.length > 1 ? desk : { status: 429, told: { frames: [] } };
    const id = (body as { id?: string }).id ?? "";
    return path === "frames" ? { told: { frames: [{ t: "token", token: "T1" }, { t: "ack", id, message: "m1", at: BEGAN }] } } : null;
  };
  for (let n = 0; n < 2; n += 1) {
    browser.cut();
    await browser.pass(5_000);
  }
  assert.equal(chat.on, true);
  chat.send("by poll", []);
  await browser.pass(500);
  assert.deepEqual(texts(chat.lines), ["by poll"]);
  browser.answer = () => null;
  await browser.pass(60_000);
  assert.equal(chat.on, false);
  browser.connect();
  assert.equal(chat.on, true, "a socket that opens takes over");
  const polls = browser.asked.length;
  await browser.pass(10_000);
  assert.equal(browser.asked.length, polls);
});

// ---- lines

test("a message whose line came before its acknowledgement is shown once", (test) => {
  const { chat, browser } = chatting(test);
  chat.send("once", []);
  const source = browser.said("message")[0]?.id ?? "";
  browser.hear({ t: "lines", lines: [line("m1", { who: "patron", source, position: "e:1" })] });
  assert.deepEqual(chat.unsent, []);
  browser.hear({ t: "ack", id: source, message: "m1", at: BEGAN });
  assert.deepEqual(ids(chat.lines), ["m1"]);
});

test("a live line stays behind the others until it comes with its position", (test) => {
  const { chat, browser } = chatting(test);
  browser.hear({ t: "lines", live: true, lines: [line("live")] });
  browser.hear({ t: "lines", lines: [line("older", { position: "e:1" })] });
  assert.deepEqual(ids(chat.lines), ["older", "live"]);
  browser.hear({ t: "lines", lines: [line("live", { position: "e:2" }), line("newer", { position: "e:3" })] });
  assert.deepEqual(ids(chat.lines), ["older", "live", "newer"]);
});

test("a reset replaces what was held, and keeps what only this browser has yet", (test) => {
  const { chat, browser } = chatting(test);
  browser.hear({ t: "lines", lines: [line("gone", { position: "e:1" })] });
  browser.hear({ t: "lines", live: true, lines: [line("live")] });
  browser.hear({ t: "lines", reset: true, lines: [line("all", { position: "f:1" })] });
  assert.deepEqual(ids(chat.lines), ["all", "live"]);
});

test("the next connection goes on after the last position, and names the lines held", async (test) => {
  const { browser } = chatting(test);
  browser.hear({ t: "lines", lines: [line("a", { position: "e:1" }), line("b", { position: "e:2" })] });
  browser.hear({ t: "mark", id: "sign", about: "m1" });
  browser.cut();
  await browser.pass(3_000);
  browser.connect();
  assert.deepEqual(browser.said("hello"), [{ t: "hello", after: "e:2", have: ["a", "b", "sign"] }]);
});

test("each line is told to have arrived once, and to be read once it was on screen", (test) => {
  const { chat, browser } = chatting(test);
  chat.shown = false;
  browser.hear({ t: "lines", live: true, lines: [line("a")] });
  browser.hear({ t: "lines", lines: [line("a", { position: "e:1" })] });
  assert.deepEqual(browser.said("receipt"), [{ t: "receipt", ids: ["a"], stage: "delivered" }]);
  chat.shown = true;
  chat.look();
  chat.look();
  assert.deepEqual(browser.said("receipt").slice(1), [{ t: "receipt", ids: ["a"], stage: "read" }]);
});

test("a receipt that may be lost is told again, also where polls take over", async (test) => {
  const { chat, browser } = chatting(test);
  chat.send("hello", []);
  browser.hear({ t: "token", token: "T1" });
  acknowledge(browser);
  browser.hear({ t: "lines", live: true, lines: [line("answer")] });
  assert.deepEqual(browser.said("receipt").map(({ stage }) => stage), ["delivered", "read"]);
  browser.cut();
  await browser.pass(2_500);
  const receipts = () => browser.asked.filter(({ body }) => body["t"] === "receipt").map(({ body }) => body["stage"]);
  assert.deepEqual(receipts(), []);
  let polls = 0;
  browser.answer = ({ path }) => (path === "poll" && (polls += 1) > 1 ? null : { told: { frames: [] } });
  browser.cut();
  await browser.pass(500);
  assert.deepEqual(receipts(), ["delivered", "read"]);
});

test("a receipt that no link took is told on the next one", async (test) => {
  const { browser } = chatting(test);
  browser.hear({ t: "token", token: "T1" });
  browser.socket.readyState = 2; // closing: the last frame is heard, and nothing goes out any more
  browser.hear({ t: "lines", live: true, lines: [line("answer")] });
  assert.deepEqual(browser.said("receipt"), []);
  browser.cut();
  await browser.pass(65_000);
  for (const before = browser.sockets; browser.sockets === before; ) await browser.pass(500);
  browser.connect();
  assert.deepEqual(browser.said("receipt").map(({ ids, stage }) => ({ ids, stage })), [
    { ids: ["answer"], stage: "delivered" },
    { ids: ["answer"], stage: "read" },
  ]);
});

// ---- tokens

test("the first message carries a seed, and the token that it brings opens the chat again", (test) => {
  const { chat, browser } = chatting(test);
  assert.equal(browser.kept, null, "nothing is kept before the patron writes");
  chat.send("hello", []);
  assert.ok(browser.said("message")[0]?.seed);
  browser.hear({ t: "token", token: "T1" });
  acknowledge(browser);
  chat.send("more", []);
  assert.equal(browser.said("message").at(-1)?.seed, undefined);
  opened();
  browser.connect();
  assert.equal(browser.said("hello")[0]?.token, "T1");
});

test("a token that is refused is dropped with its lines; what was unsent begins another chat", (test) => {
  const { chat, browser } = chatting(test);
  chat.send("hello", []);
  browser.hear({ t: "token", token: "T1" });
  acknowledge(browser);
  chat.send("unsent", []);
  browser.hear({ t: "again" });
  browser.hear({ t: "error", code: "token" });
  assert.deepEqual(chat.lines, []);
  assert.equal(browser.said("hello").at(-1)?.token, undefined);
  const last = browser.said("message").at(-1);
  assert.deepEqual([last?.text, !!last?.seed], ["unsent", true]);
});

test("a token that another window was given is taken over, and not dropped for the one refused", (test) => {
  const { chat, browser } = chatting(test);
  chat.send("hello", []);
  browser.hear({ t: "token", token: "T1" });
  acknowledge(browser);
  browser.elsewhere({ token: "T2", unsent: [] });
  assert.equal(browser.said("hello").at(-1)?.token, "T2");
  assert.deepEqual(texts(chat.lines), ["hello"]);
});

test("a token that is too old for this browser is ended at the desk", async (test) => {
  const browser = new Browser(test);
  browser.answer = () => ({});
  browser.storage.setItem("deskbridge:here", JSON.stringify({ at: BEGAN - 31 * 86_400_000, token: "old", unsent: [] }));
  const chat = opened();
  await browser.pass(500);
  assert.deepEqual(browser.asked.map(({ path, token }) => [path, token]), [["end", "old"]]);
  assert.equal(chat.begun, false);
  assert.equal(browser.kept, null);
});

// ---- end on this device

test("a chat that ends on this device is forgotten here, and ended at the desk as soon as that answers", async (test) => {
  const { chat, browser } = chatting(test);
  let emptied = 0;
  chat.emptied = () => (emptied += 1);
  chat.send("private", []);
  browser.hear({ t: "token", token: "T1" });
  acknowledge(browser);
  chat.send("unsent", []);
  chat.forget();
  assert.deepEqual([chat.begun, chat.unsent.length, emptied, browser.kept], [false, 0, 1, null]);
  browser.connect();
  assert.equal(browser.said("hello")[0]?.token, undefined);
  await browser.pass(1_000);
  browser.answer = ({ path }) => (path === "end" ? { status: 401 } : null);
  await browser.pass(60_000);
  const ends = browser.asked.filter(({ path }) => path === "end");
  assert.deepEqual(ends.map(({ token }) => token), ["T1", "T1"], "asked again until it is known, and then no more");
});

test("a chat that another window ended is forgotten here too", (test) => {
  const { chat, browser } = chatting(test);
  chat.send("private", []);
  browser.hear({ t: "token", token: "T1" });
  acknowledge(browser);
  browser.elsewhere(null);
  assert.equal(chat.begun, false);
});

// ---- ratings and the transcript by mail

test("a rating goes under one id until it is acknowledged", async (test) => {
  const { chat, browser } = chatting(test);
  const goodbye = end("bye");
  browser.hear({ t: "lines", live: true, lines: [line("answer"), goodbye] });
  assert.ok(chat.asks(goodbye));
  chat.rate(3, "Thank you");
  await browser.pass(500);
  browser.cut();
  await browser.pass(3_000);
  browser.connect();
  const [rating] = browser.said("rate");
  assert.deepEqual({ ...rating, id: "" }, { t: "rate", id: "", score: 3, text: "Thank you" });
  browser.hear({ t: "ack", id: rating?.id ?? "", message: "", at: BEGAN });
  assert.equal(chat.offer, null);
  assert.equal(chat.given(goodbye)?.score, 3);
  assert.deepEqual(ids(chat.lines), ["answer", "bye"]);
});

test("a rating that is slowed down is offered again, and one that is refused says why", async (test) => {
  const { chat, browser } = chatting(test);
  chat.rate(1, "");
  const id = chat.offer?.id ?? "";
  browser.hear({ t: "error", code: "slow-down", id, retry_after: 3 });
  await browser.pass(3_000);
  assert.deepEqual(ids(browser.said("rate")), [id, id]);
  browser.hear({ t: "error", code: "late", id });
  assert.equal(chat.offer, null);
  assert.equal(chat.unrated, "late");
});

test("a rating among the lines is no line, and the last one counts", (test) => {
  const { chat, browser } = chatting(test);
  const goodbye = end("bye");
  const rated = (id: string, score: number, at: number) => line(id, { who: "patron", event: `rated:${score}`, at });
  browser.hear({ t: "lines", reset: true, lines: [line("answer"), goodbye, rated("r1", 1, BEGAN + 1), rated("r2", 2, BEGAN + 2)] });
  assert.deepEqual(ids(chat.lines), ["answer", "bye"]);
  assert.equal(chat.given(goodbye)?.score, 2);
});

test("a chat that nobody answered, or that ended long ago, is not rated", async (test) => {
  const { chat, browser } = chatting(test);
  const goodbye = end("bye");
  browser.hear({ t: "lines", live: true, lines: [goodbye] });
  assert.equal(chat.asks(goodbye), false);
  browser.hear({ t: "lines", live: true, lines: [line("answer")] });
  assert.equal(chat.asks(goodbye), true);
  await browser.pass(600_000);
  assert.equal(chat.asks(goodbye), false);
});

test("the address for a transcript is dropped with the desk's answer", (test) => {
  const { chat, browser } = chatting(test);
  chat.send("hello", []);
  chat.mail("jane@example.org");
  const [asked] = browser.said("mail");
  assert.deepEqual(browser.kept?.["wish"], { id: asked?.id, address: "jane@example.org" });
  browser.hear({ t: "ack", id: asked?.id ?? "", message: "", at: BEGAN });
  assert.equal(chat.mailed, "jane@example.org");
  assert.equal(browser.kept?.["wish"], null);
  browser.hear({ t: "lines", live: true, lines: [line("lost", { who: "desk", event: "transcript-failed" })] });
  assert.equal(chat.mailed, "", "it could not be mailed after all");
});
