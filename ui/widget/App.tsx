// The chat: in a frame on a library's page, or on a page of its own.

import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { isComposing } from "../composing";
import { isEnd, isLost, type Chat } from "./chat";
import { Composer } from "./Composer";
import { Close, More } from "./icons";
import { fetched } from "./fetched";
import { late } from "./late";
import { Log } from "./Log";
import type { Desk, Settings } from "./types";
import { day, drawn, t } from "./words";

const Menu = late(() => import("./Later"), (it) => it.Menu);
const Mail = late(() => import("./Later"), (it) => it.Mail);
const End = late(() => import("./Later"), (it) => it.End);
const After = late(() => import("./Later"), (it) => it.After);
const Notices = late(() => import("./Notices"), (it) => it.Notices);
const PASSING_MS = 6_000;
const AWAY_PX = 80; // from the end before new lines no longer pull the reader down

interface Given {
  chat: Chat;
  settings: Settings;
  focus: { current: () => void };
  close?: (() => void) | undefined;
}

function waitWords(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return t("waitUnknown");
  return seconds < 60 ? t("waitShort") : t("wait", { n: Math.round(seconds / 60) });
}

function lightOf(desk: Desk | null): string {
  return !desk || desk.down ? "connecting" : desk.state;
}

const HINTS: Record<string, string> = { "slow-down": "slow", late: "late" };

/** The one line that says how things stand, the most urgent first. */
function statusWords(chat: Chat, told: string, ended: boolean): string {
  const { desk, hint } = chat;
  if (!chat.on && chat.lost) return chat.unsent.length ? t("offlineHeld", { n: chat.unsent.length }) : t("offline");
  if (desk?.down) return t("down");
  if (desk?.behind) return t("behind");
  if (hint?.seconds) return t(HINTS[hint.code] ?? "busy", { n: hint.seconds });
  if (told) return told;
  if (chat.typist) return t("typing", { name: chat.typist.trim() || t("someone") });
  if (!desk?.open || !desk.online) return ""; // nobody is asked, and nobody is next, where nobody serves
  if (desk.place) return `${desk.place === 1 ? t("next") : t("place", { n: desk.place })} ${waitWords(desk.wait_s)}`;
  return chat.lines.length && !chat.reached(chat.lines.length) && !ended ? t("queued") : "";
}

const QUIET_MS = 300;
const BUNDLE_MS = 100;

/** What comes after a quiet moment is drawn at once, what comes in a burst together: drawing costs as much as all lines there are. */
function bundled(draw: () => void): () => void {
  let drawn = -QUIET_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const now = () => {
    timer = undefined;
    drawn = performance.now();
    draw();
  };
  return () => {
    if (timer !== undefined) return;
    if (performance.now() - drawn > QUIET_MS) now();
    else timer = setTimeout(now, BUNDLE_MS);
  };
}

