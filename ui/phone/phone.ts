// A telephone on the local server that answers like Twilio: texts the desk, and shows what it texts back.

import { isBlank } from "../blank";
import { isComposing } from "../composing";
import { cut } from "../inbox/src/segments";
import { isTouch } from "../touch";
import "../tokens.css";
import "./phone.css";

interface Line {
  id: string;
  mine: boolean;
  text: string;
  at: string;
  files: { url: string; name: string }[];
}

const get = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const log = get("log");
const box = get<HTMLTextAreaElement>("text");
const chosen = get<HTMLInputElement>("file");
const hint = get("hint");

/** This browser's number, or the one that `?number=` names; each tab can be another person. */
function number(): string {
  const named = new URLSearchParams(location.search).get("number");
  if (named) return `+${named.replace(/\D/g, "")}`;
  const kept = sessionStorage.getItem("number") ?? `+1415555${String(Math.floor(Math.random() * 9000) + 1000)}`;
  sessionStorage.setItem("number", kept);
  return kept;
}

const me = number();
get("number").textContent = me;

function show(line: Line): void {
  const bubble = document.createElement("div");
  bubble.className = line.mine ? "line mine" : "line";
  for (const file of line.files) {
    const picture = document.createElement("img");
    picture.src = file.url;
    picture.alt = file.name;
    bubble.append(picture);
  }
  const who = document.createElement("span");
  who.className = "hidden";
  who.textContent = line.mine ? "You: " : "Library: ";
  const words = document.createElement("span");
  words.textContent = line.text;
  words.dir = "auto";
  bubble.append(who, words);
  log.append(bubble);
  log.scrollTop = log.scrollHeight;
}

async function follow(): Promise<never> {
  let after = 0;
  for (;;) {
    try {
      const answer = await fetch(`lines?number=${encodeURIComponent(me)}&after=${after}`);
      if (!answer.ok) throw new Error(String(answer.status));
      const told = (await answer.json()) as { after: number; lines: Line[] };
      told.lines.forEach(show);
      after = told.after;
    } catch {
      hint.textContent = "No signal.";
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

async function inBase64(file: File): Promise<string> {
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error("unreadable"));
    reader.readAsDataURL(file);
  });
  return url.slice(url.indexOf(",") + 1);
}

async function send(): Promise<void> {
  const file = chosen.files?.[0];
  if (isBlank(box.value) && !file) return;
  const files = file ? [{ name: file.name, data: await inBase64(file) }] : [];
  const answer = await fetch("texts", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ number: me, text: box.value, files }),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  box.value = chosen.value = "";
  look();
}

/** Say how many messages the text will be, and which picture goes with it. */
function look(): void {
  const { segments, unicode } = cut(box.value);
  hint.textContent = segments > 1 ? `${segments} messages${unicode ? ", special characters" : ""}` : "";
  const file = chosen.files?.[0];
  const picture = get("picture");
  picture.hidden = !file;
  picture.textContent = file ? `With ${file.name}` : "";
}

get<HTMLFormElement>("form").addEventListener("submit", (event) => {
  event.preventDefault();
  send().catch(() => (hint.textContent = "Not sent. Try again."));
});
box.addEventListener("input", look);
chosen.addEventListener("change", look);
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || isTouch() || isComposing(event)) return;
  event.preventDefault();
  get<HTMLFormElement>("form").requestSubmit();
});

void follow();
