// What keeps a list calm: rows that stay where they are, the times of a snooze, colours that can be told from their ground.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ANIMALS, colourOf } from "../src/alias";
import { choices } from "../src/snooze";
import { placed, steady } from "../src/steady";

const rows = (ids: string) => [...ids].map((id) => ({ id }));
const shown = (list: ReturnType<typeof placed>) => list.map((one) => (one.item ? one.id : "_")).join("");

test("while a list is held, no row changes its place, and new ones follow the row that they come after", () => {
  const before = placed(rows("abcd"));
  assert.equal(shown(steady(before, rows("dcba"))), "abcd");
  assert.equal(shown(steady(before, rows("abxcd"))), "abxcd");
  assert.equal(shown(steady(before, rows("xyabcdz"))), "xyabcdz");
  assert.equal(shown(steady(before, rows("acd"))), "a_cd");
  assert.equal(shown(steady(steady(before, rows("acd")), rows("xacbd"))), "xabcd", "one that comes back has its place");
  assert.equal(shown(steady([], rows("ab"))), "ab");
});

test("a snooze ends on a working morning, and soon in a chat", () => {
  const friday = new Date(2026, 5, 5, 16).getTime();
  const [, , tomorrow, monday] = choices(false, friday).map(({ until }) => new Date(until));
  assert.deepEqual([tomorrow?.getDay(), tomorrow?.getHours(), monday?.getDay(), monday?.getDate()], [6, 9, 1, 8]);
  const sunday = new Date(2026, 5, 7, 16).getTime();
  assert.deepEqual(choices(false, sunday).map(({ word }) => word), ["hour", "hours", "tomorrow"]);
  const onMonday = choices(false, new Date(2026, 5, 8, 8).getTime()).at(-1);
  assert.equal(new Date(onMonday?.until ?? 0).getDate(), 15);
  assert.ok(choices(true, friday).every(({ until }) => until - friday <= 4 * 3_600_000));
});

test("each colour of a name keeps 3:1 on every ground of a row, in light and in dark", () => {
  const GROUNDS = { light: ["#ffffff", "#eaeef1", "#e2eff7"], dark: ["#181f26", "#242d36", "#1a3648"] } as const;
  for (const on of ["light", "dark"] as const) {
    for (let colour = 0; colour < 32; colour += 1) {
      const own = luminance(linear(colourOf(colour * ANIMALS + 1, on)));
      for (const ground of GROUNDS[on]) {
        const [high, low] = [own, luminance(hex(ground))].sort((a, b) => b - a) as [number, number];
        assert.ok((high + 0.05) / (low + 0.05) >= 3, `${on} ${colour} on ${ground}`);
      }
    }
  }
});

const luminance = ([r, g, b]: readonly number[]) => 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
const hex = (text: string) => [1, 3, 5].map((at) => {
  const c = parseInt(text.slice(at, at + 2), 16) / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
});

/** OKLCH as linear sRGB (CSS Color 4, 10.2), cut to what a screen shows. */
function linear([lightness, chroma, hue]: readonly [number, number, number]): number[] {
  const [a, b] = [chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((one) => Math.min(1, Math.max(0, one)));
}
