// The words people read: one catalogue per language in ui/words/, English complete, another language a further file.
//
// `{name}` is filled in; an entry with "one"/"other" (and the language's other plural forms) is chosen by `n`. What a further
// language lacks is said in English. Placeholders are put in as text: nothing here ever becomes markup.
import { languageOf, tagsOf } from "../../language";
import english from "../../words/inbox.en.json";

export type Key = keyof typeof english;
type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Values = Record<string, string | number>;

const others = import.meta.glob<Record<string, Entry>>(["../../words/inbox.*.json", "!../../words/inbox.en.json"], {
  import: "default",
});
let chosen: Record<string, Entry> = {};
/** The reader's own form of that language, for dates and times. */
export let locale = "en";
let plural = new Intl.PluralRules("en");

export const languages = ["en", ...Object.keys(others).map((path) => path.split(".").at(-2) ?? "")];

/** Speak the first of `wanted` for which there is a catalogue. */
export async function speak(wanted: readonly string[]): Promise<void> {
  const tags = tagsOf(wanted);
  const language = tags.map(languageOf).find((tag) => languages.includes(tag)) ?? "en";
  const load = others[`../../words/inbox.${language}.json`];
  chosen = load ? await load() : {};
  plural = new Intl.PluralRules(language);
  document.documentElement.lang = language;
  locale = tags.find((tag) => languageOf(tag) === language) ?? language;
}

function filled(entry: Entry, values: Values): string {
  const text = typeof entry === "string" ? entry : (entry[plural.select(Number(values["n"] ?? 0))] ?? entry.other ?? "");
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

export function t(key: Key, values: Values = {}): string {
  return filled(chosen[key] ?? english[key], values);
}

/** The word for something the desk named (`reason.busy`), else what `otherwise` says. */
export function named(group: string, word: string, otherwise: string = word, values: Values = {}): string {
  const key = `${group}.${word}`;
  const entry = chosen[key] ?? (english as Record<string, Entry>)[key];
  return entry === undefined ? otherwise : filled(entry, values);
}

/** What is known of several things, side by side. */
export function dotted(...parts: string[]): string {
  return parts.filter(Boolean).join(" · ");
}
