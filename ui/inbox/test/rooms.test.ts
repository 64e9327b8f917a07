// What a page holds of colleagues' rooms: whatever order it hears things in, it holds what a fresh page would fetch.
import assert from "node:assert/strict";
import { test } from "node:test";
import { asksOrMine, listed, NOTHING, opened, told, without, type Held } from "../src/rooms";
import type { MessageView, RoomView, Row } from "../src/schema";

const message = (id: string, seq: number, n = seq, more: Partial<MessageView> = {}): MessageView =>
  ({ id, room: "all", seq, n, at: seq, by: "ana", by_name: "Ana", text: id, edited_at: 0, deleted: false, ...more });
const room = (id: string, more: Partial<RoomView> = {}): RoomView =>
  ({ id, kind: "all", name: "", members: [], made_by: "", conversation: "", listed: true, can_write: true, days: 0, last: null, ...more });
const held = (messages: MessageView[] = []): Held =>
  opened(listed(NOTHING, { at: 1, rooms: [room("all")] }), { at: 1, room: room("all"), messages, before: 0 });
const texts = (one: Held) => one.messages.get("all")?.map((each) => each.text);
const says = (at: number, ...messages: MessageView[]) => ({ at, messages, rooms: [], gone: [] });

test("a message is held once, as it was changed last, whichever way and in whichever order it came", () => {
  const [first, edited] = [message("one", 2), message("one", 2, 4, { text: "one, changed" })];
  const other = message("two", 3);
  const forth = told(told(held([first]), says(3, other)), says(4, edited));
  const back = told(told(held([edited]), says(3, other)), says(3, first));
  assert.deepEqual(texts(forth), ["one, changed", "two"]);
  assert.deepEqual(back.messages, forth.messages);
  assert.equal(forth.at, 4);
  assert.equal(forth.rooms[0]?.last?.id, "two");
});

test("older messages come before, and what is fetched again does not ask for what is held", () => {
  const now = opened(listed(NOTHING, { at: 9, rooms: [room("all")] }), { at: 9, room: room("all"), messages: [message("new", 8)], before: 8 });
  const more = opened(now, { at: 9, room: room("all"), messages: [message("old", 2)], before: 0 });
  assert.deepEqual(texts(more), ["old", "new"]);
  assert.equal(more.before.get("all"), 0);
  const again = opened(more, { at: 10, room: room("all"), messages: [message("new", 8), message("newest", 10)], before: 8 });
  assert.deepEqual([texts(again), again.before.get("all")], [["old", "new", "newest"], 0]);
});

test("a room comes, changes and goes with what was read of it", () => {
  const made = room("room:m", { kind: "room", name: "Maps" });
  const came = told(held(), { at: 2, messages: [message("hello", 2, 2, { room: made.id })], rooms: [made], gone: [] });
  assert.deepEqual(came.rooms.map((one) => [one.id, one.last?.text]), [["all", undefined], ["room:m", "hello"]]);
  const read = opened(came, { at: 2, room: made, messages: [message("hello", 2, 2, { room: made.id })], before: 0 });
  const gone = told(read, { at: 3, messages: [], rooms: [], gone: [made.id] });
  assert.deepEqual([gone.rooms.map((one) => one.id), gone.messages.has(made.id)], [["all"], false]);
});

test("a talk that is not among my rooms is followed where I read it, and not listed", () => {
  const talk = room("talk:c1", { kind: "talk", conversation: "c1", listed: false });
  const read = opened(held(), { at: 1, room: talk, messages: [], before: 0 });
  const heard = told(read, { at: 2, messages: [message("shelf 12", 2, 2, { room: talk.id })], rooms: [talk], gone: [] });
  assert.deepEqual(heard.rooms.map((one) => one.id), ["all"]);
  assert.equal(heard.messages.get(talk.id)?.[0]?.text, "shelf 12");
});

test("a talk goes when its conversation does not ask me any more, and what was read of it when I may not see it", () => {
  const talk = room("talk:c1", { kind: "talk", conversation: "c1" });
  const read = opened(told(held(), { at: 2, messages: [], rooms: [talk], gone: [] }), { at: 2, room: talk, messages: [message("x", 2, 2, { room: talk.id })], before: 0 });
  const row = { id: "c1", consults: [{}], consulted: true, joined: false, owner: "ana" } as unknown as Row;
  assert.equal(asksOrMine(row, "ben"), true);
  assert.equal(without(read, [row], [], "ben"), read);
  const over = without(read, [{ ...row, consulted: false }], [], "ben");
  assert.deepEqual([over.rooms.map((one) => one.id), over.messages.has(talk.id)], [["all"], true]);
  const lost = without(read, [], ["c1"], "ben");
  assert.deepEqual([lost.rooms.map((one) => one.id), lost.messages.has(talk.id)], [["all"], false]);
});
