// Rules of the library's editor, without a browser: hours, spans of time, and two changes of one library put together.
import assert from "node:assert/strict";
import { test } from "node:test";
import { merge } from "../src/library/merge";
import { freshId, freshKey } from "../src/library/names";
import { unknownNames } from "../src/library/placeholders";
import { sectionOf } from "../src/library/sections";
import { secondsOf, unitOf } from "../src/library/units";
import { isOvernight, nextSpan, range, spanOf, textOf } from "../src/library/week";

test("a span may end on the next day, and midnight ends a day", () => {
  assert.deepEqual(spanOf("9:00 – 18:00"), { start: "09:00", end: "18:00" });
  assert.equal(textOf({ start: "09:00", end: "00:00" }), "09:00-24:00");
  assert.deepEqual(range("20:00-02:00"), [1200, 1560]);
  assert.equal(isOvernight("20:00-02:00"), true);
  assert.equal(isOvernight("09:00-24:00"), false);
  assert.equal(range("9 to 5"), null);
  assert.equal(nextSpan(["09:00-12:00"]), "13:00-16:00");
  assert.equal(nextSpan([]), "09:00-17:00");
});

test("seconds are shown in the unit that people use, and are what they were", () => {
  assert.deepEqual([75, 150, 180, 300, 86_400, 1_209_600, 0].map(unitOf), ["seconds", "seconds", "minutes", "minutes", "hours", "days", "seconds"]);
  assert.equal(secondsOf("1,5", "minutes"), 90);
  assert.equal(secondsOf("-1", "minutes"), null);
  assert.equal(secondsOf("soon", "minutes"), null);
});

const base = { name: "North", ratings: true, queues: [{ id: "n/a", name: "A", offer_s: 30 }], hours: { weekly: { monday: ["09:00-17:00"] } } };

test("changes to different fields fit together, also in one row", () => {
  const mine = { ...base, queues: [{ id: "n/a", name: "Mine", offer_s: 30 }, { id: "n/b", name: "B", offer_s: 1 }] };
  const theirs = { ...base, ratings: false, queues: [{ id: "n/c", name: "C", offer_s: 2 }, { id: "n/a", name: "A", offer_s: 99 }] };
  const { value, both, theirs: told } = merge(base, mine, theirs);
  assert.deepEqual(both, []);
  assert.deepEqual(value, { ...base, ratings: false, queues: [{ id: "n/a", name: "Mine", offer_s: 99 }, { id: "n/b", name: "B", offer_s: 1 }, { id: "n/c", name: "C", offer_s: 2 }] });
  assert.deepEqual(told.map((one) => one.path.join("/")).sort(), ["queues/n/a/offer_s", "queues/n/c", "ratings"]);
});

test("where both changed a field, what was chosen is taken; a row that one took away and nobody changed is gone", () => {
  const mine = { ...base, name: "Mine" };
  const theirs = { ...base, name: "Theirs", queues: [] };
  assert.deepEqual(merge(base, mine, theirs).both.map((one) => one.path), [["name"]]);
  assert.deepEqual(merge(base, mine, theirs).value, { ...base, name: "Mine", queues: [] });
  assert.deepEqual(merge(base, mine, theirs, () => "theirs").value, { ...base, name: "Theirs", queues: [] });
});

test("ids and keys are made from names, and no two are the same", () => {
  assert.equal(freshId("north", "Späte Fragen", ["north/spate-fragen"]), "north/spate-fragen-2");
  assert.equal(freshKey("!!", []), "new");
});

test("each field belongs to a section, and names that nothing fills in are found", () => {
  assert.deepEqual(["queues[1].tiers[2].teams", "hours.weekly.monday[1]", "wording.notice.goodbye", "id"].map(sectionOf), ["queues", "hours", "words", "general"]);
  assert.deepEqual(unknownNames("{patron}, the {isbn}", false), ["isbn"]);
  assert.deepEqual(unknownNames("{opening}", true), []);
});
