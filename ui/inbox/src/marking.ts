// What the buttons above an answer do to its text: where to write what, and what is chosen then. Nothing here touches the page.
export type Marking = "bold" | "bullets" | "numbers" | "link" | "emoji";

/** Replace [from, to) by `insert`; then choose [start, end). */
export interface Change {
  from: number;
  to: number;
  insert: string;
  start: number;
  end: number;
}

/** Put marks around what is chosen, or take them away. White space at its ends stays outside. */
export function bold(text: string, from: number, to: number): Change {
  const chosen = text.slice(from, to);
  const inner = chosen.trim();
  const at = from + chosen.indexOf(inner);
  const end = at + inner.length;
  if (text.slice(at - 2, at) === "**" && text.slice(end, end + 2) === "**") return { from: at - 2, to: end + 2, insert: inner, start: at - 2, end: end - 2 };
  return { from: at, to: end, insert: `**${inner}**`, start: at + 2, end: end + 2 };
}

/** Begin each chosen line with a sign of its list; where all have one, take it away. */
export function listed(text: string, from: number, to: number, numbered: boolean): Change {
  const begin = text.lastIndexOf("\n", from - 1) + 1;
  const next = text.indexOf("\n", Math.max(from, to - 1));
  const end = next < 0 ? text.length : next;
  const lines = text.slice(begin, end).split("\n");
  const sign = numbered ? /^\d{1,3}[.)][ \t]+/ : /^[-*][ \t]+/;
  const bare = lines.map((line) => line.replace(/^(?:[-*]|\d{1,3}[.)])[ \t]+/, ""));
  const has = lines.every((line) => sign.test(line));
  const insert = (has ? bare : bare.map((line, n) => `${numbered ? `${n + 1}.` : "-"} ${line}`)).join("\n");
  return { from: begin, to: end, insert, start: begin + insert.length, end: begin + insert.length };
}

/** The address of a link as it may be sent; "" for what is none. A missing scheme is added. */
export function linkTarget(typed: string): string {
  const given = typed.trim();
  const scheme = /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(given);
  const url = URL.parse(scheme ? given : `https://${given}`);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || !url.hostname.includes(".")) return "";
  return url.href.replace(/[()'"\\]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Name a link with the words, or write it out where there are none. */
export function linked(from: number, to: number, words: string, href: string): Change {
  const name = words.replace(/[[\]\n]+/g, " ").trim();
  const insert = name && name !== href ? `[${name}](${href})` : href;
  return { from, to, insert, start: from + insert.length, end: from + insert.length };
}
