// One choice among a few, as buttons that a finger hits: radio buttons underneath, so arrows and screen readers know them.
import { el } from "../call/elements";

export interface Choice {
  value: string;
  words: string;
}

export function choices(legend: string, name: string, offered: readonly Choice[], chosen: string, choose: (value: string) => void): HTMLElement {
  const shown = offered.map(({ value, words }) =>
    el("label", { class: "choice" }, el("input", { type: "radio", name, value, checked: value === chosen, change: () => choose(value) }), el("span", { dir: "auto" }, words)),
  );
  return el("fieldset", {}, el("legend", {}, legend), el("div", { class: "choices" }, ...shown));
}