export function App({ chat, settings, focus, close }: Given) {
  const [, render] = useReducer((n: number) => n + 1, 0);
  const [told, setTold] = useState("");
  const [below, setBelow] = useState(false);
  const log = useRef<HTMLDivElement>(null);
  const grown = useRef<HTMLDivElement>(null);
  const up = useRef(false);
  const room = useRef(0); // how far the lines could be scrolled when last seen
  const before = useRef<HTMLElement | null>(null);
  const [ending, setEnding] = useState(false);
  const [menu, setMenu] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const introduce = useRef<() => void>(() => undefined);
  chat.changed = drawn.again = useState(() => bundled(() => render(undefined)))[0];

  const { desk } = chat;
  const off = !chat.on && chat.lost;
  const light = off ? "connecting" : lightOf(desk);
  const last = chat.lines.at(-1);
  const said = chat.lines.findLast((line) => !isLost(line));
  const over = !chat.unsent.length && isEnd(said) ? said : undefined;
  const ended = !!over;
  const helper = off || ended ? "" : chat.helper;
  const person = [...helper.trim()][0];
  const opens = desk && !desk.open && desk.next_opening ? t("opens", { when: desk.opening ?? day(desk.next_opening) }) : "";

  useEffect(() => {
    if (!desk?.accent) return;
    const { accent } = desk;
    const worn = import("../accent").then(({ wearAccent }) => wearAccent(document.documentElement, accent), () => undefined);
    return () => void worn.then((undress) => undress?.());
  }, [desk?.accent]);
  // Stay at the newest line, unless the reader went up; also when something below takes room from the lines.
  const stay = () => {
    const at = log.current;
    if (!at) return;
    room.current = at.scrollHeight - at.clientHeight;
    if (!up.current) at.scrollTop = at.scrollHeight;
  };
  up.current = below;
  useLayoutEffect(stay, [chat.lines, chat.unsent]);
  useEffect(() => {
    const sizes = new ResizeObserver(stay);
    for (const one of [log.current, grown.current]) if (one) sizes.observe(one); // lines grow, too: parts and pictures come later
    return () => sizes.disconnect();
  }, []);
  useEffect(() => {
    if (!chat.on || !chat.lost) return;
    chat.lost = false;
    setTold(t("back"));
  }, [chat.on, chat.lost]);
  // Fetched with the first message: the end of a chat must not wait for a connection.
  useEffect(() => void (chat.begun && fetched(() => import("./Later"))), [chat.begun]);
  useEffect(() => {
    const timer = setTimeout(() => setTold(""), PASSING_MS);
    return () => clearTimeout(timer);
  }, [told]);

  const scrolled = () => {
    const at = log.current;
    if (at && room.current !== at.scrollHeight - at.clientHeight) stay(); // moved by what changed its size, not by the reader
    if (at) setBelow(at.scrollHeight - at.scrollTop - at.clientHeight > AWAY_PX);
  };
  const down = () => {
    if (log.current) log.current.scrollTop = log.current.scrollHeight;
    focus.current();
  };
  const put = (mailing: boolean) => {
    chat.mailing = mailing;
    render(undefined); // at once: the focus goes with it
  };
  const mail = () => {
    before.current = document.activeElement as HTMLElement | null;
    chat.mailed = chat.unmailed = "";
    put(true);
  };
  const unend = () => {
    setEnding(false);
    setBelow(false); // what comes now is what was asked for
    focus.current();
  };
  const shared = { chat, say: setTold, focus, mail };
  const shut = () => {
    setMenu(false);
    more.current?.focus();
  };
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || isComposing(event)) return;
      if (menu) shut();
      else close?.();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  });
  const unmail = () => {
    put(false);
    if (before.current?.isConnected) before.current.focus();
    else focus.current();
  };

  return (
    <>
      <header>
        {(person || desk?.emblem) && (
          <span class={person ? "face" : "face own"} aria-hidden="true">
            {person || desk?.emblem}
          </span>
        )}
        <div class="title">
          <h1>{desk?.library || t("title")}</h1>
          <p class={`light ${helper ? "here" : light}`} aria-live="polite">
            {helper ? t("with", { name: helper.trim() || t("someone") }) : t(light === "busy" ? "allBusy" : light)}
          </p>
          {last && <p class="printed">{day(last.at)}</p>}
        </div>
        {chat.begun && !ended && (
          <button type="button" class="end" aria-expanded={ending} onClick={() => setEnding(true)}>
            {t("end")}
          </button>
        )}
        <button
          type="button"
          class="icon"
          ref={more}
          aria-label={t("menu")}
          title={t("menu")}
          aria-expanded={menu}
          aria-controls="menu"
          onClick={() => setMenu(!menu)}
        >
          <More />
        </button>
        {close && (
          <button type="button" class="icon" aria-label={t("close")} title={t("close")} onClick={close}>
            <Close />
          </button>
        )}
        <div id="menu" class="menu" hidden={!menu}>
          {menu && <Menu {...shared} settings={settings} shut={shut} introduce={() => introduce.current()} />}
        </div>
      </header>
      <main>
        {/* A scrolling region is reached by keyboard (WCAG 2.1.1). */}
        <div class="log" role="log" aria-live={chat.reading ? "off" : "polite"} aria-label={t("log")} tabIndex={0} ref={log} onScroll={scrolled}>
          {!chat.begun && (
            <div class="intro">
              <p>{t(light === "closed" ? "introClosed" : light === "away" ? "introAway" : "intro")}</p>
              {opens && <p>{opens}</p>}
              {desk?.notice && <p>{desk.notice}</p>}
              {settings.publicComputers && <p class="small">{t("publicComputers")}</p>}
              {settings.form !== "required" && <p class="small">{t(light === "closed" && chat.reach ? "privacyClosed" : "privacy")}</p>}
              {desk?.privacy && (
                <p class="small">
                  <a href={desk.privacy} target="_blank" rel="noopener noreferrer">
                    {t("privacyNotice")}
                  </a>
                </p>
              )}
            </div>
          )}
          <div ref={grown}>
            <Log chat={chat} maxText={settings.maxText} />
            {over && <After {...shared} end={over} />}
            {settings.notices && !close && chat.begun && <Notices chat={chat} say={setTold} ended={ended} />}
          </div>
        </div>
        {below && (
          <button type="button" class="newer" onClick={down}>
            {t("newer")} ↓
          </button>
        )}
        <p class={`status ${off || desk?.down || desk?.behind ? "off" : ""}`} role="status">
          {statusWords(chat, told, ended)}
        </p>
        {chat.begun && desk?.notice && <p class="status">{desk.notice}</p>}
        {chat.begun && opens && <p class="status">{`${t("closed")}. ${opens}`}</p>}
        {ending && chat.begun && !ended && <End chat={chat} settings={settings} say={setTold} done={unend} />}
        {chat.mailing && chat.begun && <Mail chat={chat} done={unmail} />}
        <Composer chat={chat} settings={settings} say={setTold} focus={focus} introduce={introduce} />
      </main>
    </>
  );
}
