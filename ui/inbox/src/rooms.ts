// What a page holds of colleagues' rooms, and how it follows what is told: pure, so that it can be tested.
//
// The rule: a message with a higher `n` is newer, whichever way it came. What is fetched and what is told since, in any order, gives
// what a fresh page would fetch. A room that is not listed any more goes, and so does its talk when the conversation no longer asks me.
import type { ColleagueChanges, Colleagues, MessageView, RoomMessages, RoomView, Row } from "./schema";

export interface Held {
  at: number; // the change that this reflects; 0 = nothing was fetched
  rooms: readonly RoomView[];
  messages: ReadonlyMap<string, readonly MessageView[]>; // of the rooms that were opened, oldest first
  before: ReadonlyMap<string, number>; // the `seq` to fetch older ones with; 0 = there is none
}

export const NOTHING: Held = { at: 0, rooms: [], messages: new Map(), before: new Map() };

type Told = Omit<ColleagueChanges, "more">;

/** Take in the list of rooms; what was opened stays. */
export function listed(held: Held, found: Colleagues): Held {
  return { ...held, at: Math.max(held.at, found.at), rooms: found.rooms };
}

/** Take in a page of messages. */
export function opened(held: Held, { room, messages, before }: RoomMessages): Held {
  const kept = held.messages.get(room.id) ?? [];
  const all = merged(kept, messages);
  const older = kept.length && messages[0] && kept[0] && messages[0].seq >= kept[0].seq ? (held.before.get(room.id) ?? 0) : before;
  return {
    ...held,
    rooms: held.rooms.map((one) => (one.id === room.id ? { ...room, last: one.last } : one)),
    messages: new Map(held.messages).set(room.id, all),
    before: new Map(held.before).set(room.id, older),
  };
}

/** Take in what was told, live or after a gap. */
export function told(held: Held, { at, messages, rooms, gone }: Told): Held {
  let all = held.rooms.filter((one) => !gone.includes(one.id));
  for (const room of rooms) {
    const last = all.find((one) => one.id === room.id)?.last ?? room.last;
    const rest = all.filter((one) => one.id !== room.id);
    all = room.listed ? (rest.length === all.length ? [...all, { ...room, last }] : all.map((one) => (one.id === room.id ? { ...room, last } : one))) : rest;
  }
  const byRoom = new Map(held.messages);
  for (const message of messages) {
    const kept = byRoom.get(message.room);
    if (kept) byRoom.set(message.room, merged(kept, [message]));
    all = all.map((one) => (one.id === message.room && (!one.last || message.seq >= one.last.seq) ? { ...one, last: message } : one));
  }
  for (const room of gone) byRoom.delete(room);
  return { ...held, at: Math.max(held.at, at), rooms: all, messages: byRoom };
}

/** Drop the talks beside conversations that do not ask me, and are not mine, any more. */
export function without(held: Held, upsert: readonly Row[], remove: readonly string[], me: string): Held {
  const over = new Set([...remove, ...upsert.filter((row) => !asksOrMine(row, me)).map((row) => row.id)]);
  const rooms = held.rooms.filter((room) => room.kind !== "talk" || !over.has(room.conversation));
  if (!remove.length && rooms.length === held.rooms.length) return held;
  const messages = new Map([...held.messages].filter(([room]) => !remove.includes(room.replace(/^talk:/, ""))));
  return { ...held, rooms, messages };
}

/** The talk beside this conversation belongs among my rooms. */
export function asksOrMine(row: Row, me: string): boolean {
  return row.consults.length > 0 && (row.consulted || row.joined || row.owner === me);
}

function merged(kept: readonly MessageView[], news: readonly MessageView[]): MessageView[] {
  const all = new Map(kept.map((one) => [one.id, one]));
  for (const one of news) if ((all.get(one.id)?.n ?? -1) < one.n) all.set(one.id, one);
  return [...all.values()].sort((a, b) => a.seq - b.seq);
}
