// The words of one language, from ui/words/<language>.json; a language is added by adding a file.

import { languageOf, tagsOf } from "../language";

type Words = Record<string, string>;

const catalogues = import.meta.glob<Words>(["../words/??.json"], { import: "widget" });
let words: Words = {};
export let language = "en";
/** The reader's own form of that language, for dates and times. */
export let locale = "en";

export async function speak(wanted: readonly string[]): Promise<void> {
  const tags = tagsOf(wanted);
  const there = (tag: string) => catalogues[`../words/${languageOf(tag)}.json`];
  const found = tags.find((tag) => there(tag)) ?? "en";
  language = languageOf(found);
  locale = tags.find((tag) => tag.includes("-") && languageOf(tag) === language) ?? language;
  words = (await there(language)?.()) ?? {};
  document.documentElement.lang = language;
}

export function t(key: string, values: Record<string, string | number> = {}): string {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

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
