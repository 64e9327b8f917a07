// A patron's or librarian's text, cut into plain pieces and links. Text stays text: pieces are set as text nodes.
//
// The rule: only http, https and mail addresses become links, written out as they stand; nothing is fetched for them.

export interface Piece {
  text: string;
  href?: string;
}

const LINK = /\bhttps?:\/\/[^\s<>"'`]{3,2000}|\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b/gi;
const TRAILING = /[.,;:!?)\]}»”’…]+$/;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = trimmed(match[0]);
    const href = target(shown);
    if (!href) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

/** Without the sentence's own marks at the end; a bracket that the address opened stays. */
function trimmed(link: string): string {
  let shown = link.replace(TRAILING, "");
  const rest = link.slice(shown.length);
  if (rest.startsWith(")") && shown.split("(").length > shown.split(")").length) shown += ")";
  return shown;
}

function target(shown: string): string {
  if (!/^https?:/i.test(shown)) return `mailto:${shown}`;
  try {
    return new URL(shown).href;
  } catch {
    return "";
  }
}
