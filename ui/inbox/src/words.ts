// The words people read: bridge/words/inbox.<tag>.json. English is built into the scripts that need it (words-by-chunk.ts). The daemon
// serves the others by their hash, in two parts: what the first scripts need, and the rest.
//
// `{name}` is filled in; an entry with "one"/"other" (and the language's other plural forms) is chosen by `n`. What a further
// language lacks is said in English. Placeholders are put in as text: nothing here ever becomes markup.
import { directionOf, isolated, languageOf, nearestTag, tagsOf } from "../../language";
import type catalogue from "../../../bridge/words/inbox.en.json";

export type Key = keyof typeof catalogue;
type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Values = Record<string, string | number>;

type Entries = Record<string, Entry>;

// Each script puts its English words here before it runs, and one that is loaded later waits for the rest of the language.
const shared = globalThis as { deskWords?: Entries; deskWordsCome?: Promise<void> };
const english = (shared.deskWords ??= {});
let chosen: Entries = {};
let spoken = "en";
/** The language of the page. */
export const language = (): string => spoken;
/** The reader's own form of that language, for dates, times and numbers. */
export let locale = "en";
let plural = new Intl.PluralRules("en");
let numbers = new Intl.NumberFormat("en");

/** The address of each language's words, as the daemon wrote them into the page. */
const served = JSON.parse(globalThis.document?.body.dataset["words"] || "{}") as Record<string, [first: string, rest: string]>;
export const languages: readonly string[] = ["en", ...Object.keys(served)];

const PLACE = "deskbridge.language";
/** The language that was chosen in this browser; "" for none. */
export const wished = (): string => localStorage.getItem(PLACE) ?? "";

export function keepLanguage(tag: string): void {
  if (tag) localStorage.setItem(PLACE, tag);
  else localStorage.removeItem(PLACE);
}

/** Whether the page ought to be loaded again, in the language that this librarian chose. */
export function speaksOtherwise(wanted: string): boolean {
  if (!wanted || wanted === spoken || !languages.includes(wanted)) return false;
  keepLanguage(wanted);
  return true;
}

/** A language as those who speak it call it. */
export const ownName = (tag: string): string => new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;

/** Speak the first of `wanted` for which there is a catalogue. */
export async function speak(wanted: readonly string[]): Promise<void> {
  spoken = nearestTag(wanted, languages) || "en";
  const [first, rest] = served[spoken] ?? [];
  chosen = await fetched(first);
  shared.deskWordsCome = fetched(rest).then((more) => void Object.assign(chosen, more));
  locale = tagsOf(wanted).find((tag) => languageOf(tag) === languageOf(spoken)) ?? spoken;
  plural = new Intl.PluralRules(spoken);
  numbers = new Intl.NumberFormat(locale);
  document.documentElement.lang = spoken;
  document.documentElement.dir = directionOf(spoken);
}

async function fetched(address: string | undefined): Promise<Entries> {
  if (!address) return {};
  const answer = await fetch(`/inbox/words/${address}`).catch(() => undefined);
  return answer?.ok ? ((await answer.json()) as Entries) : {};
}

function filled(entry: Entry, values: Values, rules: Intl.PluralRules): string {
  const text = typeof entry === "string" ? entry : (entry[rules.select(Number(values["n"] ?? 0))] ?? entry.other ?? "");
  return text.replace(/\{(\w+)\}/g, (_, name: string) => shown(values[name] ?? ""));
}

const shown = (value: string | number): string => (typeof value === "number" ? numbers.format(value) : isolated(value, document.documentElement.dir));
const inEnglish = new Intl.PluralRules("en");

export function t(key: Key, values: Values = {}): string {
  const own = chosen[key];
  return own === undefined ? filled(english[key] ?? key, values, inEnglish) : filled(own, values, plural);
}

/** The word for something the desk named (`reason.busy`), else what `otherwise` says. */
export function named(group: string, word: string, otherwise: string = word, values: Values = {}): string {
  const key = `${group}.${word}`;
  if (key in chosen || key in english) return t(key as Key, values);
  return otherwise;
}

/** What is known of several things, side by side. */
export function dotted(...parts: string[]): string {
  return parts.filter(Boolean).join(" · ");
}
