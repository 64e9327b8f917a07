// Snoozing what is mine, and taking that back. What nobody has yet is mine by it, and waits again when it is taken back at once.
import type { Row, SnoozeAsked } from "../schema";
import { t } from "../words";
import { navigation } from "./navigation.svelte";
import { undoable } from "./undo";
import * as verbs from "./verbs";

export async function snooze(row: Row, why: SnoozeAsked["why"], until: number): Promise<boolean> {
  const done = verbs.act(row.id, "snooze", { why, until });
  const waited = row.state !== "active";
  return undoable(t(`done.snoozed.${why}`, { patron: row.patron }), done, () => void (waited ? verbs.release(row.id) : woken(row.id)));
}

export async function wake(row: Row): Promise<void> {
  const before = row.snoozed;
  const done = verbs.act(row.id, "wake", {});
  await undoable(t("done.woken", { patron: row.patron }), done, () => {
    if (before) void verbs.act(row.id, "snooze", { why: before.why, until: before.until });
  });
}

const woken = (conversation: string) => verbs.simple(conversation, "wake", {}, "done.wokenAgain");

/** Its last message needs no answer: the next one that does may come. */
export async function needsNoAnswer(row: Row): Promise<void> {
  const here = navigation.openId === row.id;
  if ((await snooze(row, "no-answer", 0)) && here) (await import("./advance")).advance(row.id);
}
