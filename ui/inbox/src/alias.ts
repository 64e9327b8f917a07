// The colour of a patron who gave no name. The desk calls them by a colour and an animal ("Amber Fox"); `alias` is the number of that
// name (`bridge/inbox/views/aliases.py`), and its colours stand here in the order of the words.
//
// The colour only repeats what the name says. In light and in dark it keeps 3:1 on every ground that a row may have (WCAG 2.2
// SC 1.4.11; test/rules.test.ts measures it): only hue and chroma differ, lightness is the theme's.
export const ANIMALS = 128;

/** Hue and chroma (OKLCH), from Crimson to Magenta. */
const HUES = [
  [18, 0.2], [30, 0.2], [10, 0.2], [5, 0.14], [33, 0.15], [35, 0.11], [48, 0.11], [42, 0.14],
  [75, 0.15], [55, 0.16], [60, 0.11], [85, 0.14], [80, 0.12], [105, 0.15], [115, 0.09], [125, 0.18],
  [135, 0.12], [142, 0.18], [155, 0.15], [162, 0.11], [170, 0.1], [190, 0.1], [195, 0.12], [210, 0.12],
  [240, 0.14], [258, 0.17], [262, 0.2], [275, 0.18], [292, 0.2], [305, 0.2], [325, 0.12], [335, 0.22],
] as const;
export const LIGHTNESS = { light: 0.56, dark: 0.78 } as const;

/** The colour of an alias as [lightness, chroma, hue] (OKLCH), for a light or a dark page. */
export function colourOf(alias: number, on: keyof typeof LIGHTNESS): readonly [number, number, number] {
  const [hue, chroma] = HUES[Math.floor((alias - 1) / ANIMALS) % HUES.length] ?? HUES[0];
  return [LIGHTNESS[on], chroma, hue];
}
