// The rules that all pages share: where a link ends, what a language tag is, which day was yesterday, what shows nothing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isBlank } from "../../blank";
import { daysBefore } from "../../calendar";
import { dayName } from "../../day-names";
import { blocks, isFormatted, plain } from "../../formatting";
import { folded } from "../../folding";
import { languageOf, tagOf, tagsOf } from "../../language";
import { paragraphs, pieces } from "../../links";
import { inline } from "../src/markdown";

const links = (text: string) => pieces(text).filter((piece) => piece.href).map((piece) => piece.text);

test("a link ends where the sentence goes on, in any script", () => {
  const a = "https://a.example/x";
  for (const mark of ["。", "、次", "）", "」です", "』", "，", "！", "？", "；", "：", "．", "》", "】", "،", "؛", "؟", "۔", "।", "॥", "…", "”", "»", "“", "\u200f", "\u200b"])
    assert.deepEqual(links(`${a}${mark}`), [a], JSON.stringify(mark));
  for (const mark of [".", ",", ";", ":", "!", "?", ")", "]", "'", "’", ").", "?!", "),"]) assert.deepEqual(links(`(${a}${mark} b`), [a], mark);
  assert.deepEqual(links(`「${a}」と（${a}2）`), [a, `${a}2`]);
  assert.deepEqual(links(`見て${a}、`), [a]);
  assert.deepEqual(links(`'${a}','${a}2'`), [a, `${a}2`]);
  assert.equal(pieces(`${a}。 次`).map((piece) => piece.text).join(""), `${a}。 次`);
});

test("apostrophes and balanced brackets belong to a link", () => {
  for (const whole of [
    "https://en.wikipedia.org/wiki/Mercury_(planet)",
    "https://a.example/O'Brien's",
    "https://a.example/l’eau",
    "https://a.example/?q[0]=(a(b))&r={c}",
    "https://ja.wikipedia.org/wiki/図書館",
    "https://a.example/b_",
  ])
    for (const [before, after] of [["", ""], ["(", ")"], ["", "."], ["'", "'"], ["（", "）"]] as const)
      assert.deepEqual(links(`${before}${whole}${after}`), [whole], `${before} ${after}`);
});

test("a policy page's links end where links end everywhere", () => {
  const found = (text: string) => inline(text).flatMap((part) => (part.kind === "link" ? [part.text] : []));
  assert.deepEqual(found("見る https://a.example/x_y_z。次 (https://a.example/b_(c)) <https://a.example/d> **e**"), [
    "https://a.example/x_y_z",
    "https://a.example/b_(c)",
    "https://a.example/d",
  ]);
  assert.deepEqual(inline("[map](https://a.example/b_(c))"), [{ kind: "link", text: "map", href: "https://a.example/b_(c)" }]);
});

test("a mail address is linked whole or not at all", () => {
  assert.deepEqual(links("o'brien@example.org, 'jane@example.org'"), ["o'brien@example.org", "jane@example.org"]);
  assert.deepEqual(links("写信给jane@example.org。"), ["jane@example.org"]);
  assert.deepEqual(links("josé@example.org renée.martin@example.org jane@exämple.org"), []);
});

test("a hostile line is cut quickly", { timeout: 20_000 }, () => {
  for (const part of ["a.", "a'", "(", "https://", "a@", "'a", "http://'", "。"]) pieces(part.repeat(20_000 / part.length));
});

test("each line is a paragraph of its own, and none is lost", () => {
  const text = "Hello\n\nשלום\r\nhttps://a.example/\n";
  assert.deepEqual(paragraphs(text).map((line) => line.map((piece) => piece.text).join("")), ["Hello\n", "\n", "שלום\r\n", "https://a.example/\n"]);
  const many = paragraphs("x\n".repeat(5_000));
  assert.ok(many.length < 1_000);
  assert.equal(many.flat().map((piece) => piece.text).join(""), "x\n".repeat(5_000));
});

