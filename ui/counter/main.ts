// The counter on a tablet at the desk: what is chosen stays chosen, one tap counts. A tap counts at once, with or without a connection;
// what the desk has not got yet is said, and handed in as soon as it answers.
import type { CounterLibrary, QuestionCounted } from "../inbox/src/schema";
import { el, say } from "../call/elements";
import { choices, type Choice } from "./choices";
import * as line from "./line";
import { Queue, type Entry } from "./queue";
import { speak, t, time } from "./words";

type Kind = QuestionCounted["kind"];
type Mode = QuestionCounted["mode"];
interface Known {
  id: string;
  name: string;
  staff: boolean; // they may open the inbox
  libraries: CounterLibrary[];
}

const KINDS: readonly Kind[] = ["reference", "directional", "technical", "other"];
const MODES: readonly Mode[] = ["walk_up", "phone", "roving", "consultation"];
const MINUTES = ["1", "5", "10", "15", "30", "60"];
const LEVELS = ["1", "2", "3", "4", "5", "6"];
const MOST_CODES = 4;
const KNOWN = "deskbridge.counter.known";
const LAST = "deskbridge.counter.last";
const AGAIN_MS = 15_000;
const SHOWN = 20;

const queue = new Queue(localStorage);
let known = read<Known | null>(KNOWN, null);
let signedIn = true; // as far as anybody knows
let last = ""; // the encounter of the last count
const chosen = { library: "", mode: "walk_up" as string, place: "", patron: "", minutes: "", read: "", codes: [] as string[], again: false };
Object.assign(chosen, read<Partial<typeof chosen>>(LAST, {}));

const main = el("main");
const status = el("p", { role: "status", class: "sent" });
const spoken = el("p", { role: "status", class: "unseen" });
const notice = el("div");
const form = el("div", { class: "form" });
const list = el("ul");
const undo = el("button", { type: "button", class: "undo", click: () => takeBack(undoable()) });

