// The language of the search box as the page needs it: which words are filters, what may be typed next, and how a control changes the
// text. What a question means is the desk's to say (bridge/sql/transcripts/search_query.py).
import { folded } from "../../folding";

export const KEYS = ["from", "library", "channel", "by", "before", "after", "code", "has", "is"] as const;
export type FilterKey = (typeof KEYS)[number];

/** A part of the text: a word, a phrase or a filter. */
export interface Token {
  text: string;
  key: FilterKey | "";
  value: string;
  minus: boolean;
  from: number;
  to: number;
}

/** Something that may be typed: what is shown, what it says, and the text that it puts in. */
export interface Offer {
  id: string;
  name: string;
  detail: string;
  insert: string;
}

/** What filters can name here: the text that stands for each, and its name. */
export type Values = Partial<Record<FilterKey, readonly { value: string; name: string }[]>>;

const PART = /(-?)(?:([A-Za-z]+):)?("[^"]*(?:"|$)|[^\s"]*)/g;
const MOST = 8;

const isKey = (word: string): word is FilterKey => (KEYS as readonly string[]).includes(word);

export function tokens(text: string): Token[] {
  return [...text.matchAll(PART)].filter((found) => found[0]).map((found) => {
    const name = (found[2] ?? "").toLowerCase();
    const value = (found[3] ?? "").replaceAll('"', "");
    return { text: found[0], key: isKey(name) ? name : "", value, minus: found[1] === "-", from: found.index, to: found.index + found[0].length };
  });
}

/** A value as it is typed: in quotes where it has spaces. */
export const quoted = (value: string) => (/\s/.test(value) ? `"${value.replaceAll('"', "")}"` : value);

/** What a control shows for a filter: the value in the text, "" where there is none or several. */
export function valueOf(text: string, key: FilterKey): string {
  const found = tokens(text).filter((one) => one.key === key && !one.minus);
  return found.length === 1 ? (found[0]?.value ?? "") : "";
}

/** The text with a filter of this value in place of those of that key; without one for "". */
export function withFilter(text: string, key: FilterKey, value: string): string {
  const kept = tokens(text).filter((one) => one.key !== key || one.minus).map((one) => one.text);
  return [...kept, ...(value ? [`${key}:${quoted(value)}`] : [])].join(" ");
}

/** The text with one part of it in place of another. */
export function replaced(text: string, part: string, by: string): string {
  const at = tokens(text).find((one) => one.text === part);
  return at ? text.slice(0, at.from) + by + text.slice(at.to) : text;
}

/** What may be typed at the caret, and which part of the text it takes the place of. */
export function offers(text: string, caret: number, values: Values, explain: (key: FilterKey) => string): { from: number; to: number; offers: Offer[] } {
  const here = tokens(text).find((one) => one.from < caret && caret <= one.to);
  const nothing = { from: caret, to: caret, offers: [] };
  if (!here) return nothing;
  const sign = here.minus ? "-" : "";
  if (here.key) {
    const key = here.key;
    const wanted = folded(here.value);
    const fits = (values[key] ?? []).filter((one) => folded(`${one.name} ${one.value}`).includes(wanted) && one.value !== here.value);
    const found = fits.slice(0, MOST).map((one) => ({ id: `${key}:${one.value}`, name: one.name, detail: `${key}:${quoted(one.value)}`, insert: `${sign}${key}:${quoted(one.value)} ` }));
    return { from: here.from, to: here.to, offers: found };
  }
  const begun = here.text.replace(/^-/, "").toLowerCase();
  if (!begun || here.text.includes('"')) return nothing;
  const keys = KEYS.filter((key) => key.startsWith(begun));
  return { from: here.from, to: here.to, offers: keys.map((key) => ({ id: key, name: `${key}:`, detail: explain(key), insert: `${sign}${key}:` })) };
}

// ---- what was searched for lately: on this machine alone ------------------------------------------------------------------------

const KEPT = 8;
const place = (me: string) => `deskbridge.searches.${me}`;

export function recent(where: Pick<Storage, "getItem">, me: string): string[] {
  try {
    const found: unknown = JSON.parse(where.getItem(place(me)) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string").slice(0, KEPT) : [];
  } catch {
    return [];
  }
}

export function keep(where: Storage, me: string, question: string): string[] {
  const asked = question.trim();
  const found = [...new Set([...(asked ? [asked] : []), ...recent(where, me)])].slice(0, KEPT);
  where.setItem(place(me), JSON.stringify(found));
  return found;
}

export function clear(where: Pick<Storage, "removeItem">, me: string): void {
  where.removeItem(place(me));
}
