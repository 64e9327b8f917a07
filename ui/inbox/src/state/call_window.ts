// What a librarian does about a call: offers it, opens the window in which it is held, ends it.
import { api, Refusal } from "../api";
import { reasonOf } from "../refusals";
import type * as s from "../schema";
import { t } from "../words";
import { navigation } from "./navigation.svelte";
import { notices } from "./notices.svelte";
import * as verbs from "./verbs";

type CallKind = s.CallView["kinds"][number];

/** What may be offered in the conversation that is open. */
export const offerable = (): CallKind[] => (navigation.current?.call ? [] : (navigation.thread?.view?.calls ?? []));

/** Offer a call. The window of a call here opens at once: a browser lets a page open one only when somebody has just clicked. */
export async function offer(row: s.Row, kind: CallKind): Promise<boolean> {
  const opened = kind === "meeting" ? null : blank(row.id);
  const done = await verbs.simple(row.id, "call_offer", { kinds: [kind] } satisfies s.CallAsked, kind === "meeting" ? "done.meetingOffered" : "done.callOffered");
  const call = navigation.current?.id === row.id ? navigation.current.call : null;
  if (!done || !call) opened?.close();
  else if (opened) await lead(opened, row.id, call.id);
  return done;
}

export async function enter(row: s.Row): Promise<void> {
  const opened = row.call && blank(row.id);
  if (opened && row.call) await lead(opened, row.id, row.call.id);
}

export async function set(row: s.Row, to: "accepted" | "ended"): Promise<void> {
  if (row.call) await verbs.simple(row.id, "call_set", { call: row.call.id, to } satisfies s.CallSetAsked, to === "ended" ? "done.callEnded" : "done.callAccepted");
}

function blank(conversation: string): Window | null {
  const opened = window.open("", `call-${conversation}`, "popup,width=960,height=720");
  if (!opened) notices.tell(t("call.blocked"), "bad");
  return opened;
}

async function lead(opened: Window, conversation: string, call: string): Promise<void> {
  try {
    const { url } = await api.callWindow(conversation, { call });
    opened.location.href = url;
  } catch (error) {
    opened.close();
    notices.tell(error instanceof Refusal ? reasonOf(error) : t("refused.unknown"), "bad");
  }
}
