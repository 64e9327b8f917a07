// How a network will cut a text: SMS segments, so that a librarian sees what an answer costs while writing it.
//
// The rule is that of adapters/sms/segments.py and bridge/channels/outbound/split.py. A test holds both to the same counts, so that what
// is shown is what is sent. GSM 03.38: 160 septets alone, 153 each when joined; characters of the extension table count twice. Anything else makes
// the whole text UCS-2: 70 and 67 units of 16 bits (3GPP TS 23.038, 23.040). What a reader sees as one character (a flag, a family,
// a letter and its accents) is not torn. A text longer than the channel takes travels in parts, and each is counted alone.
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENDED = new Set("^{}\\[~]|€\f");
const PLAIN = new Map<string, string>([
  ..."‘’‚‛′‹›".split("").map((char) => [char, "'"] as const),
  ..."“”„‟″«»".split("").map((char) => [char, '"'] as const),
  ..."–—‐‑−".split("").map((char) => [char, "-"] as const),
  ..."\u00a0\u202f\u2009\t".split("").map((char) => [char, " "] as const),
  ["…", "..."], ["\u200b", ""], ["•", "*"], ["·", "*"],
]);
const WHOLE = 1120; // bits of user data in one message
const HEADER = 48; // bits of each that joins several
const JOINER = "\u200d";
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const BREAKS = ["\\n[ \\t]*\\n[S]*", "\\n[S]*", "[S]+"].map((pattern) => new RegExp(pattern.replaceAll("[S]", `[${SPACE}]`), "gu"));
const EDGES = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "gu");
const MARK = /\p{M}/u;

export interface Cut {
  segments: number;
  unicode: boolean;
}

export interface Ways {
  plain?: boolean; // typographic characters go out in the spelling of the GSM alphabet
  most?: number; // characters of one part, 0 = no limit
}

/** How the words of `text` travel, without the white space around them. */
export function cut(text: string, { plain = false, most = 0 }: Ways = {}): Cut {
  const words = text.trim();
  let [segments, unicode] = [0, false];
  for (const part of words ? split([...words], most) : []) {
    const one = segmentsOf(plain ? spelt(part) : part);
    segments += one.segments;
    unicode ||= one.unicode;
  }
  return { segments, unicode };
}

const spelt = (chars: string[]) => chars.flatMap((char) => [...(PLAIN.get(char) ?? char)]);

function segmentsOf(chars: string[]): Cut {
  const septets = chars.every((char) => BASIC.has(char) || EXTENDED.has(char));
  const widths = septets ? chars.map((char) => (EXTENDED.has(char) ? 14 : 7)) : clusters(chars);
  const bits = widths.reduce((sum, width) => sum + width, 0);
  return { segments: bits <= WHOLE ? 1 : filled(widths, WHOLE - HEADER), unicode: !septets };
}

/** The bits of each character as a reader sees it; one that fills no message whole is counted in its pieces. */
function clusters(chars: string[]): number[] {
  const widths: number[] = [];
  let [before, flags] = ["", 0];
  for (const char of chars) {
    flags = isFlag(char) ? flags + 1 : 0;
    const joins = before === JOINER || (flags && flags % 2 === 0) || char === JOINER || isJoining(char);
    const last = widths.at(-1);
    const units = char.length * 16;
    if (joins && last !== undefined && before !== "\n" && last + units <= WHOLE - HEADER) widths[widths.length - 1] = last + units;
    else widths.push(units);
    before = char;
  }
  return widths;
}

function filled(widths: number[], room: number): number {
  let [count, used] = [1, 0];
  for (const width of widths) {
    if (used + width > room) [count, used] = [count + 1, 0];
    used += width;
  }
  return count;
}

const point = (char: string) => char.codePointAt(0) ?? 0;
const within = (char: string, from: number, to: number) => point(char) >= from && point(char) <= to;
const isFlag = (char: string) => within(char, 0x1f1e6, 0x1f1ff);
/** Accents, skin tones and tags: what belongs to the character before it. */
const isJoining = (char: string) => MARK.test(char) || within(char, 0x1f3fb, 0x1f3ff) || within(char, 0xe0020, 0xe007f);

// -- parts, as bridge/channels/outbound/split.py cuts them

function split(chars: string[], most: number): string[][] {
  const parts: string[][] = [];
  let rest = chars;
  while (most && rest.length > most) {
    const [end, start] = place(rest, most);
    const part = rest.slice(0, end);
    if (part.join("").replace(EDGES, "")) parts.push(part);
    rest = rest.slice(start);
  }
  if (rest.length || !parts.length) parts.push(rest);
  return parts;
}

/** Where the part ends and where the rest starts: at a blank line, at a line's end, or at a space in its second half. Else between
 * graphemes. */
function place(chars: string[], most: number): [number, number] {
  const half = Math.floor(most / 2);
  const second = chars.slice(half, most + 1).join("");
  for (const pattern of BREAKS) {
    let found: [number, number] | undefined;
    for (const match of second.matchAll(pattern)) {
      const from = half + [...second.slice(0, match.index)].length;
      if (from > 0 && isBoundary(chars, from)) found = [from, from + [...match[0]].length];
    }
    if (found && found[0] <= most) {
      let start = found[1];
      while (start < chars.length && !(chars[start] ?? "").replace(EDGES, "")) start += 1;
      return [found[0], start];
    }
  }
  let at = most;
  while (at > 0 && !isBoundary(chars, at)) at -= 1;
  return [at || most, at || most];
}

function isBoundary(chars: string[], at: number): boolean {
  const [before, after] = [chars[at - 1], chars[at]];
  if (before === undefined || after === undefined) return true;
  if (before === "\r" && after === "\n") return false;
  if (after === JOINER || before === JOINER || isJoining(after) || within(after, 0xfe00, 0xfe0f)) return false;
  const [one, other] = [hangul(before), hangul(after)];
  if (one && other) return !SYLLABLE[one].includes(other);
  let flags = 0;
  while (isFlag(chars[at - 1 - flags] ?? "")) flags += 1;
  return !(isFlag(after) && flags % 2 === 1);
}

type Jamo = "L" | "V" | "T" | "LV" | "LVT";
const SYLLABLE: Record<Jamo, readonly Jamo[]> = { L: ["L", "V", "LV", "LVT"], V: ["V", "T"], LV: ["V", "T"], T: ["T"], LVT: ["T"] };

function hangul(char: string): Jamo | "" {
  if (within(char, 0x1100, 0x115f) || within(char, 0xa960, 0xa97c)) return "L";
  if (within(char, 0x1160, 0x11a7) || within(char, 0xd7b0, 0xd7c6)) return "V";
  if (within(char, 0x11a8, 0x11ff) || within(char, 0xd7cb, 0xd7fb)) return "T";
  if (within(char, 0xac00, 0xd7a3)) return (point(char) - 0xac00) % 28 ? "LVT" : "LV";
  return "";
}
