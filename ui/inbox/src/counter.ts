// Counting by hand from the page's side: what is asked of the desk, and rules of the dialog that need no browser.
import { call, get, send } from "./api";
import { kindOf, type Draft } from "./kinds";
import type { Counted, CountedDay, CounterCode, CounterView, FaqDraft, QuestionCounted } from "./schema";

export type Mode = QuestionCounted["mode"];

export const MODES: readonly Mode[] = ["walk_up", "phone", "roving", "consultation"];
/** The letter that chooses each way to ask. */
export const LETTERS: Readonly<Record<string, Mode>> = { w: "walk_up", p: "phone", r: "roving", c: "consultation" };
export const MOST_CODES = 4;

const one = (id: string) => `/counter/questions/${encodeURIComponent(id)}`;

export const counter = {
  lists: () => get<CounterView>("/counter"),
  count: (questions: QuestionCounted[]) => send<Counted>("POST", "/counter/questions", { questions }, `count-${questions[0]?.id ?? ""}`),
  day: (library: string, whose: "mine" | "all") => get<CountedDay>("/counter/questions", { library, whose }),
  takeBack: (id: string) => call<undefined>("DELETE", one(id)),
  draft: (id: string) => get<FaqDraft>(`${one(id)}/faq`),
};

/** What is the same for all questions of an encounter. */
export interface Encounter {
  library: string;
  at: number;
  mode: Mode;
  place: string;
  patron_type: string;
  minutes: number | null;
  question: string;
  answer: string;
}

/** The questions of an encounter as they are handed in. Its minutes and its words stand with the first, so that sums are right. */
export function handedIn(encounter: Encounter, drafts: readonly Draft[], known: readonly CounterCode[]): QuestionCounted[] {
  const { minutes, question, answer, ...same } = encounter;
  return drafts.map((one, n) => ({
    ...same, id: one.id, interaction: drafts[0]?.id ?? "", kind: one.kind || kindOf(one.codes, known) || "reference", read_level: one.read || null, codes: one.codes,
    ...(n ? {} : { minutes, question, answer }),
  }));
}
