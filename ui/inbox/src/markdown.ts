// A policy page's Markdown, read into plain pieces that the page then builds as elements: headings, lists, paragraphs, links,
// emphasis. Nothing else is understood and nothing is ever set as HTML; a link goes to http, https, mailto or tel only, and ends where
// links end everywhere.
import { pieces } from "../../links";

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "strong" | "emphasis" | "code"; text: string }
  | { kind: "link"; text: string; href: string };
export type Block =
  | { kind: "heading"; level: number; content: Inline[] }
  | { kind: "paragraph"; content: Inline[] }
  | { kind: "list"; ordered: boolean; entries: Inline[][] };

const INLINE =
  /\[([^\]\n]+)\]\(((?:[^()\s]|\([^()\s]*\))+)\)|<(https?:\/\/[^\s<>]+)>|(https?:\/\/[^\s<>]{3,})|\*\*([^*\n]+)\*\*|[*_]([^*_\n]+)[*_]|`([^`\n]+)`/g;

export function inline(source: string): Inline[] {
  const parts: Inline[] = [];
  const marks = new RegExp(INLINE);
  let done = 0;
  const text = (upTo: number) => {
    if (upTo > done) parts.push({ kind: "text", text: source.slice(done, upTo) });
  };
  for (let found = marks.exec(source); found; found = marks.exec(source)) {
    const piece = understood(found);
    if (!piece) continue;
    text(found.index);
    parts.push(piece);
    done = found.index + (found[4] ? piece.text.length : found[0].length);
    marks.lastIndex = done;
  }
  text(source.length);
  return parts;
}

function understood(found: RegExpExecArray): Inline | null {
  const [, label, target, marked, bare, strong, emphasis, code] = found;
  if (label && target) return isSafe(target) ? { kind: "link", text: label, href: target } : null;
  if (marked) return { kind: "link", text: marked, href: marked };
  const link = bare ? pieces(bare)[0] : undefined;
  if (link?.href) return { kind: "link", text: link.text, href: link.href };
  if (strong) return { kind: "strong", text: strong };
  if (emphasis) return { kind: "emphasis", text: emphasis };
  return code ? { kind: "code", text: code } : null;
}

const isSafe = (target: string) => /^(https?:\/\/|mailto:|tel:)/i.test(target);

export function blocks(source: string): Block[] {
  const found: Block[] = [];
  let open = false; // the last block still takes lines
  for (const line of source.replaceAll("\r", "").split("\n")) {
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    const entry = /^\s*(?:([-*+])|\d+[.)])\s+(.*)$/.exec(line);
    const last = found.at(-1);
    if (!line.trim()) open = false;
    else if (heading) {
      found.push({ kind: "heading", level: heading[1]?.length ?? 1, content: inline(heading[2] ?? "") });
      open = false;
    } else if (entry) {
      const ordered = !entry[1];
      if (open && last?.kind === "list" && last.ordered === ordered) last.entries.push(inline(entry[2] ?? ""));
      else found.push({ kind: "list", ordered, entries: [inline(entry[2] ?? "")] });
      open = true;
    } else if (open && last?.kind === "paragraph") last.content.push({ kind: "text", text: " " }, ...inline(line.trim()));
    else if (open && last?.kind === "list") last.entries.at(-1)?.push({ kind: "text", text: " " }, ...inline(line.trim()));
    else {
      found.push({ kind: "paragraph", content: inline(line.trim()) });
      open = true;
    }
  }
  return found;
}
