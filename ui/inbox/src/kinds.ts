// Kind and READ level of each question: of a conversation that ends, and of an encounter that is counted. The desk has the same rules
// in routing/kinds.py.
import { freshKey } from "./api";
import type { CounterCode, QuestionAsked, QuestionCounted } from "./schema";

export type QuestionKind = QuestionCounted["kind"];

export const KINDS: readonly QuestionKind[] = ["reference", "directional", "technical", "other"];
export const LEVELS = [0, 1, 2, 3, 4, 5, 6] as const;
export const MOST_QUESTIONS = 12;

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

/** What the desk is told of the questions of a conversation: nothing where nothing was said of a single one. */
export function taken(drafts: readonly Draft[]): QuestionAsked[] {
  const said = drafts.map(({ kind, read }) => ({ kind, read }));
  return said.length === 1 && !said[0]?.kind && !said[0]?.read ? [] : said;
}
