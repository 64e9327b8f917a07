// The words of one language, from bridge/words/widget.<tag>.json; the daemon fills in what a language lacks, and serves each by its hash.

import { isolated } from "../language";

type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;

let words: Record<string, Entry> = {};
// The daemon chose it, and wrote it into the page.
const page = globalThis.document?.documentElement;
export const language = page?.lang ?? "en";
/** The reader's own form of that language, for dates, times and numbers. */
export const locale = globalThis.navigator?.languages?.find((tag) => tag.split("-")[0] === language.split("-")[0]) ?? language;

/** Fetch the words; `name` is the last part of their address. */
export async function speak(name: string): Promise<void> {
  words = (await (await fetch(`words/${name}`)).json()) as typeof words;
  Object.assign(document.body, { words }); // for the script that holds card numbers back, which imports nothing
}

export function t(key: string, values: Record<string, string | number> = {}): string {
  const entry = words[key] ?? key;
  const text = typeof entry === "string" ? entry : (entry[new Intl.PluralRules(language).select(Number(values["n"]))] ?? entry.other ?? "");
  return text.replace(/\{(\w+)\}/g, (_, name: string) => shown(values[name] ?? ""));
}

const shown = (value: string | number) => (typeof value === "number" ? value.toLocaleString(locale) : isolated(value, page.dir));

/** What the desk refused, in words. */
export function refusal(code: string, n?: number): string {
  const key = `e:${code}`;
  return key in words ? t(key, { n: n ?? "" }) : t("e:any", { code });
}

export function clock(ms: number): string {
  return new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" }).format(ms);
}

export function day(ms: number): string {
  return new Date(ms).toLocaleDateString(locale, { dateStyle: "long" });
}

/** The day of a line, as one calls it now. */
export function dayCalled(ms: number, now: number): string {
  const days = daysUntil(ms, now);
  return days === 0 || days === -1 ? new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day") : day(ms);
}

/** How many days of the calendar lie between two moments. Swedes write 2026-11-30. */
function daysUntil(ms: number, now: number): number {
  const number = (at: number) => Date.parse(new Date(at).toLocaleDateString("sv-SE")) / 86_400_000;
  return number(ms) - number(now);
}