test("what is no language tag is none, and nothing throws", () => {
  const given = ["pt_BR", "en-US@posix", "de_DE.UTF-8", "C", "POSIX", "", "x", "zh_Hans_CN", "!!", "en-", "-", "sr_RS@latin", "a".repeat(40), undefined, null, 7];
  assert.deepEqual(given.map(tagOf), ["pt-BR", "en-US", "de-DE", "", "", "", "", "zh-Hans-CN", "", "", "", "sr-RS", "", "", "", ""]);
  assert.deepEqual(["pt_BR", "EN-us@posix", "fil-PH", "?"].map(languageOf), ["pt", "en", "fil", ""]);
  assert.deepEqual(tagsOf(undefined), []);
  for (const tag of tagsOf(given)) new Intl.DateTimeFormat(tag).format(0);
});

test("yesterday is the day before by the calendar, whatever the clocks do", () => {
  process.env["TZ"] = "Europe/Berlin"; // 29 March 2026 has 23 hours, 25 October 25
  const at = (text: string) => new Date(text).getTime();
  for (const [then, now, days] of [
    ["2026-03-28T23:30", "2026-03-30T00:30", 2],
    ["2026-03-29T00:30", "2026-03-30T00:15", 1],
    ["2026-03-28T00:15", "2026-03-29T23:45", 1],
    ["2026-10-24T23:50", "2026-10-26T00:10", 2],
    ["2026-10-25T00:05", "2026-10-26T23:55", 1],
    ["2026-10-25T00:05", "2026-10-25T23:55", 0],
    ["2027-01-01T09:00", "2026-12-31T22:00", -1],
  ] as const)
    assert.equal(daysBefore(at(then), at(now)), days, `${then} ${now}`);
});

test("names and words are found without accents, widths, vowel signs and ligatures", () => {
  for (const [said, asked] of [["Œuvre", "oeuvre"], ["José", "jose"], ["ＡＢＣ", "abc"], ["كِتَابٌ", "كتاب"], ["שָׁלוֹם", "שלום"], ["Łódź", "lodz"], ["ﬁn", "fin"], ["Straße", "STRASSE"], ["ガイド", "ｶﾞｲﾄﾞ"], ["İstanbul", "istanbul"]] as const)
    assert.equal(folded(said), folded(asked), said);
  assert.notEqual(folded("กิน"), folded("กัน"));
  assert.notEqual(folded("ガ"), folded("カ"));
});

test("what shows nothing is blank", () => {
  for (const nothing of ["", " \n\t", "\u200b", "\u200d\ufeff", "\u2060", "\u00ad", "\u3164", "\u115f\u1160\uffa0", "\u2800", "\u3000", "\u034f", "\ufe0f", "\u{e0001}", "\u061c", "\u180e", "\0"])
    assert.ok(isBlank(nothing), JSON.stringify(nothing));
  for (const something of ["a", ".", "​x", "👍🏽", "ا", "।", "\u0301e", "0"]) assert.ok(!isBlank(something), JSON.stringify(something));
});

test("days are told as people say them, in their language", () => {
  const now = new Date(2026, 2, 18, 12).getTime(); // a Wednesday
  const told = (days: number, locale = "en-GB") => dayName(now - days * 86_400_000, now, locale);
  assert.deepEqual([0, 1, 2, 6].map((days) => told(days)), ["Today", "Yesterday", "Monday", "Thursday"]);
  assert.match(told(8), /^Tuesday,? 10 March$/);
  assert.match(told(400), /2025$/);
  assert.deepEqual([told(1, "de"), told(2, "fr")], ["Gestern", "lundi"]);
});

test("the little markup of an answer means the same here and at the desk", () => {
  const cases = JSON.parse(readFileSync(new URL("../../../tests/formatting.json", import.meta.url), "utf8")) as { text: string; plain: string; blocks: { first?: number }[] }[];
  assert.ok(cases.length > 10);
  for (const one of cases) {
    assert.equal(plain(one.text), one.plain);
    assert.deepEqual(blocks(one.text), one.blocks.map((block) => ({ first: 1, ...block })), one.text);
  }
  assert.deepEqual(["**a**", "- a", "1. a", "[a](https://a.example)", "a * b", "-a"].map(isFormatted), [true, true, true, true, false, false]);
});
