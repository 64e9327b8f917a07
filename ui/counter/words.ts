// The page's words in one language, from bridge/words/counter.<tag>.json; the daemon serves each by its hash.
import { directionOf, isolated, nearestTag } from "../language";
import type catalogue from "../../bridge/words/counter.en.json";

export type Key = keyof typeof catalogue;
type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;

const CHOSEN = "deskbridge.language"; // as the inbox keeps it in this browser
const served = JSON.parse(document.body.dataset["words"] ?? "{}") as Record<string, string>;
let words: Record<string, Entry> = {};
let language = "en";

/** Speak what was chosen in this browser, else what it prefers, where there are words. */
export async function speak(): Promise<void> {
  language = nearestTag([localStorage.getItem(CHOSEN) ?? "", ...navigator.languages], Object.keys(served)) || "en";
  const answer = await fetch(`/counter/words/${served[language] ?? ""}`);
  words = (await answer.json()) as typeof words;
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
  const entry = words[key] ?? key;
  const text = typeof entry === "string" ? entry : (entry[new Intl.PluralRules(language).select(Number(values["n"]))] ?? entry.other ?? "");
  return text.replace(/\{(\w+)\}/g, (_, name: string) => shown(values[name] ?? ""));
}

const shown = (value: string | number): string =>
  typeof value === "number" ? value.toLocaleString(language) : isolated(value, document.documentElement.dir);

export const time = (ms: number): string => new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" }).format(ms);
