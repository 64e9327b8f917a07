// The page's words in one language, from ui/words/call.<language>.json; a language is added by adding a file.
import { languageOf, tagsOf } from "../language";

const catalogues = import.meta.glob<Record<string, string>>("../words/call.??.json", { import: "default" });
let words: Record<string, string> = {};

export async function speak(wanted: readonly string[]): Promise<void> {
  const there = (tag: string) => catalogues[`../words/call.${languageOf(tag)}.json`];
  const found = tagsOf(wanted.filter(Boolean)).find((tag) => there(tag)) ?? "en";
  words = (await there(found)?.()) ?? {};
  document.documentElement.lang = languageOf(found);
  document.documentElement.dir = ["ar", "fa", "he", "ur"].includes(languageOf(found)) ? "rtl" : "ltr";
}

export function t(key: string, values: Record<string, string> = {}): string {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}
