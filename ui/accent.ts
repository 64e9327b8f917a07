// A library's accent colour, made fit to read.
//
// The rule: a library names one colour. Text on it, and text in it, keeps a contrast of 4.5:1 in light and in dark
// (WCAG 2.2 SC 1.4.3). The hue stays, the lightness gives way: the colour is mixed with black or white in steps until it
// reads. Set through the CSSOM, so a strict style-src allows it. Source: WCAG 2.2, "relative luminance".

type Rgb = readonly [number, number, number];

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
// The least favourable grounds of tokens.css: --sunken of each scheme.
const LIGHT: Rgb = [0xea, 0xee, 0xf1];
const DARK: Rgb = [0x24, 0x2d, 0x36];
// Hints, and what a tint is mixed with: --ink-faint and --surface of each scheme.
const FAINT: Rgb = [0x5b, 0x66, 0x70];
const FAINT_DARK: Rgb = [0xa3, 0xb0, 0xbb];
const SURFACE_DARK: Rgb = [0x18, 0x1f, 0x26];
const NAMES = ["--accent", "--on-accent", "--accent-ink", "--accent-soft", "--focus"] as const;

export function parse(hex: string): Rgb | null {
  const [, found] = /^#?([0-9a-f]{6})$/i.exec(hex.trim()) ?? [];
  const n = parseInt(found ?? "", 16);
  return found ? [n >> 16, (n >> 8) & 255, n & 255] : null;
}

export function contrast(one: Rgb, other: Rgb): number {
  const a = luminance(one) + 0.05;
  const b = luminance(other) + 0.05;
  return a > b ? a / b : b / a;
}

function luminance(rgb: Rgb): number {
  const part = (value: number) => {
    const v = value / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(rgb[0]) + 0.7152 * part(rgb[1]) + 0.0722 * part(rgb[2]);
}

function mix(one: Rgb, other: Rgb, share: number): Rgb {
  return one.map((part, n) => Math.round(part + ((other[n] ?? 0) - part) * share)) as unknown as Rgb;
}

/** `colour`, moved towards `pole` until it has 4.5:1 on `ground`. */
function legible(colour: Rgb, ground: Rgb, pole: Rgb): Rgb {
  for (let share = 0; share < 1; share += 0.05) {
    const tried = mix(colour, pole, share);
    if (contrast(tried, ground) >= 4.5) return tried;
  }
  return pole;
}

/** A tint of `colour`: `surface` with as much of it as leaves every ink on it 4.5:1. */
function tint(colour: Rgb, surface: Rgb, share: number, inks: readonly Rgb[]): Rgb {
  const mixed = mix(colour, surface, share);
  return share >= 1 || inks.every((ink) => contrast(ink, mixed) >= 4.5) ? mixed : tint(colour, surface, share + 0.01, inks);
}

/** The tokens that follow from an accent; null when `hex` is no `#rrggbb`. */
export function accentTokens(hex: string, dark: boolean): Record<(typeof NAMES)[number], string> | null {
  const colour = parse(hex);
  if (!colour) return null;
  const ink = dark ? legible(colour, DARK, WHITE) : legible(colour, LIGHT, BLACK);
  const on = contrast(ink, WHITE) >= 4.5 ? WHITE : BLACK;
  const soft = dark ? tint(colour, SURFACE_DARK, 0.75, [ink, FAINT_DARK]) : tint(colour, WHITE, 0.88, [ink, FAINT]);
  const tokens = [ink, on, ink, soft, ink].map((rgb, n) => [NAMES[n], `rgb(${rgb.join(" ")})`]);
  return Object.fromEntries(tokens) as Record<(typeof NAMES)[number], string>;
}

/** Dress `element` (usually <html>) in a library's accent and keep it right when the scheme changes; returns how to stop. */
export function wearAccent(element: HTMLElement, hex: string): () => void {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const forced = matchMedia("(forced-colors: active)");
  const wear = () => {
    const theme = element.dataset["theme"];
    const tokens = forced.matches ? null : accentTokens(hex, theme ? theme === "dark" : scheme.matches);
    for (const name of NAMES) {
      if (tokens) element.style.setProperty(name, tokens[name]);
      else element.style.removeProperty(name);
    }
  };
  wear();
  scheme.addEventListener("change", wear);
  forced.addEventListener("change", wear);
  return () => {
    scheme.removeEventListener("change", wear);
    forced.removeEventListener("change", wear);
  };
}
