// Counting by hand from the page's side: what is asked of the desk, and rules of the dialog that need no browser.
import { call, freshKey, get, send } from "./api";
import type { Counted, CountedDay, CounterCode, CounterView, FaqDraft, QuestionCounted } from "./schema";

export type QuestionKind = QuestionCounted["kind"];
export type Mode = QuestionCounted["mode"];

export const KINDS: readonly QuestionKind[] = ["reference", "directional", "technical", "other"];
export const MODES: readonly Mode[] = ["walk_up", "phone", "roving", "consultation"];
/** The letter that chooses each way to ask. */
export const LETTERS: Readonly<Record<string, Mode>> = { w: "walk_up", p: "phone", r: "roving", c: "consultation" };
export const LEVELS = [0, 1, 2, 3, 4, 5, 6] as const;
export const MOST_QUESTIONS = 12;
export const MOST_CODES = 4;

const one = (id: string) => `/counter/questions/${encodeURIComponent(id)}`;

export const counter = {
  lists: () => get<CounterView>("/counter"),
  count: (questions: QuestionCounted[]) => send<Counted>("POST", "/counter/questions", { questions }, `count-${questions[0]?.id ?? ""}`),
  day: (library: string, whose: "mine" | "all") => get<CountedDay>("/counter/questions", { library, whose }),
  takeBack: (id: string) => call<undefined>("DELETE", one(id)),
  draft: (id: string) => get<FaqDraft>(`${one(id)}/faq`),
};

/** One question as the dialog holds it. `kind` "" = what its codes say, else reference. */
export interface Draft {
  id: string;
  kind: QuestionKind | "";
  read: number;
  codes: string[];
}

export const draft = (): Draft => ({ id: freshKey(), kind: "", read: 0, codes: [] });

/** The kind that codes say, "" where none says one: reference goes first, as the desk counts. */
export function kindOf(codes: readonly string[], known: readonly CounterCode[]): QuestionKind | "" {
  const said = codes.map((code) => known.find((each) => each.code === code)?.kind ?? "").filter(Boolean);
  return said.includes("reference") ? "reference" : (said[0] ?? "");
}

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
