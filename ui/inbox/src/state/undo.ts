// Taking back what was just done. Offered before the desk has answered: the page may show the result already.
import { t } from "../words";
import { notices } from "./notices.svelte";

interface Step {
  text: string;
  asked: Promise<boolean>; // whether the desk did it
  run: () => void; // takes it back
}

const MOST = 10;
let steps: readonly Step[] = [];

/** Offer to take an action back. True when it is done and was not taken back meanwhile. */
export async function undoable(text: string, asked: Promise<boolean>, run: () => void): Promise<boolean> {
  const step: Step = { text, asked, run };
  steps = [...steps.slice(1 - MOST), step];
  const done = await asked.catch((error: unknown) => {
    spend(step);
    throw error;
  });
  const kept = done && steps.includes(step);
  if (kept) for (const one of steps) if (one !== step) notices.unsay(one.text); // one offer to undo is shown: the last
  if (kept) notices.tell(text, "done", [{ word: "undo.do", key: "Z", run: () => (spend(step), run()) }]);
  else spend(step);
  return kept;
}

/** Take the last action back. */
export async function undo(): Promise<void> {
  const last = steps.at(-1);
  if (!last) return void notices.tell(t("undo.nothing"));
  spend(last);
  if (!(await last.asked.catch(() => false))) return; // the librarian was told why not
  notices.unsay(last.text);
  last.run();
}

function spend(step: Step): void {
  steps = steps.filter((one) => one !== step);
}
