// The search box: how controls and offers change what is typed, and what this machine remembers of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clear, keep, offers, recent, replaced, tokens, valueOf, withFilter } from "../src/searching";

const VALUES = { by: [{ value: "ana", name: "Ana Alves" }, { value: "ben", name: "Ben Berg" }], is: [{ value: "open", name: "Open" }] };
const offered = (text: string) => offers(text, text.length, VALUES, (key) => key).offers.map((one) => one.insert);

test("a control puts its filter into the text, and takes it out again", () => {
  const asked = withFilter('bees by:ana "second floor"', "by", "Ana Alves");
  assert.equal(asked, 'bees "second floor" by:"Ana Alves"');
  assert.equal(valueOf(asked, "by"), "Ana Alves");
  assert.equal(withFilter(asked, "by", ""), 'bees "second floor"');
  assert.equal(withFilter("-by:ana bees", "by", "ben"), "-by:ana bees by:ben");
  assert.equal(valueOf("by:ana by:ben", "by"), "");
});

test("names of filters are offered, and then what they can name", () => {
  assert.deepEqual(offered("bees b"), ["by:", "before:"]);
  assert.deepEqual(offered("-b"), ["-by:", "-before:"]);
  assert.deepEqual(offered("by:be"), ["by:ben "]);
  assert.deepEqual(offered("bees "), []);
  assert.deepEqual(offered("is:open"), []);
});

test("what was not understood is replaced where it is", () => {
  assert.equal(replaced('form:jane "form:jane"', "form:jane", "from:jane"), 'from:jane "form:jane"');
  assert.deepEqual(tokens("a -is:open").map((one) => [one.key, one.value, one.minus]), [["", "a", false], ["is", "open", true]]);
});

test("recent questions are this librarian's, few, and gone once cleared", () => {
  const held = new Map<string, string>();
  const where = { getItem: (name: string) => held.get(name) ?? null, setItem: (name: string, value: string) => void held.set(name, value), removeItem: (name: string) => void held.delete(name) } as unknown as Storage;
  for (let n = 0; n < 20; n += 1) keep(where, "ana", `question ${n}`);
  keep(where, "ana", "question 15");
  keep(where, "ana", "  ");
  assert.equal(recent(where, "ana").length, 8);
  assert.deepEqual(recent(where, "ana").slice(0, 2), ["question 15", "question 19"]);
  assert.deepEqual(recent(where, "ben"), []);
  clear(where, "ana");
  assert.deepEqual([recent(where, "ana"), held.size], [[], 0]);
  held.set("deskbridge.searches.ana", "{broken");
  assert.deepEqual(recent(where, "ana"), []);
});
