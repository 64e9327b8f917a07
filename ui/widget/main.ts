// Begins the chat: with the page around it when it stands in a frame, else on its own.
//
// The rule: only an origin on the channel's list may hand us its port, and only once; after that everything goes through the
// port, and nothing is ever posted to a window (HTML, "Cross-document messaging").

import { h, render } from "preact";
import "../tokens.css";
import "./style.css";
import { App } from "./App";
import { Chat } from "./chat";
import type { Settings } from "./types";
import { language, speak } from "./words";

interface FromPage {
  t: "open" | "shut" | "patron";
  name?: string;
  contact?: string;
  focus?: boolean;
}

const framed = window.parent !== window;
const settings = JSON.parse(document.body.dataset["settings"] ?? "{}") as Settings;
const asked = new URLSearchParams(location.search).get("language");

await speak([...(asked ? [asked] : []), ...navigator.languages]);
const chat = new Chat(settings, location.href, language);
let port: MessagePort | undefined;
const close = () => port?.postMessage({ t: "close" });
const focus: { current: () => void } = { current: () => undefined };
render(h(App, { chat, settings, focus, close: framed ? close : undefined }), document.body);

function hear(told: FromPage): void {
  if (told.t === "patron") {
    chat.setPatron(told.name, told.contact);
    return;
  }
  chat.shown = told.t === "open";
  if (!chat.shown) return;
  chat.start();
  chat.look();
  if (told.focus) focus.current();
}

function shake(event: MessageEvent<{ deskbridge?: number; page?: string }>): void {
  const known = event.origin === location.origin || settings.origins.includes(event.origin) || settings.origins.includes("*");
  if (port || event.source !== window.parent || !known || event.data?.deskbridge !== 1 || !event.ports[0]) return;
  port = event.ports[0];
  port.onmessage = (message: MessageEvent<FromPage>) => hear(message.data);
  if (event.data.page) chat.setPage(event.data.page);
  chat.news = (lines) => {
    if (!chat.shown || document.hidden) port?.postMessage({ t: "news", n: lines.length });
  };
  port.postMessage({ t: "ready" });
}

if (framed) {
  chat.shown = false;
  addEventListener("message", shake);
} else {
  document.body.classList.add("page");
  chat.setPage(location.href);
  chat.start();
}
