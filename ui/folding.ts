// How names and words are compared where somebody looks for one: without case, accents, widths, ligatures and what nobody sees.
//
// The archive's search folds alike (bridge/sql/transcripts/search_words.py). Signs that are letters of their own in their script stay.

const LETTERS: Record<string, string> = { œ: "oe", æ: "ae", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ħ: "h", ŧ: "t", ı: "i", ß: "ss", ς: "σ", ى: "ي", ی: "ي", ک: "ك" };
const SIGNS = new RegExp(
  String.raw`[\u0300-\u036f]|[\u0591-\u05c7]|[\u0610-\u061a]|[\u064b-\u065f]|\u0670|[\u06d6-\u06ed]|[\u1ab0-\u1aff]|[\u1dc0-\u1dff]|[\u20d0-\u20ff]|[\u0640\p{Cf}]`,
  "gu",
);

export const folded = (text: string): string =>
  text
    .normalize("NFKD")
    .toLowerCase()
    .replace(SIGNS, "")
    .replace(/[œæøłđðþħŧıßςىیک]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize("NFC");
