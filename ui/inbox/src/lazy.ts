// Parts of the page that come after the first list: fetched when somebody opens them, or ahead of that, once the list is shown.
import type { Component } from "svelte";

export type Load<P extends Record<string, unknown>> = () => Promise<{ default: Component<P> }>;

const there = new Map<unknown, Component<never>>();

/** The part, where it has been fetched already: then it is shown at once. */
export function loaded<P extends Record<string, unknown>>(load: Load<P>): Component<P> | undefined {
  return there.get(load) as Component<P> | undefined;
}

/** Fetch a part. A browser that couldn't get it may be asked again. */
export async function fetched<P extends Record<string, unknown>>(load: Load<P>): Promise<Component<P>> {
  const { default: part } = await load();
  there.set(load, part as Component<never>);
  return part;
}

export const conversation = () => import("./parts/Conversation.svelte");
export const context = () => import("./parts/Context.svelte");
export const dialogs = () => import("./parts/Dialogs.svelte");
export const followUps = () => import("./parts/FollowUps.svelte");
export const search = () => import("./parts/search/SearchPage.svelte");

/** Fetch what will be opened next, while nobody waits for anything. */
export function fetchAhead(): void {
  const wait = globalThis.requestIdleCallback ?? ((then: () => void) => setTimeout(then, 200));
  wait(async () => {
    for (const load of [conversation, dialogs, context, search, followUps]) await fetched(load as Load<never>).catch(() => undefined);
  });
}
