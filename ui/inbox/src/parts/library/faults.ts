// What is wrong with a field, for the fields of an editor: the editor tells it once, each field asks for its own.
import { getContext, setContext } from "svelte";

const KEY = Symbol("faults");

export const tellFaults = (faultOf: (field: string) => string): void => {
  setContext(KEY, faultOf);
};
export const faultTeller = (): ((field: string) => string) => getContext<(field: string) => string>(KEY);

/** The id of a field's control, so that the focus can go to it. */
export const idOf = (field: string): string => `field-${field}`;

/** Bring the focus to the first of these fields that is on the page; where a field is none itself, to what holds it. */
export function focusFirst(fields: readonly string[]): void {
  const found = fields.flatMap((field) => {
    for (let part = field; part; part = part.replace(/[.[][^.[]*$/, "") === part ? "" : part.replace(/[.[][^.[]*$/, "")) {
      const element = document.getElementById(idOf(part));
      if (element) return [element];
    }
    return [];
  });
  found.sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
  const first = found[0];
  for (let around = first?.closest("details"); around; around = around.parentElement?.closest("details")) around.open = true;
  first?.focus();
  first?.scrollIntoView({ block: "center" });
}
