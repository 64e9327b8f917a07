// Answers from the FAQ while a patron writes their first message.
//
// The rule: no keystroke is sent. The public titles and phrasings are fetched once, as everybody gets them, and searched here. An entry
// opens in another window; "this answered it" counts that and nothing else. Nothing is offered once a talk has begun.

import type { Chat } from "./chat";
import { nearest, type Entry } from "./nearest";
import { t as say } from "./words";

const WAIT_MS = 350;
const MOST = 3;

let entries: Entry[] = [];
let box: HTMLElement | undefined;
let given = "";
let hidden = false;
let asked = false;

const t = (key: string) => say(`faq.${key}`);

function element<K extends keyof HTMLElementTagNameMap>(tag: K, text: string, put: Partial<HTMLElementTagNameMap[K]> = {}): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  return Object.assign(made, put);
}

function clear(): void {
  box?.remove();
  box = undefined;
  given = "";
}

async function solved(chat: Chat, entry: Entry): Promise<void> {
  const thanks = element("p", t("thanks"));
  thanks.setAttribute("role", "status");
  box?.replaceChildren(thanks);
  hidden = true; // it ends here
  chat.emptied();
  const body = new URLSearchParams({ helpful: "solved" });
  await fetch(entry.u, { method: "POST", body, redirect: "manual" }).catch(() => undefined);
}

function row(chat: Chat, entry: Entry): HTMLElement {
  const line = element("li", "");
  const link = element("a", entry.t, { href: entry.u, target: "_blank", rel: "noopener", lang: entry.l, dir: "auto" });
  link.style.color = "inherit";
  const button = element("button", t("solved"), { type: "button", onclick: () => void solved(chat, entry) });
  button.setAttribute("aria-label", `${t("solved")}: ${entry.t}`);
  line.append(link, " ", button);
  return line;
}

function show(chat: Chat, form: Element, found: Entry[]): void {
  const same = found.map((entry) => entry.id).join();
  if (same === given) return;
  clear();
  if (!found.length) return;
  given = same;
  box = element("div", "", { className: "rating mail" });
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", t("label"));
  const lead = element("p", t("lead"));
  lead.setAttribute("role", "status");
  const list = element("ul", "");
  list.style.listStyle = "none";
  list.style.padding = list.style.margin = "0";
  list.append(...found.map((entry) => row(chat, entry)));
  const hide = element("button", t("hide"), { type: "button", onclick: () => ((hidden = true), clear(), form.querySelector("textarea")?.focus()) });
  const foot = element("p", "", { className: "again" });
  foot.append(hide);
  box.append(lead, list, foot);
  form.before(box);
}

function look(chat: Chat, field: HTMLTextAreaElement): void {
  const form = field.closest("form");
  if (!form || hidden || chat.begun) return clear();
  show(chat, form, nearest(entries, field.value, document.documentElement.lang, MOST));
}

/** Begin to offer answers beside what is written in the chat; once, however often it is asked for. */
export async function suggest(chat: Chat): Promise<void> {
  if (chat.begun || asked) return;
  asked = true;
  const [, channel = ""] = /\/channels\/([^/]+)\//.exec(location.pathname) ?? [];
  const base = location.pathname.split("/channels/")[0] ?? "";
  const answer = await fetch(`${base}/faq/channels/${channel}/titles.json`).catch(() => undefined);
  if (!answer?.ok) return;
  ({ entries } = (await answer.json()) as { entries: Entry[] });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const typed = (field: EventTarget | null) => {
    clearTimeout(timer);
    if (field instanceof HTMLTextAreaElement) timer = setTimeout(() => look(chat, field), WAIT_MS);
  };
  addEventListener("input", (event) => typed(event.target));
  addEventListener("submit", clear, true);
  typed(document.activeElement);
}
