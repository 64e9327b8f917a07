// What a librarian does at the desk: each verb asks, shows what came of it, and offers to take it back where that is possible.
//
// The rule: everything goes out through the outbox, so that nothing is lost or done twice. A refusal is told, except where a dialog
// shows it.
import { api, isActed, Refusal } from "../api";
import { needsMe } from "../board";
import { staying } from "../merging";
import { askLeave, isUnasked, unlock } from "../notify";
import { reasonOf } from "../refusals";
import type * as s from "../schema";
import { t, type Key } from "../words";
import { calls } from "./calls.svelte";
import { desk } from "./desk.svelte";
import { lists } from "./lists.svelte";
import { navigation } from "./navigation.svelte";
import { notices } from "./notices.svelte";
import { requests } from "./requests.svelte";
import { session } from "./session.svelte";
import { threads } from "./thread.svelte";
import { undoable } from "./undo";
import { learn, rowsTold } from "./updates";
import { writing } from "./writing.svelte";

/** The conversation of a verb: its row, or as much of it as is known. */
type About = Pick<s.Row, "id" | "patron">;

// ---- asking ----------------------------------------------------------------------------------------------------------

/** Ask and take in the answer. A refusal is thrown. */
async function ask(conversation: string, verb: string, body: unknown, text = "", files: readonly string[] = []): Promise<s.Acted | boolean> {
  const told = lists.board.asking();
  try {
    const answer = await requests.add(conversation, verb, body, text, files);
    if (!isActed(answer)) return answer !== undefined;
    learn(answer, told);
    return answer;
  } finally {
    lists.board.answered(told);
  }
}

/** Do it; true when the desk did, false when it refused (and the librarian was told). Waits while there is no connection. */
export function act(conversation: string, verb: string, body: unknown, text = "", files: readonly string[] = []): Promise<boolean> {
  return requests.marked(verb, conversation, async () => {
    try {
      return Boolean(await ask(conversation, verb, body, text, files));
    } catch (error) {
      notices.tell(error instanceof Refusal ? reasonOf(error) : t("refused.unknown"), "bad");
      return false;
    }
  });
}

/** Like `act`, but a refusal is thrown: the dialog shows it where it was asked. */
async function actOrThrow(conversation: string, verb: string, body: unknown): Promise<s.Acted | null> {
  const answer = await ask(conversation, verb, body);
  return typeof answer === "boolean" ? null : answer;
}

/** Say so when it is done. */
async function told(asked: Promise<boolean>, words: string): Promise<boolean> {
  const done = await asked;
  if (done) notices.tell(words);
  return done;
}

/** Do what needs no more than its name, say so, and show the conversation as it is then. */
export async function simple(conversation: string, verb: string, body: unknown, done: Key): Promise<boolean> {
  const ok = await told(act(conversation, verb, body), t(done));
  if (ok && navigation.thread?.id === conversation) void navigation.refresh(navigation.thread);
  return ok;
}

// ---- taking and giving -----------------------------------------------------------------------------------------------

export async function claim(row: s.Row): Promise<void> {
  const claimed = act(row.id, needsMe(row) ? "accept" : "claim", {});
  await navigation.enter(row.id, undoable(t("done.claimed", { patron: row.patron }), claimed, () => void release(row.id)));
}

export async function join(to: About): Promise<void> {
  const joined = act(to.id, "join", {});
  await navigation.enter(to.id, undoable(t("done.joined", { patron: to.patron }), joined, () => void leave(to)));
}

export async function leave(from: About): Promise<void> {
  await undoable(t("done.left", { patron: from.patron }), act(from.id, "leave", {}), () => void join(from));
}

export async function reject(row: s.Row): Promise<void> {
  await told(act(row.id, "reject", {}), t("done.rejected", { patron: row.patron }));
}

export async function release(conversation: string): Promise<void> {
  await told(act(conversation, "release", {}), t("done.released"));
}

/** Put one of mine back into its queue; taken back, it is mine again unless a colleague was quicker. */
export async function putBack(row: s.Row): Promise<void> {
  await undoable(t("done.released"), act(row.id, "release", {}), () => void claim(row));
}

export async function transfer(row: s.Row, asked: s.TransferAsked, to: string): Promise<boolean> {
  const offered = act(row.id, "transfer", asked);
  await undoable(t("done.transferred", { to }), offered, () => void withdraw(row.id, to));
  return offered;
}

/** A coordinator gives it to somebody; taken back, it goes to who had it, or waits again. */
export async function give(row: s.Row, librarian: string, name: string, absent = false): Promise<boolean> {
  const given = act(row.id, "give", { librarian, absent });
  const before = row.owner;
  await undoable(t("done.given", { patron: row.patron, to: name }), given, () => void (before ? act(row.id, "give", { librarian: before }) : release(row.id)));
  return given;
}

/** Take a transfer of mine back, and say what that did: a colleague who has taken it meanwhile keeps it. */
export async function withdraw(conversation: string, to = ""): Promise<void> {
  calls.withdrawn.add(conversation);
  const row = lists.row(conversation);
  if (row?.state === "active" && row.owner !== session.me?.id) notices.tell(t("transfer.taken", { to: row.owner_name || to }), "bad");
  else await told(act(conversation, "release", { transfer: true }), t("done.withdrawn"));
  calls.withdrawn.delete(conversation);
}

// ---- asking colleagues -----------------------------------------------------------------------------------------------

/** Ask colleagues about a conversation; the patron sees nothing of it. */
export async function consult(row: s.Row, asked: s.ConsultAsked, name: string): Promise<boolean> {
  return told(act(row.id, "consult", asked), t("done.consulted", { name }));
}

