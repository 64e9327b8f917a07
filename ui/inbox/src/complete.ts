// Completing while writing: `/` at the start of a word offers the library's scripts, `@` in a note offers colleagues.
import { folded } from "../../folding";
import type { ConversationView, Me, Person, ScriptView } from "./schema";

export interface Asked {
  kind: "script" | "colleague";
  from: number; // where the sign is
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
  const found = /(^|\s|(?<=[^\p{Script=Latin}\p{Nd}._-])(?=@))([/@])([\p{L}\p{N}\p{M}_'’-]*)$/u.exec(text.slice(0, caret));
  if (!found) return null;
  const kind = found[2] === "/" ? "script" : "colleague";
  if (kind === "colleague" && !note) return null;
  return { kind, from: caret - (found[3] ?? "").length - 1, query: found[3] ?? "" };
}

/** Scripts by key, title or folder first, then by what they say. */
export function scripts(known: readonly ScriptView[], query: string): Suggestion[] {
  const wanted = folded(query);
  const ranked = known.flatMap((script) => {
    const rank = folded(`${script.key} ${script.title} ${script.folder}`).includes(wanted) ? 0 : folded(script.text).includes(wanted) ? 1 : 2;
    return rank < 2 ? [{ script, rank }] : [];
  });
  ranked.sort((a, b) => a.rank - b.rank);
  return ranked.slice(0, 8).map(({ script }) => ({
    id: script.own ? `own:${script.key}` : script.key,
    name: script.folder ? `${script.folder} / ${script.title}` : script.title,
    detail: script.text,
    insert: script.text,
  }));
}

export function colleagues(known: readonly Person[], query: string): Suggestion[] {
  const wanted = folded(query);
  const fits = known.filter((person) => folded(`${person.name} ${person.id}`).includes(wanted));
  fits.sort((a, b) => Number(b.present) - Number(a.present) || a.name.localeCompare(b.name));
  return fits.slice(0, 8).map((person) => ({ id: person.id, name: person.name, detail: "", insert: `@${person.name} ` }));
}

/** Scripts that set no space behind a name. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const LETTER = /[\p{L}\p{N}\p{M}_]/u;
const alike = (text: string) => text.normalize("NFKC").toLowerCase().normalize("NFC");

/** The people whom a note mentions: the ids of those whose whole name is behind an `@`. Of names that begin alike the longest is meant; people of
 * one name are all called. An `@` inside a mail address calls nobody. */
export function mentions(text: string, known: readonly Person[]): string[] {
  const said = alike(text);
  const names = known.map((person) => ({ id: person.id, name: alike(person.name) })).filter(({ name }) => name.trim());
  const called = new Set<string>();
  for (let at = said.indexOf("@"); at >= 0; at = said.indexOf("@", at + 1)) {
    if (/[\p{Script=Latin}\p{Nd}._-]/u.test(said[at - 1] ?? "")) continue;
    const here = names.filter(({ name }) => said.startsWith(name, at + 1) && isWhole(name, said.slice(at + 1 + name.length)));
    const longest = Math.max(...here.map(({ name }) => name.length));
    for (const { id, name } of here) if (name.length === longest) called.add(id);
  }
  return known.map((person) => person.id).filter((id) => called.has(id));
}

function isWhole(name: string, rest: string): boolean {
  const [last = "", next = ""] = [[...name].at(-1), [...rest][0]];
  return !LETTER.test(next) || (UNSPACED.test(last) && !/\p{M}/u.test(next)) || (UNSPACED.test(next) && !UNSPACED.test(last));
}

/** The text with `insert` in the place of what is between two positions, and where the caret is then. */
export function completed(text: string, from: number, to: number, insert: string): { text: string; caret: number } {
  return { text: text.slice(0, from) + insert + text.slice(to), caret: from + insert.length };
}

/** A library's script with the names filled in that are known; the others stay for the librarian to see. */
export function filled(text: string, me: Pick<Me, "name" | "shown"> | null, view: Pick<ConversationView, "row" | "patron"> | null): string {
  const names: Record<string, string> = { librarian: me?.shown || me?.name || "" };
  if (view?.patron.name) names["patron"] = view.patron.name;
  if (view?.row.library_name) names["library"] = view.row.library_name;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => names[name] || whole);
}
