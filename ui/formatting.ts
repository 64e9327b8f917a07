// The little markup that a librarian may write in an answer: **bold**, [words](https://an.address), "- " and "1. " at a line's start.
//
// The rule: what it means is decided here and in `bridge/contract/formatting.py`, held to one list of cases. It is read into plain
// pieces that a page builds as elements; nothing is ever set as HTML. Links go to http and https only.

export interface Run {
  text: string;
  bold?: boolean;
  href?: string;
}

export interface Block {
  kind: "paragraph" | "bullets" | "numbers";
  lines: Run[][];
  first: number; // of a list with numbers
}

const MARKS =
  /(?<![A-Za-z0-9_*])\*\*(?=[^\s*])([^*\n]{1,500})(?<=[^\s*])\*\*(?![A-Za-z0-9_*])|\[([^[\]\n]{1,300})\]\((https?:\/\/[^\s()<>"'\\/@?#]{1,253}(?:[/?#][^\s()<>"'\\]{0,2000})?)\)/g;
const ITEM = /^(?:[-*]|(\d{1,3})[.)])[ \t]+(?=\S)/;

/** Whether a page shows this text in another way than as it is written. */
export const isFormatted = (text: string): boolean => hasMarks(text) || text.split("\n").some((line) => ITEM.test(line));

/** Whether a network without formatting carries this text in another way than as it is written. */
export const hasMarks = (text: string): boolean => text.search(MARKS) >= 0;

/** The text as a network without formatting carries it. */
export const plain = (text: string): string =>
  text.replace(MARKS, (_, bold: string | undefined, words: string, href: string) => bold ?? (words === href ? href : `${words} (${href})`));

export function runs(line: string): Run[] {
  const found: Run[] = [];
  let end = 0;
  for (const match of line.matchAll(MARKS)) {
    if (match.index > end) found.push({ text: line.slice(end, match.index) });
    const [whole, bold, words = "", href] = match;
    found.push(bold !== undefined ? { text: bold, bold: true } : { text: words, href: href ?? "" });
    end = match.index + whole.length;
  }
  if (end < line.length) found.push({ text: line.slice(end) });
  return found;
}

export function blocks(text: string): Block[] {
  const found: Block[] = [];
  let open = false;
  for (const line of text.split(/\r?\n/)) {
    const item = ITEM.exec(line);
    const kind = !item ? "paragraph" : item[1] ? "numbers" : "bullets";
    const last = found.at(-1);
    if (!line.trim()) {
      open = false;
      continue;
    }
    const words = runs(item ? line.slice(item[0].length) : line);
    if (open && last?.kind === kind) last.lines.push(words);
    else found.push({ kind, lines: [words], first: Number(item?.[1] ?? 1) });
    open = true;
  }
  return found;
}
