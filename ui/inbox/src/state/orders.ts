// What a coordinator orders for now: each asks, says what came of it, and offers to take it back where that is possible.
//
// An order does not wait for a lost connection, as an answer to a patron does: an hour later it would mean something else.
import { api } from "../api";
import { said } from "../refusals";
import type * as s from "../schema";
import { t } from "../words";
import { desk } from "./desk.svelte";
import { notices } from "./notices.svelte";
import { session } from "./session.svelte";
import { undoable } from "./undo";
import { give as ask } from "./verbs";

/** True when the desk did it; a refusal is told. */
async function done(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    notices.tell(said(error), "bad");
    return false;
  }
}

export async function setQueue(queue: s.BoardQueue, asked: Omit<s.QueueAsked, "queue">): Promise<boolean> {
  const before = { opening: queue.opening, until: queue.until, notice: queue.notice };
  const words = asked.opening === "usual" ? "board.done.usual" : asked.opening === "open" ? "board.done.open" : "board.done.closed";
  const ordered = done(api.setQueue({ ...asked, queue: queue.id }));
  await undoable(t(words, { queue: queue.name }), ordered, () => void done(api.setQueue({ ...before, queue: queue.id })));
  return ordered;
}

export async function place(person: s.BoardPerson, queues: string[]): Promise<boolean> {
  const before = [...person.queues];
  const ordered = done(api.place(person.id, { queues }));
  await undoable(t("board.done.placed", { name: person.name }), ordered, () => void done(api.place(person.id, { queues: before })));
  return ordered;
}

export async function signOut(person: s.BoardPerson): Promise<boolean> {
  const ordered = await done(api.signOutColleague(person.id));
  if (ordered) notices.tell(t("board.done.signedOut", { name: person.name }));
  return ordered;
}

export async function announce(asked: s.AnnounceAsked): Promise<boolean> {
  let id = "";
  const ordered = done(api.announce(asked).then((answer) => (id = answer.action)));
  await undoable(t("board.done.announced"), ordered, () => void endNotice(id));
  return ordered;
}

export async function endNotice(id: string): Promise<void> {
  if (await done(api.endNotice(id))) notices.tell(t("board.done.ended"));
}

export async function seen(notice: s.StaffNotice): Promise<void> {
  await done(api.noticeSeen(notice.id));
}

/** Give a conversation to a colleague; taken back, it is its owner's again, or waits. */
export async function give(row: s.Row, librarian: string, absent = false): Promise<boolean> {
  return ask(row, librarian, desk.person(librarian)?.name ?? librarian, absent);
}

export async function takeOver(row: s.Row): Promise<boolean> {
  return session.me ? ask(row, session.me.id, session.me.name) : false;
}
