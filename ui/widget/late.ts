// Parts of the chat that nobody needs for the first messages: each is fetched when it is first shown, with the words that it needs.

import { h, type ComponentType, type VNode } from "preact";
import { useEffect, useReducer } from "preact/hooks";
import { fetched } from "./fetched";
import { allWords, t } from "./words";

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
      if (!part) void Promise.all([fetched(load), allWords()]).then(([module]) => ((part = pick(module)), drawn(undefined)));
    }, []);
    return h((part ?? before) as ComponentType<P>, props);
  };
  return Late as ComponentType<P>;
}
