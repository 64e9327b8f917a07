// The page's words in one language, from bridge/words/call.<tag>.json; the daemon serves each by its hash.
import { directionOf, nearestTag } from "../language";

type Entry = string | Partial<Record<Intl.LDMLPluralRule, string>>;

const served = JSON.parse(document.body.dataset["words"] ?? "{}") as Record<string, string>;
let words: Record<string, Entry> = {};
let language = "";

/** Speak the first of `wanted` that is served. */
export async function speak(wanted: readonly string[]): Promise<void> {
  const nearest = nearestTag(wanted, Object.keys(served)) || "en";
  if (nearest === language) return;
  const answer = await fetch(`/call/words/${served[nearest] ?? ""}`);
  words = (await answer.json()) as typeof words;
  language = nearest;
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
}

export function t(key: string, values: Record<string, string | number> = {}): string {
  const entry = words[key] ?? key;
  const text = typeof entry === "string" ? entry : (entry[new Intl.PluralRules(language).select(Number(values["n"]))] ?? entry.other ?? "");
  return text.replace(/\{(\w+)\}/g, (_, name: string) => values[name]?.toLocaleString(language) ?? "");
}
