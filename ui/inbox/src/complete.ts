// Completing while writing: `/` at the start of a word offers the library's scripts, `@` in a note offers colleagues.
import type { Person, ScriptView } from "./schema";

export interface Asked {
  kind: "script" | "colleague";
  from: number; // where the sign stands
  query: string;
}

export interface Suggestion {
  id: string;
  name: string;
  detail: string;
  insert: string;
}

/** What the text before `caret` asks for, if anything. */
export function asked(text: string, caret: number, note: boolean): Asked | null {
  const found = /(^|\s)([/@])([\p{L}\p{N}_-]*)$/u.exec(text.slice(0, caret));
  if (!found) return null;
  const kind = found[2] === "/" ? "script" : "colleague";
  if (kind === "colleague" && !note) return null;
  return { kind, from: caret - (found[3] ?? "").length - 1, query: found[3] ?? "" };
}

const plain = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

export function scripts(known: readonly ScriptView[], query: string): Suggestion[] {
  const wanted = plain(query);
  const fits = known.filter((script) => plain(`${script.key} ${script.title}`).includes(wanted));
  return fits.slice(0, 8).map((script) => ({ id: script.key, name: script.title, detail: script.text, insert: script.text }));
}

export function colleagues(known: readonly Person[], query: string): Suggestion[] {
  const wanted = plain(query);
  const fits = known.filter((person) => plain(`${person.name} ${person.id}`).includes(wanted));
  fits.sort((a, b) => Number(b.present) - Number(a.present) || a.name.localeCompare(b.name));
  return fits.slice(0, 8).map((person) => ({ id: person.id, name: person.name, detail: "", insert: `@${person.name} ` }));
}

/** Who a note calls: the ids of the people whose `@name` stands in it. */
export function mentions(text: string, known: readonly Person[]): string[] {
  return known.filter((person) => text.includes(`@${person.name}`)).map((person) => person.id);
}
