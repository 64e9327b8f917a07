// How a network will cut a text: SMS segments, so that a librarian sees what an answer costs while writing it.
//
// GSM 03.38: 160 septets alone, 153 each when joined; characters of the extension table count twice. Anything else makes the
// whole text UCS-2: 70 and 67 units of 16 bits (3GPP TS 23.038, 23.040).
const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED = "^{}\\[~]|€\f";

export interface Cut {
  segments: number;
  unicode: boolean;
}

export function cut(text: string): Cut {
  const chars = [...text];
  const gsm = chars.map((char) => (BASIC.includes(char) ? 1 : EXTENDED.includes(char) ? 2 : 0));
  if (gsm.every(Boolean)) return { segments: count(gsm, 160, 153), unicode: false };
  return { segments: count(chars.map((char) => char.length), 70, 67), unicode: true };
}

/** How many messages hold characters of these widths; none is torn between two. */
function count(widths: number[], alone: number, joined: number): number {
  if (!widths.length) return 0;
  if (widths.reduce((sum, width) => sum + width, 0) <= alone) return 1;
  let [messages, used] = [1, 0];
  for (const width of widths) {
    if (used + width > joined) [messages, used] = [messages + 1, 0];
    used += width;
  }
  return messages;
}
