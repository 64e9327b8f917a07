// What people wrote, cut into paragraphs and each paragraph into plain pieces and links. Text stays text: pieces are set as text nodes.
//
// The rule: only http, https and mail addresses become links, written out as they stand; nothing is fetched for them. A link ends
// where the sentence goes on in any script: before a full-width mark, before a quotation's end, before a bracket that it did not
// open itself. Apostrophes and pairs of brackets belong to it. A paragraph is a line as it was typed, since each has a direction of
// its own (Unicode Bidirectional Algorithm, P2 and P3).

export interface Piece {
  text: string;
  href?: string;
}

/** Marks that no address holds unescaped: full-width punctuation, quotation marks, marks that turn the direction. */
const ENDS = String.raw`\s<>"\x60‚„“”«»‹›\u3001-\u3003\u3008-\u3011\u3014-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65…،؛؟۔।॥၊။។៕\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff`;
const WEB = String.raw`https?:\/\/[^${ENDS}]{3,2000}`;
/** No letter of the same script comes before a mail address: half of "josé@example.org" is another person's address. */
const MAIL = String.raw`(?<![\p{Script=Latin}\p{M}\p{N}._%+-])[A-Za-z0-9._%+-]{1,64}(?:['’][A-Za-z0-9._%+-]{1,64}){0,2}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}(?![\p{Script=Latin}\p{M}])`;
const LINK = new RegExp(String.raw`(?<![A-Za-z0-9])${WEB}|${MAIL}`, "giu");
const TRAILING = /[.,;:!?'’‘*~|\u200c\u200d]$/u;
const PAIRS: Record<string, string> = { ")": "(", "]": "[", "}": "{" };
const MOST_PARAGRAPHS = 400;

/** A text's lines, each in pieces and with the break that ended it; what comes after very many stays one. */
export function paragraphs(text: string): Piece[][] {
  const lines = text.split(/(?<=\n)/);
  const last = lines.splice(MOST_PARAGRAPHS).join("");
  return (last ? [...lines, last] : lines).map(pieces);
}

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  const links = new RegExp(LINK);
  let end = 0;
  for (let match = links.exec(text); match; match = links.exec(text)) {
    const shown = trimmed(match[0], text[match.index - 1]);
    links.lastIndex = match.index + Math.max(1, shown.length);
    const href = target(shown);
    if (!href) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

/** `link` without what belongs to the sentence around it; `before` is the character that it follows. */
function trimmed(link: string, before = ""): string {
  let shown = before === "'" ? (/^.*?(?='(?![\p{L}\p{N}])|$)/u.exec(link)?.[0] ?? link) : link;
  shown = balanced(shown);
  while (TRAILING.test(shown)) shown = shown.slice(0, -1);
  return shown;
}

/** `link` up to the first bracket that it did not open itself. */
function balanced(link: string): string {
  const open: string[] = [];
  for (let n = 0; n < link.length; n += 1) {
    const char = link[n] as string;
    if ("([{".includes(char)) open.push(char);
    else if (char in PAIRS && open.pop() !== PAIRS[char]) return link.slice(0, n);
  }
  return link;
}

function target(shown: string): string {
  if (!/^https?:/i.test(shown)) return `mailto:${shown.replace("’", "'")}`;
  try {
    return new URL(shown).href;
  } catch {
    return "";
  }
}
