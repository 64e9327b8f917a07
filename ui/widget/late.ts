// Parts of the chat that nobody needs for the first messages: each is fetched when it is first shown.
//
// The rule: a part that can't be fetched is tried again, after a pause and as soon as the network is back. Some browsers remember that
// a module failed and never ask again under its address, so each further attempt has an address of its own.

import { h, type ComponentType, type VNode } from "preact";
import { useEffect, useReducer } from "preact/hooks";
import { t } from "./words";

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
const ADDRESS = /https?:\S+\.js/; // browsers name what failed, all but Safari

/** Fetch a part; the promise waits for as long as the network is away. */
export async function fetched<T>(load: () => Promise<T>): Promise<T> {
  let again = load;
  for (let n = 0; ; n += 1) {
    try {
      return await again();
    } catch (error) {
      const address = ADDRESS.exec(String(error))?.[0];
      if (address) again = () => import(/* @vite-ignore */ `${address}?again=${String(n)}`) as Promise<T>;
      await pause(Math.min(LONGEST_MS, FIRST_MS * 2 ** n));
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      removeEventListener("online", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    addEventListener("online", over);
  });
}

const Loading = (): VNode => h("p", { class: "small", role: "status" }, t("loading")) as VNode;

/** A component of a module that is fetched when it is first drawn; until it is there, another one is. */
export function late<M, P extends object>(
  load: () => Promise<M>,
  pick: (module: M) => (props: P) => VNode | null,
  before: (props: P) => VNode | null = Loading,
): ComponentType<P> {
  let part: ((props: P) => VNode | null) | undefined;
  const Late = (props: P) => {
    const [, drawn] = useReducer((n: number) => n + 1, 0);
    useEffect(() => {
      if (!part) void fetched(load).then((module) => ((part = pick(module)), drawn(undefined)));
    }, []);
    return h((part ?? before) as ComponentType<P>, props);
  };
  return Late as ComponentType<P>;
}
