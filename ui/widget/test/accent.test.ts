// Any colour that a library names is made fit to read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accentTokens, contrast } from "../../accent";

type Rgb = readonly [number, number, number];
const PARTS = ["00", "33", "66", "99", "cc", "ff"];
// --surface, --sunken, --ink, --ink-soft and --ink-faint of tokens.css.
const SCHEMES: Record<"light" | "dark", { grounds: string[]; inks: string[] }> = {
  light: { grounds: ["#ffffff", "#eaeef1"], inks: ["#14191e", "#46515b", "#5b6670"] },
  dark: { grounds: ["#181f26", "#242d36"], inks: ["#edf1f4", "#a3b0bb"] },
};

function rgb(colour: string): Rgb {
  const parts = colour.startsWith("#") ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) : (colour.match(/\d+/g) ?? []).map(Number);
  return parts as unknown as Rgb;
}

for (const [scheme, { grounds, inks }] of Object.entries(SCHEMES)) {
  test(`text on and in any accent keeps 4.5:1 in ${scheme}`, () => {
    for (const accent of PARTS.flatMap((r) => PARTS.flatMap((g) => PARTS.map((b) => `#${r}${g}${b}`)))) {
      const made = accentTokens(accent, scheme === "dark");
      assert.ok(made);
      const soft = made["--accent-soft"];
      const pairs = [[made["--on-accent"], made["--accent"]], ...[...grounds, soft].map((on) => [made["--accent-ink"], on]), ...inks.map((ink) => [ink, soft])];
      for (const [ink, on] of pairs) assert.ok(contrast(rgb(ink ?? ""), rgb(on ?? "")) >= 4.5, `${accent}: ${ink} on ${on}`);
    }
  });
}