function read<T>(place: string, otherwise: T): T {
  try {
    return (JSON.parse(localStorage.getItem(place) ?? "null") as T | null) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function keep(place: string, value: unknown): void {
  try {
    localStorage.setItem(place, JSON.stringify(value));
  } catch {
    // The store is full: what is chosen is chosen again after a reload.
  }
}

const library = () => known?.libraries.find((one) => one.id === chosen.library) ?? known?.libraries[0];
const words = (one: Entry) => ({ mode: t(`mode.${one.question.mode as "phone"}`), kind: t(`kind.${one.question.kind}`) });
const today = (one: Entry) => new Date(one.question.at).toDateString() === new Date().toDateString();
const mine = () => queue.all().filter((one) => one.by === known?.id && today(one));
const undoable = () => mine().findLast((one) => !one.back && one.state !== "no");

// ---- counting ------------------------------------------------------------

function tap(kind: Kind): void {
  const here = library();
  if (!known || !here) return;
  const id = line.freshId();
  const question: QuestionCounted = {
    id, kind, library: here.id, at: Date.now(), mode: chosen.mode as Mode, place: chosen.place, patron_type: chosen.patron, codes: chosen.codes,
    interaction: chosen.again && last ? last : id, minutes: chosen.minutes ? Number(chosen.minutes) : null, read_level: chosen.read ? Number(chosen.read) : null,
  };
  try {
    queue.add(known.id, question);
  } catch {
    notice.replaceChildren(el("p", { role: "alert", class: "problem" }, t("full")));
    return;
  }
  navigator.vibrate?.(20);
  last = question.interaction ?? id;
  keep(LAST, { library: here.id, mode: chosen.mode, place: chosen.place });
  // What belongs to one question is not said of the next one by mistake; the same person stays the same.
  Object.assign(chosen, { minutes: "", read: "", codes: [], again: false }, chosen.again ? {} : { patron: "" });
  say(spoken, t("counted", words({ by: known.id, question, state: "new", back: false, why: "" })));
  drawForm();
  draw();
  void handIn();
}

function takeBack(one: Entry | undefined): void {
  if (!one) return;
  queue.takeBack(one.question.id);
  say(spoken, t("takenBack", words(one)));
  draw();
  void handIn();
}

// ---- the line ------------------------------------------------------------

let busy: Promise<void> | undefined;
let more = false;

/** One window hands in at a time, and none twice at once. */
function handIn(): Promise<void> {
  more = true;
  const locks = (navigator as Partial<Navigator>).locks; // none on a page without encryption
  busy ??= (locks ? locks.request("deskbridge.counter", untilDone) : untilDone()).catch(() => undefined).finally(() => {
    busy = undefined;
    draw();
  });
  return busy;
}

async function untilDone(): Promise<void> {
  while (more) {
    more = false;
    await once();
  }
}

async function once(): Promise<void> {
  const who = await line.me();
  if (who.is === "ok") await learn(who.told.id, who.told.name, who.told.role !== "counter");
  signedIn = who.is === "ok" || (who.is === "away" && signedIn);
  if (who.is !== "ok" || !known) return;
  if ((await queue.handIn(known.id, line)) === "signed-out") signedIn = false;
}

/** Who is here, with their lists: kept for the time without a connection. */
async function learn(id: string, name: string, staff: boolean): Promise<void> {
  const found = await line.lists();
  if (found.is !== "ok") return;
  const fresh: Known = { id, name, staff, libraries: found.told.libraries };
  if (JSON.stringify(fresh) === JSON.stringify(known)) return;
  known = fresh;
  keep(KNOWN, known);
  drawForm();
}

async function signOut(): Promise<void> {
  await handIn();
  await line.signOut();
  signedIn = false;
  draw();
}

// ---- the page ------------------------------------------------------------

function group(legend: string, name: keyof typeof chosen, offered: readonly Choice[], unsaid: boolean): HTMLElement | "" {
  if (!offered.length) return "";
  const all = unsaid ? [{ value: "", words: t("unsaid") }, ...offered] : offered;
  if (!all.some((one) => one.value === chosen[name])) Object.assign(chosen, { [name]: all[0]?.value ?? "" });
  return choices(legend, name, all, String(chosen[name]), (value) => Object.assign(chosen, { [name]: value }));
}

const plain = (values: readonly string[]): Choice[] => values.map((value) => ({ value, words: value }));

function codes(offered: readonly string[]): HTMLElement | "" {
  if (!offered.length) return "";
  const boxes = offered.map((code) => {
    const box = el("input", { type: "checkbox", checked: chosen.codes.includes(code) });
    box.addEventListener("change", () => {
      chosen.codes = box.checked ? [...chosen.codes, code] : chosen.codes.filter((one) => one !== code);
      for (const input of inputs) input.disabled = chosen.codes.length >= MOST_CODES && !input.checked;
      suggest();
    });
    return box;
  });
  const inputs: readonly HTMLInputElement[] = boxes;
  const shown = boxes.map((box, n) => el("label", { class: "choice" }, box, el("span", { dir: "auto" }, offered[n] ?? "")));
  return el("fieldset", {}, el("legend", {}, t("codes")), el("div", { class: "choices" }, ...shown));
}

const kinds = new Map<Kind, HTMLButtonElement>(KINDS.map((kind) => [kind, el("button", { type: "button", class: "kind", click: () => tap(kind) })]));

/** The kind that the chosen codes are for stands out; every other one can be tapped as well. */
function suggest(): void {
  const said = (library()?.codes ?? []).filter((one) => chosen.codes.includes(one.code)).map((one) => one.kind);
  const proposed = said.includes("reference") ? "reference" : said.find(Boolean);
  for (const [kind, button] of kinds) button.classList.toggle("proposed", kind === proposed);
}

function drawForm(): void {
  const here = library();
  if (!known) return form.replaceChildren(el("p", {}, t("first")));
  if (!here) return form.replaceChildren(el("p", {}, t("noLibrary")));
  const held = document.activeElement instanceof HTMLButtonElement ? document.activeElement : undefined;
  const again = el("label", { class: "choice" }, el("input", { type: "checkbox", checked: chosen.again, change: (event) => (chosen.again = (event.target as HTMLInputElement).checked) }), el("span", {}, t("again")));
  const libraries = known.libraries.length > 1 ? choices(t("library"), "library", known.libraries.map((one) => ({ value: one.id, words: one.name })), here.id, (value) => { chosen.library = value; drawForm(); }) : "";
  for (const [kind, button] of kinds) say(button, t(`kind.${kind}`));
  form.replaceChildren(
    libraries,
    group(t("mode"), "mode", MODES.map((mode) => ({ value: mode, words: t(`mode.${mode as "phone"}`) })), false),
    group(t("place"), "place", plain(here.places), true),
    group(t("patronType"), "patron", plain(here.patron_types), true),
    el("div", { class: "pair" }, group(t("minutes"), "minutes", plain(MINUTES), true), group(t("read"), "read", plain(LEVELS), true)),
    codes(here.codes.map((one) => one.code)),
    last ? el("div", { class: "choices" }, again) : "",
    el("section", { "aria-labelledby": "tap", class: "kinds" }, el("h2", { id: "tap" }, t("count")), ...kinds.values()),
  );
  suggest();
  if (held?.isConnected) held.focus();
}

function row(one: Entry): HTMLElement {
  const { mode, kind } = words(one);
  const at = time(one.question.at);
  const state = one.state === "no" ? t("refused", { why: one.why }) : one.back ? t("state.back") : one.state === "sent" ? "" : t("state.waiting");
  const does = one.back ? "" : el("button", { type: "button", "aria-label": one.state === "no" ? t("drop") : t("takeBackOf", { time: at, mode, kind }), click: () => takeBack(one) }, one.state === "no" ? t("drop") : t("takeBack"));
  return el("li", { class: one.state === "no" ? "problem" : "" }, el("span", {}, `${at} · ${mode} · ${kind}`), el("small", {}, state), does);
}

function draw(): void {
  const rows = mine();
  const waiting = known ? queue.waiting(known.id).length : 0;
  const others = queue.ofOthers(known?.id ?? "").length;
  say(status, waiting ? t("notSent", { n: waiting }) : known ? t("allSent") : "");
  status.classList.toggle("waits", waiting > 0);
  const signIn = el("a", { class: "button main", href: "/inbox/?to=counter" }, t("signIn"));
  notice.replaceChildren(
    ...(signedIn ? [] : [el("div", { class: "notice" }, el("p", {}, known ? t("signedOut") : t("first")), signIn)]),
    ...(others && known ? [el("p", { class: "notice" }, t("othersWait", { n: others }))] : []),
  );
  say(undo, t("undo"));
  undo.disabled = !undoable();
  list.replaceChildren(...(rows.length ? rows.slice(-SHOWN).reverse().map(row) : [el("li", { class: "soft" }, t("none"))]));
  head.replaceChildren(
    el("h1", {}, t("title")),
    status,
    el("p", { class: "who" }, ...(known ? [known.name] : [])),
    ...(known?.staff && signedIn ? [el("a", { href: "/inbox/" }, t("inbox"))] : []),
    ...(signedIn && known ? [el("button", { type: "button", click: () => void signOut() }, t("signOut"))] : []),
  );
}

const head = el("header");
await speak();
document.title = t("title");
const done = el("aside", { "aria-label": t("today") }, undo, el("h2", {}, t("today")), list);
main.append(head, notice, el("div", { class: "sides" }, form, done), spoken);
document.body.append(main);
drawForm();
draw();
void handIn();
addEventListener("online", () => void handIn());
addEventListener("storage", draw);
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") void handIn(); });
setInterval(() => { if (known && queue.waiting(known.id).length) void handIn(); }, AGAIN_MS);
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/counter/worker.js", { scope: "/counter/" }).catch(() => undefined);