/** Take the question back, or decline one that asks me. */
export async function endConsult(row: s.Row, { librarian, queue, library, name }: s.ConsultView): Promise<void> {
  await told(act(row.id, "end_consult", { librarian, queue, library }), t("done.consultEnded", { name }));
}

// ---- writing ---------------------------------------------------------------------------------------------------------

export async function say(conversation: string, text: string, extra: Partial<s.SayAsked>, files: readonly string[]): Promise<boolean> {
  writing.drafts.write(conversation, "", false);
  threads.get(conversation)?.settle();
  return act(conversation, "messages", { ...extra, text }, text, files);
}

/** Send again what did not arrive, with its files; what is being written meanwhile stays. */
export async function sayAgain(conversation: string, { id, text, via, attachments }: s.Line): Promise<boolean> {
  const asked: s.SayAsked = { text, ...(via ? { via } : {}), ...(attachments.length ? { again: id } : {}) };
  return act(conversation, "messages", asked, text, attachments.map((file) => file.name));
}

export async function note(conversation: string, asked: s.NoteAsked): Promise<boolean> {
  writing.drafts.write(conversation, "", true);
  return act(conversation, "notes", asked, asked.text);
}

// ---- merging ---------------------------------------------------------------------------------------------------------

/** One patron, one conversation; `into` is the one that I look at. */
export async function merge(into: s.Row, other: s.Row): Promise<boolean> {
  const done = act(into.id, "merge", { other: other.id });
  const stays = staying(into, other);
  const words = t(stays ? "done.merged" : "done.mergedBoth", { patron: other.patron });
  await undoable(words, done, () => void unmerge(into.id, other.id));
  if ((await done) && stays?.id === other.id && navigation.openId === into.id) navigation.open(other.id);
  else await merged(into.id);
  return done;
}

export async function unmerge(conversation: string, other: string): Promise<boolean> {
  const done = await told(act(conversation, "unmerge", { other }), t("done.unmerged"));
  await merged(conversation);
  return done;
}

async function merged(conversation: string): Promise<void> {
  if (navigation.thread?.id === conversation) await navigation.refresh(navigation.thread);
}

// ---- ending and beginning again --------------------------------------------------------------------------------------

export async function close(row: s.Row, asked: s.CloseAsked): Promise<s.Acted | null> {
  const closing = actOrThrow(row.id, "close", asked);
  const closed = closing.then((answer) => answer !== null);
  await undoable(t("done.closed", { patron: row.patron }), closed, () => void openAgain(row.id));
  return closing;
}

export async function recode(row: s.Row, asked: s.RecodeAsked): Promise<s.Acted | null> {
  const answer = await actOrThrow(row.id, "recode", asked);
  if (answer) notices.tell(t("done.recoded"));
  return answer;
}

export async function reopen(conversation: string): Promise<void> {
  await navigation.enter(conversation, told(act(conversation, "reopen", {}), t("done.reopened")));
}

/** Take back that it was closed. The keys stay with a librarian who pressed one for it. */
async function openAgain(conversation: string): Promise<void> {
  const from = location.hash;
  if (!(await told(act(conversation, "reopen", {}), t("done.reopened")))) return;
  if (location.hash === from) navigation.go("mine", conversation);
}

/** Make a conversation of what was set aside. */
export async function takeIn(row: s.Row): Promise<void> {
  await navigation.enter(row.id, told(act(row.id, "reopen", {}), t("done.takenIn", { patron: row.patron })));
}

/** It is not for the desk; it may be taken in until it is forgotten. */
export async function dismiss(row: s.Row): Promise<void> {
  await undoable(t("done.dismissed"), act(row.id, "dismiss", {}), () => void takeIn(row));
}

/** Forget at the patron's request, here as well: nothing of it stays in the page. */
export async function forget(conversation: string, asked: s.ForgetAsked): Promise<s.Forgot> {
  const done = await api.forget(conversation, asked);
  if (done.forgotten.includes(navigation.openId)) navigation.leave();
  for (const id of done.forgotten) threads.drop(id);
  writing.forget(done.forgotten);
  rowsTold({ upsert: [], remove: done.forgotten });
  if (done.forgotten.length) notices.tell(t("done.forgotten", { n: done.forgotten.length }));
  return done;
}

// ---- the desk --------------------------------------------------------------------------------------------------------

/** Change a follow-up; the line tells the list what it is then. */
export async function setFollowUp(followUp: s.FollowUp, asked: s.FollowUpAsked): Promise<boolean> {
  return told(act(followUp.conversation, `follow-up:${followUp.id}`, asked), t("done.saved"));
}

export async function present(queues: string[], live: number, slow: number): Promise<void> {
  if (queues.length) {
    unlock(); // at once, as a browser allows both only while it answers a click or a key
    if (isUnasked()) notices.tell(t("notify.why"));
    askLeave();
  }
  if (queues.length) localStorage.setItem("deskbridge.queues", JSON.stringify(queues));
  await act("", "presence", { queues, live, slow });
}

/** Present where I was last, else everywhere I may; or away. */
export async function togglePresence(): Promise<void> {
  const availability = session.me?.availability;
  if (!availability) return;
  if (!desk.organisation) await desk.freshen();
  const serves = (desk.organisation?.queues ?? []).filter((queue) => queue.serves).map((queue) => queue.id);
  const last = (JSON.parse(localStorage.getItem("deskbridge.queues") ?? "[]") as string[]).filter((id) => serves.includes(id));
  const queues = availability.present ? [] : last.length ? last : serves;
  if (!availability.present && !queues.length) return void notices.tell(t("presence.noQueues"), "bad");
  await present(queues, 0, 0);
}
