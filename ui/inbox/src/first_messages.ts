// Writing first and sending on: what is asked of the desk, and what is said of an address before it is asked.
//
// These requests do not wait for a lost connection in the outbox: the librarian sees at once that nothing went out, and keeps the text.
// Repeated by hand after a lost answer they carry the same key, so nothing goes out twice.
import { addressKind } from "../../address";
import { call, get, send } from "./api";
import type * as s from "./schema";

export const choices = () => get<s.BeginChoices>("/begin");
export const begin = (asked: s.BeginAsked, key: string) => send<s.Acted | s.Pending>("POST", "/begin", asked, key);
export const upload = (file: File) => call<s.Uploaded>("POST", "/begin/attachments", { query: { name: file.name }, body: file });
export const forward = (conversation: string, asked: s.ForwardAsked, key: string) =>
  send<s.Acted | s.Pending>("POST", `/conversations/${encodeURIComponent(conversation)}/forward`, asked, key);

/** Whether a channel takes an address: "" while nothing is typed. */
export function fits(channel: Pick<s.BeginChannel, "kinds">, address: string): "" | "fits" | "unread" | "elsewhere" {
  const typed = address.trim();
  if (!typed) return "";
  const kind = addressKind(typed);
  if (!kind) return "unread";
  return channel.kinds.includes(kind) ? "fits" : "elsewhere";
}

/** The channel that takes an address: the one that is chosen where it does, else the first that works. */
export function channelFor(channels: readonly s.BeginChannel[], chosen: string, address: string): string {
  const taking = channels.filter((one) => fits(one, address) === "fits");
  const kept = taking.find((one) => one.channel === chosen) ?? taking.find((one) => one.up) ?? taking[0];
  return kept?.channel ?? chosen;
}
