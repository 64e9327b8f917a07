// Begins the chat: with the page around it when it is in a frame, else on its own.
//
// The rule: only an origin on the channel's list may hand us its port, and only once; after that everything goes through the
// port, and nothing is ever posted to a window (HTML, "Cross-document messaging").

import { createElement, render } from "preact";
import "../tokens.css";
import "./style.css";
import { App } from "./App";
import { Chat } from "./chat";
import { tongue } from "./keep";
import type { Settings } from "./types";
import { allWords, language, speak } from "./words";

interface FromPage {
  t: "open" | "shut" | "patron" | "page";
  page?: string;
  name?: string;
  contact?: string;
  focus?: boolean;
}

type Greeting = MessageEvent<{ deskbridge?: number; page?: string }>;

const framed = window.parent !== window;
const settings = JSON.parse(document.body.dataset["settings"] ?? "{}") as Settings;

// Heard from the first moment on: the page greets as soon as this document is loaded.
const greeted = new Promise<Greeting>((resolve) => {
  if (framed) addEventListener("message", (event: Greeting) => trusted(event) && resolve(event));
});

/** `https://*.host` means every host below that one. */
function listed(origin: string): boolean {
  return settings.origins.some((entry) => {
    const [scheme = "", host] = entry.split("*");
    return entry === "*" || entry === origin || (host && origin.startsWith(scheme) && origin.endsWith(host));
  });
}

function trusted(event: Greeting): boolean {
  const known = event.origin === location.origin || listed(event.origin);
  return known && event.source === window.parent && event.data?.deskbridge === 1 && !!event.ports[0];
}

const mine = tongue(settings);
await speak(mine || settings.words).catch(() => speak(settings.words));
const chat = new Chat(settings, location.href, language);
const focus: { current: () => void } = { current: () => undefined };
let port: MessagePort | undefined;
const close = () => port?.postMessage({ t: "close" });
render(createElement(App, { chat, settings, focus, close: framed ? close : undefined }), document.body);

if (chat.reading) void allWords();

// Answers from the FAQ are fetched with the first letter that is written: they begin once.
oninput = () => void Promise.all([import("./suggest"), allWords()]).then(([it]) => it.suggest(chat));

function hear(told: FromPage): void {
  if (told.t === "patron") {
    chat.setPatron(told.name || undefined, told.contact || undefined);
    return;
  }
  if (told.t === "page") {
    chat.setPage(told.page ?? "");
    return;
  }
  chat.shown = told.t === "open";
  if (!chat.shown) return;
  chat.start();
  chat.look();
  if (told.focus) focus.current();
}

if (framed) {
  chat.shown = false;
  const greeting = await greeted;
  port = greeting.ports[0];
  if (port) port.onmessage = (message: MessageEvent<FromPage>) => hear(message.data);
  if (greeting.data.page) chat.setPage(greeting.data.page);
  chat.news = (lines) => {
    if (!chat.shown || document.hidden) port?.postMessage({ t: "news", n: lines.length });
  };
  port?.postMessage({ t: "ready" });
} else {
  document.body.classList.add("page");
  chat.setPage(location.href);
  chat.start();
}
