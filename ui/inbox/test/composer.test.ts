// The composer's rules: where an answer goes, what a completion writes, which names a script gets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bold, type Change, linked, linkTarget, listed } from "../src/marking";
import { completed, filled } from "../src/complete";
import { answerable, reachOf } from "../src/reach";
import type { Address, ConversationView, Row } from "../src/schema";

const address = (via: string, kind: string, more: Partial<Address> = {}): Address =>
  ({ via, kind, address: via, channel: kind, current: false, left: false, blocked: false, max_text: 0, segments: false, formatting: false, plain: false, copies: false, ...more });
const row = (more: Partial<Row> = {}): Row => ({ channel: "webchat", left: false, live: true, ...more }) as Row;
const web = address("web", "webchat", { current: true, max_text: 4000 });
const mail = address("mail", "email", { left: true });
const text = address("text", "sms", { max_text: 1600, segments: true });

test("an answer goes where the patron wrote last", () => {
  const reach = reachOf(row(), [web, mail, text], "", 2000);
  assert.deepEqual([reach.channel, reach.reached, reach.most, reach.target], ["webchat", web, 4000, undefined]);
});

test("an address that was chosen is taken, with its own limit", () => {
  const reach = reachOf(row(), [web, mail, text], "text", 2000);
  assert.deepEqual([reach.channel, reach.reached, reach.most], ["sms", text, 1600]);
});

test("a patron who left the chat is answered at the address that they gave for it", () => {
  assert.deepEqual([reachOf(row({ left: true }), [web, mail], "", 0).channel, reachOf(row({ left: true }), [web, mail], "", 0).left], ["email", mail]);
  assert.equal(reachOf(row({ left: true }), [web], "", 0).channel, "webchat", "no channel serves one");
  assert.equal(reachOf(row({ left: true, live: false }), [web, mail], "", 0).channel, "webchat", "a mail does not leave");
  assert.equal(reachOf(row({ left: true }), [address("mail", "email", { left: true, current: true })], "", 0).left, undefined, "answered there already");
});

test("without an address that is known the conversation's own limit counts", () => {
  assert.deepEqual([reachOf(row(), [], "", 2000).most, reachOf(row(), [], "gone", 2000).channel], [2000, "webchat"]);
});

test("a blocked address is not offered", () => {
  assert.deepEqual(answerable([web, address("bad", "sms", { blocked: true })]), [web]);
});

test("a completion takes the place of what was typed for it, and the caret follows", () => {
  assert.deepEqual(completed("see @an now", 4, 7, "@Ana Ruiz "), { text: "see @Ana Ruiz  now", caret: 14 });
  assert.deepEqual(completed("ab", 1, 1, "x"), { text: "axb", caret: 2 });
});

test("a script gets the names that are known, and keeps the others for the librarian to see", () => {
  const view = { row: { library_name: "Uppsala" }, patron: { name: "Kim" } } as ConversationView;
  const script = "Hi {patron}, {librarian} of {library} here. {case}";
  assert.equal(filled(script, { name: "Ana Ruiz", shown: "Ana" }, view), "Hi Kim, Ana of Uppsala here. {case}");
  assert.equal(filled(script, null, null), script);
});

test("a button's marks go around what is chosen, and come off again", () => {
  const applied = (text: string, done: Change) => text.slice(0, done.from) + done.insert + text.slice(done.to);
  const made = bold("say yes now", 4, 8);
  assert.equal(applied("say yes now", made), "say **yes** now");
  assert.equal(applied("say **yes** now", bold("say **yes** now", made.start, made.end)), "say yes now");
  assert.equal(applied("one\n2. two\nthree", listed("one\n2. two\nthree", 1, 8, false)), "- one\n- two\nthree");
  assert.equal(applied("- one\n- two", listed("- one\n- two", 0, 11, false)), "one\ntwo");
  assert.equal(applied("a\nb", listed("a\nb", 0, 3, true)), "1. a\n2. b");
  assert.equal(linkTarget(" library.example/a (b)?q='x' "), "https://library.example/a%20%28b%29?q=%27x%27");
  for (const bad of ["", "javascript:alert(1)", "https://", "https://good.example@evil.example/", "mailto:a@b.example", "word"]) assert.equal(linkTarget(bad), "", bad);
  assert.equal(applied("see here", linked(4, 8, "here", "https://a.example/")), "see [here](https://a.example/)");
});
