// The words of one language, from bridge/words/widget.<tag>.json; the daemon fills in what a language lacks, and serves each by its hash.
//
// The rule: they come in two parts. The first screen's come with the page. The rest comes with the first letter that is written, with
// what is shown later, and with the first word that is lacking.

import { isolated } from "../language";
import { fetched } from "./fetched";

type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
type Words = Record<string, Entry>;

let words: Words = {};
let address = "";
let rest: Promise<void> | undefined;
let whole = false;
const page = globalThis.document?.documentElement;
/** The language that is spoken: the daemon chose it and wrote it into the page, until the patron chooses another. */
export let language = page?.lang ?? "en";
/** The reader's own form of that language, for dates, times and numbers. */
export let locale = ownForm();
/** Draws the chat again when words have come. */
export const drawn: { again: () => void } = { again: () => undefined };

function ownForm(): string {
  return globalThis.navigator?.languages?.find((tag) => tag.split("-")[0] === language.split("-")[0]) ?? language;
}

async function part(name: string, which = ""): Promise<Words> {
  const answer = await fetch(`words/${name.replace(/json$/, `${which}json`)}`);
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()) as Words;
}

/** Speak a language: `told` is the last part of its words' address, and its direction where it isn't the page's. `all`: fetch all words. */
export async function speak(told: string, all = false): Promise<void> {
  const [name = "", direction] = told.split(" ");
  const [first, more] = await Promise.all([part(name), all ? part(name, "rest.") : {}]);
  words = { ...first, ...more };
  address = name;
  whole = all;
  rest = all ? Promise.resolve() : undefined;
  language = name.split(".")[1] ?? language;
  locale = ownForm();
  if (direction) Object.assign(page, { lang: language, dir: direction });
  Object.assign(document.body, { words }); // for the script that holds card numbers back, which imports nothing
  drawn.again();
}

/** Fetch the words that the first screen doesn't need; resolves when they are here. */
export function allWords(): Promise<void> {
  const name = address;
  return (rest ??= fetched(() => part(name, "rest.")).then((more) => {
    if (name !== address) return; // another language is spoken meanwhile
    Object.assign(words, more);
    whole = true;
    document.body.dispatchEvent(new Event("words"));
    drawn.again();
  }));
}

export function t(key: string, values: Record<string, string | number> = {}): string {
  if (!has(key) && !whole) return "";
  const entry = words[key] ?? key;
  const text = typeof entry === "string" ? entry : (entry[new Intl.PluralRules(language).select(Number(values["n"]))] ?? entry.other ?? "");
  return text.replace(/\{(\w+)\}/g, (_, name: string) => shown(values[name] ?? ""));
}

function has(key: string): boolean {
  const there = key in words;
  if (!there && address) void allWords();
  return there;
}

const shown = (value: string | number) => (typeof value === "number" ? value.toLocaleString(locale) : isolated(value, page.dir));

/** What the desk refused, in words. */
export function refusal(code: string, n?: number): string {
  const key = `e:${code}`;
  return has(key) || !whole ? t(key, { n: n ?? "" }) : t("e:any", { code });
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
