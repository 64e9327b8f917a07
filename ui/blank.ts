// Whether a text shows anything: spaces, controls, and what Unicode lets no font draw count as nothing.
//
// The desk judges the same (routing/blank.py), so that nothing is sent that would be refused. Source: Unicode, Default_Ignorable_Code_Point.

/** Hangul fillers and the empty Braille cell are letters or signs by their class and show nothing. */
const SHOWN = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u{2800}]/u;

export const isBlank = (text: string): boolean => !SHOWN.test(text);
