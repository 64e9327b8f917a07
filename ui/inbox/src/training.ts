// Training from the page's side: what is asked of the desk, and rules of the editor and the sheet that need no browser.
import { call, get, ROOT, send } from "./api";
import type {
  SheetCountView, FirstDayAsked, FirstDayView, KeepAsked, PracticeAsked, PracticeLineAsked, PracticeSessions, PracticeSessionView, PracticeTalk, RehearsalAsked, RehearsalView, ScenarioForm, ScenarioVersions, ScenarioView, ShareAsked, SheetAsked, Sheets,
  SheetView, TrainingView, WordsAsked,
} from "./schema";

export const HEADINGS = ["inclusion", "approachability", "engagement", "searching", "evaluation", "closure"] as const;
export type Heading = (typeof HEADINGS)[number];
export const MANNERS = ["web", "text", "mail", "im"] as const;
export const MOODS = ["friendly", "shy", "hurried", "worried", "annoyed"] as const;
export const PACES = ["quick", "steady", "slow"] as const;
export const SPELLINGS = ["careful", "hasty"] as const;
export const EVENTS = ["silent", "leaves", "second_question", "wrong_window", "abuse", "card_number", "other_library"] as const;
export const STAGES = ["offered", "claimed", "greeted", "asked", "answered", "closed"] as const;
export const CODES = ["answered", "follow_up_library", "follow_up_me", "lost_call"] as const;
export const SPEEDS = [1, 4, 20] as const;

const own = (library: string, name: string) => `/organisation/${encodeURIComponent(library)}/scenarios/${encodeURIComponent(name)}`;
const practice = (id: string) => `/practice/${encodeURIComponent(id)}`;
const sheet = (id: string) => `/training/sheets/${encodeURIComponent(id)}`;

export const training = {
  start: () => get<TrainingView>("/training"),
  firstDay: (asked: FirstDayAsked) => send<FirstDayView>("PUT", "/training/first-day", asked),
  rehearse: (asked: RehearsalAsked) => send<RehearsalView>("POST", "/training/rehearsal", asked),
  scenario: (library: string, name: string) => get<ScenarioView>(library ? own(library, name) : `/training/shipped/${encodeURIComponent(name)}`),
  save: (library: string, name: string, scenario: ScenarioForm, version: number) => send<ScenarioView>("PUT", own(library, name), { scenario, version }),
  remove: (library: string, name: string) => call<undefined>("DELETE", own(library, name)),
  versions: (library: string, name: string) => get<ScenarioVersions>(`${own(library, name)}/versions`),
  file: (library: string, name: string) => `${ROOT}${own(library, name)}/file`,
  read: (toml: string) => send<ScenarioForm>("POST", "/training/scenario-file", { toml }),
  sheets: () => get<Sheets>("/training/sheets"),
  sheet: (id: string) => get<SheetView>(sheet(id)),
  make: (asked: SheetAsked) => send<SheetView>("POST", "/training/sheets", asked, asked.id),
  share: (id: string, asked: ShareAsked) => send<SheetView>("PUT", `${sheet(id)}/share`, asked),
  keep: (id: string, asked: KeepAsked) => send<SheetView>("PUT", `${sheet(id)}/keep`, asked),
  write: (id: string, asked: WordsAsked) => send<SheetView>("PUT", `${sheet(id)}/words`, asked),
  begin: (asked: PracticeAsked) => send<PracticeSessionView>("POST", "/practice", asked),
  sessions: () => get<PracticeSessions>("/practice"),
  session: (id: string) => get<PracticeSessionView>(practice(id)),
  talk: (id: string) => get<PracticeTalk>(`${practice(id)}/talk`),
  line: (id: string, asked: PracticeLineAsked) => send<undefined>("POST", `${practice(id)}/lines`, asked),
  part: (id: string, mine: boolean) => send<PracticeSessionView>("POST", `${practice(id)}/part`, { mine }),
  end: (id: string) => send<undefined>("POST", `${practice(id)}/end`, {}),
  sheetOf: (id: string) => send<SheetView>("POST", `${practice(id)}/sheet`, {}),
  drop: (id: string) => call<undefined>("DELETE", sheet(id)),
};

/** A scenario that nobody has written yet, with one line of each kind that it must have. */
export const blank = (language: string): ScenarioForm => ({
  title: "", about: "", level: 1, languages: [language], manners: ["web"], patron: { name: "", mood: "friendly", pace: "steady", spelling: "careful" }, subject: "",
  opening: [], facts: [], shrugs: [], events: [], ends: { answered_by: [], link_answers: true, thanks: [], gives_up: [], after_lines: 15 }, good: [], code: "answered",
  first_day: 0, hints: [],
});

/** A name for an address, from a title: small letters, digits and hyphens. */
export const nameFor = (title: string): string =>
  title.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60).replace(/-+$/, "");

/** One line each, without empty ones. */
export const lines = (value: string): string[] => value.split("\n").map((line) => line.trim()).filter(Boolean);

/** Seconds as minutes and seconds, "2:05". */
export const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** How a count is told: yes or no, a time, or a number; "none" where it makes no sense. */
export function kindOf(one: SheetCountView): "none" | "time" | "yes" | "no" | "part" | "number" {
  if (one.value === null) return "none";
  if (one.name.endsWith("_s")) return "time";
  if (one.name === "facts_asked") return "part";
  if (["long_silences", "questions_first", "links"].includes(one.name)) return "number";
  return one.value ? "yes" : "no";
}
