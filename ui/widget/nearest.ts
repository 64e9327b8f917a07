// Which public titles are near to what is being written: by words that begin alike or are a typo apart. Rare words tell more than
// frequent ones. All of it happens in the page.

/** One title with its other phrasings, language and address. */
export interface Entry {
  id: string;
  l: string;
  t: string;
  a: readonly string[];
  u: string;
}

const FITS = 0.5; // share of the words that an entry must hold to be offered
const LONG = 8; // letters from which a word may hold two typos
const LEAST = 2; // words that tell something, before anything is offered

/** The words of a text without case and accents. */
export const wordsOf = (text: string): string[] => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** How many letters to add, drop, change or swap with the next, to make one word of another (optimal string alignment). */
function edits(one: string, other: string): number {
  let [before, row] = [[] as number[], Array.from({ length: other.length + 1 }, (_, n) => n)];
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + Number(one[i - 1] !== other[j - 1]);
      const swapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1] ? (before[j - 2] ?? 99) + 1 : 99;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, changed, swapped));
    }
    [before, row] = [row, next];
  }
  return row[other.length] ?? 0;
}

/** How much two words are one: 1 where they are, less where they begin alike or are a typo apart, 0 where they aren't. */
export function alike(one: string, other: string): number {
  if (one === other) return 1;
  const short = Math.min(one.length, other.length);
  const begins = Math.max(4, short - 2);
  if (short >= 4 && one.slice(0, begins) === other.slice(0, begins)) return 0.9;
  const most = short >= LONG ? 2 : 1;
  if (short < 4 || Math.abs(one.length - other.length) > most) return 0;
  return edits(one, other) <= most ? 0.8 : 0;
}

interface Index {
  holding: Map<string, number[]>; // word: places of the entries that hold it
  near: Map<string, [string, number][]>; // a written word: the known words that it's like
}

const indexes = new WeakMap<readonly Entry[], Index>();

function indexOf(entries: readonly Entry[]): Index {
  let index = indexes.get(entries);
  if (!index) {
    const holding = new Map<string, number[]>();
    entries.forEach((entry, n) => new Set([entry.t, ...entry.a].flatMap(wordsOf)).forEach((word) => holding.set(word, [...(holding.get(word) ?? []), n])));
    indexes.set(entries, (index = { holding, near: new Map() }));
  }
  return index;
}

/** The entries nearest to a text, at most `most`; those in `language` go before equally near ones. */
export function nearest(entries: readonly Entry[], text: string, language: string, most: number): Entry[] {
  const { holding, near } = indexOf(entries);
  const scores = new Map<number, number>();
  let whole = 0;
  let telling = 0;
  for (const word of new Set(wordsOf(text))) {
    if (!near.has(word)) near.set(word, [...holding.keys()].map((known): [string, number] => [known, alike(word, known)]).filter(([, share]) => share));
    const best = new Map<number, number>();
    for (const [known, share] of near.get(word) ?? []) for (const n of holding.get(known) ?? []) best.set(n, Math.max(best.get(n) ?? 0, share));
    const worth = Math.log(1 + entries.length / (1 + best.size));
    if (word.length > 3) telling += 1;
    whole += worth;
    best.forEach((share, n) => scores.set(n, (scores.get(n) ?? 0) + share * worth));
  }
  if (telling < LEAST && ![...scores.values()].some((score) => score > 0.8 * whole)) return [];
  const spoken = (n: number) => Number(entries[n]?.l === language);
  const found = [...scores].filter(([, score]) => score >= FITS * whole).sort((a, b) => b[1] - a[1] || spoken(b[0]) - spoken(a[0]) || a[0] - b[0]);
  const once = new Map(found.map(([n]) => entries[n]).filter((one) => one !== undefined).reverse().map((one) => [one.id, one]));
  return [...once.values()].reverse().slice(0, most);
}
