// A call's window: it asks whether to come in, shows who sees and hears what, and ends. The rule: nothing is taken of camera,
// microphone or screen without a click in this window, and what goes out is said on screen for as long as it goes out.
import { accentTokens } from "../accent";
import { el, say } from "./elements";
import type { Offered, Told } from "./frames";
import { Line } from "./line";
import { Room } from "./room";
import { speak, t } from "./words";

const main = el("main");
const status = el("p", { role: "status", class: "status" });
let room: Room | undefined;
let clock = 0;

function dress(accent: string): void {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const tokens: Partial<Record<string, string>> = accentTokens(accent, dark) ?? {};
  for (const [name, value] of Object.entries(tokens)) document.documentElement.style.setProperty(name, value ?? "");
}

function show(title: string, ...inside: (Node | string)[]): HTMLElement {
  document.title = title;
  const heading = el("h1", { tabindex: "-1" }, title);
  main.replaceChildren(heading, ...inside);
  heading.focus();
  return heading;
}

async function offered(told: Offered): Promise<void> {
  await speak([told.language, ...navigator.languages]);
  dress(told.accent);
  const [kind = "voice"] = told.kinds;
  const left = el("p", { class: "soft" });
  const ends = Date.now() + told.until - told.now;
  say(status, "");
  const tick = () => say(left, t("left", { n: Math.max(0, Math.ceil((ends - Date.now()) / 60_000)) }));
  tick();
  clock = window.setInterval(tick, 10_000);
  show(
    t(`offer.${kind}`, { name: told.librarian }),
    el("p", {}, t("offer.from", { library: told.library })),
    el("p", {}, t("offer.rules")),
    left,
    el(
      "p",
      { class: "buttons" },
      el("button", { class: "main", click: accept }, t("join")),
      el("button", { click: () => line.say({ t: "refuse" }) }, t("refuse")),
    ),
    status,
  );
}

function accept(): void {
  say(status, t("entering"));
  line.say({ t: "accept" });
}

function over(reason: string): void {
  clearInterval(clock);
  room?.close();
  const was = room !== undefined;
  room = undefined;
  const key = reason === "over" && was ? "ended" : reason;
  show(t(`over.${key}`), el("p", {}, t("over.close")));
}

async function hear(told: Told): Promise<void> {
  if (told.t === "offered") return offered(told);
  if (told.t === "over") return told.reason === "busy" ? say(status, t("busy")) : over(told.reason);
  if (told.t === "inside") {
    clearInterval(clock);
    line.keep(told.token);
    if (room) return room.back();
    await speak([told.language, ...navigator.languages]);
    dress(told.accent);
    room = new Room(told, line);
    show(room.title, room.view);
    return;
  }
  await room?.hear(told);
}

const line = new Line(
  (told) => void (hearing = hearing.then(() => hear(told))),
  (forGood) => {
    if (forGood) over("lost");
    else if (room) room.away();
    else say(status, t("away"));
  },
);
let hearing: Promise<void> = Promise.resolve();

await speak(navigator.languages);
document.body.append(main);
show(t("title"), status);
if (line.pass) {
  say(status, t("entering"));
  line.open();
} else over("over");

// How the media goes, for who looks after the desk: WebRTC's own figures.
Object.assign(window, { callStats: async () => room?.stats() });
