// A small library's front page: what a library's own page with the widget on it looks like.

import { wearAccent } from "../accent";
import { languageOf, tagsOf } from "../language";
import "../tokens.css";
import "./portal.css";

type Words = Record<string, string>;

const catalogues = import.meta.glob<Words>("../words/??.json", { import: "portal" });
let words: Words = {};

async function speak(): Promise<void> {
  const there = (code: string) => catalogues[`../words/${code}.json`];
  const language = tagsOf(navigator.languages).map(languageOf).find((code) => there(code)) ?? "en";
  words = (await there(language)?.()) ?? {};
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll<HTMLElement>("[data-w]")) {
    element.textContent = words[element.dataset["w"] ?? ""] ?? element.textContent;
  }
  for (const box of document.querySelectorAll<HTMLInputElement>("[data-w-placeholder]")) {
    box.placeholder = words[box.dataset["wPlaceholder"] ?? ""] ?? box.placeholder;
  }
}

/** The library's own name and colour, from the desk. */
async function introduce(): Promise<void> {
  const answer = await fetch("../status", { credentials: "omit" });
  if (!answer.ok) return;
  const { desk } = (await answer.json()) as { desk: { library?: string; accent?: string } };
  const name = document.getElementById("library");
  if (desk.library && name) document.title = name.textContent = desk.library;
  if (desk.accent) wearAccent(document.documentElement, desk.accent);
}

document.querySelector("form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const note = document.getElementById("note");
  if (note) note.textContent = words["searchNote"] ?? "";
});

await speak();
// A desk that cannot be asked leaves the page as it is.
await introduce().catch(() => undefined);
