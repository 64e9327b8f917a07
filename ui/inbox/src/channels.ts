// What a channel looks like: its adapter says so, and the organisation carries it. No kind is named here, so that a new one needs
// no line in the page.
import type { ChannelView, Organisation } from "./schema";

export type Look = Pick<ChannelView, "label" | "icon">;

/** The label and the icon of a channel; its own name until the organisation is known. */
export function lookOf(organisation: Organisation | null, channel: string): Look {
  return organisation?.channels.find((one) => one.channel === channel) ?? { label: channel, icon: "chat" };
}
