// The chat: in a frame on a library's page, or on a page of its own.

import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { isComposing } from "../composing";
import { isEnd, isLost, type Chat } from "./chat";
import { Composer } from "./Composer";
import { Close, More } from "./icons";
import { Log } from "./Log";
import { Mail } from "./Mail";
import { Rating } from "./Rating";
import { chime } from "./sound";
import { copyOut, transcript } from "./transcript";
import type { Desk, Settings } from "./types";
import { day, t } from "./words";

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
  if (!chat.on && chat.lost) return t("offline");
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
  const up = useRef(false);
  const before = useRef<HTMLElement | null>(null);
  const [ending, setEnding] = useState(false);
  chat.changed = useState(() => bundled(() => render(undefined)))[0];

  const { desk } = chat;
  const off = !chat.on && chat.lost;
  const light = off ? "connecting" : lightOf(desk);
  const last = chat.lines.at(-1);
  const said = chat.lines.findLast((line) => !isLost(line));
  const over = !chat.unsent.length && isEnd(said) ? said : undefined;
  const ended = !!over;
  const opens = desk && !desk.open && desk.next_opening ? t("opens", { when: desk.opening ?? day(desk.next_opening) }) : "";

  useEffect(() => {
    if (!desk?.accent) return;
    const { accent } = desk;
    const worn = import("../accent").then(({ wearAccent }) => wearAccent(document.documentElement, accent), () => undefined);
    return () => void worn.then((undress) => undress?.());
  }, [desk?.accent]);
  // Stay at the newest line, unless the reader went up; also when something below takes room from the lines.
  const stay = () => {
    if (log.current && !up.current) log.current.scrollTop = log.current.scrollHeight;
  };
  up.current = below;
  useLayoutEffect(stay, [chat.lines, chat.unsent]);
  useEffect(() => {
    const room = new ResizeObserver(stay);
    if (log.current) room.observe(log.current);
    return () => room.disconnect();
  }, []);
  useEffect(() => {
    if (!chat.on || !chat.lost) return;
    chat.lost = false;
    setTold(t("back"));
  }, [chat.on, chat.lost]);
  useEffect(() => {
    const timer = setTimeout(() => setTold(""), PASSING_MS);
    return () => clearTimeout(timer);
  }, [told]);

  const scrolled = () => {
    const at = log.current;
    if (at) setBelow(at.scrollHeight - at.scrollTop - at.clientHeight > AWAY_PX);
  };
  const down = () => {
    if (log.current) log.current.scrollTop = log.current.scrollHeight;
    focus.current();
  };
  const copy = () => void copyOut(transcript(chat.lines, desk?.library ?? "")).then((done) => setTold(t(done ? "copied" : "uncopied")));
  const put = (mailing: boolean) => {
    chat.mailing = mailing;
    render(undefined); // at once: the focus goes with it
  };
  const mail = () => {
    before.current = document.activeElement as HTMLElement | null;
    chat.mailed = chat.unmailed = "";
    put(true);
  };
  const end = (sure: boolean) => {
    setEnding(false);
    if (sure) {
      chat.forget();
      setTold(t("forgotten"));
    }
    focus.current();
  };
  const unmail = () => {
    put(false);
    if (before.current?.isConnected) before.current.focus();
    else focus.current();
  };

  return (
    <>
      <header>
        <div class="title">
          <h1>{desk?.library || t("title")}</h1>
          <p class={`light ${light}`}>{t(light === "busy" ? "allBusy" : light)}</p>
          {last && <p class="printed">{day(last.at)}</p>}
        </div>
        {chat.begun && (
          <button type="button" class="end" aria-expanded={ending} onClick={() => setEnding(true)}>
            {t("end")}
          </button>
        )}
        <Menu chat={chat} copy={copy} mail={mail} say={setTold} close={close} focus={focus} />
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
            </div>
          )}
          <Log chat={chat} maxText={settings.maxText} />
          {over && (
            <div class="ended">
              <p>
                <strong>{t("ended")}</strong> {t("again")}
              </p>
              <p class="again">
                <button type="button" onClick={copy}>
                  {t("copy")}
                </button>
                <button type="button" onClick={() => print()}>
                  {t("print")}
                </button>
                {chat.mails && (
                  <button type="button" onClick={mail}>
                    {t("mail")}
                  </button>
                )}
              </p>
            </div>
          )}
          {over && <Rating key={over.id} chat={chat} end={over} say={setTold} focus={focus} />}
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
        {ending && chat.begun && <End done={end} />}
        {chat.mailing && chat.begun && <Mail chat={chat} done={unmail} />}
        <Composer chat={chat} settings={settings} say={setTold} focus={focus} />
      </main>
    </>
  );
}

/** Ask once more: nobody can open it here again. */
function End({ done }: { done: (sure: boolean) => void }) {
  const box = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => box.current?.focus(), []);
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // it closes this, and not the chat
    done(false);
  };
  return (
    <div class="rating mail" role="group" aria-labelledby="end-sure" onKeyDown={key}>
      <p id="end-sure">{t("endSure")}</p>
      <p class="again">
        <button type="button" class="main" ref={box} onClick={() => done(true)}>
          {t("endHere")}
        </button>
        <button type="button" onClick={() => done(false)}>
          {t("endNot")}
        </button>
      </p>
    </div>
  );
}

interface MenuGiven {
  chat: Chat;
  copy: () => void;
  mail: () => void;
  say: (text: string) => void;
  close: (() => void) | undefined;
  focus: { current: () => void };
}

function Menu({ chat, copy, mail, say, close, focus }: MenuGiven) {
  const [open, setOpen] = useState(false);
  const [sure, setSure] = useState(false);
  const [sound, setSound] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  chat.chime = () => sound && chime();

  const shut = () => {
    setOpen(false);
    setSure(false);
    button.current?.focus();
  };
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || isComposing(event)) return;
      if (open) shut();
      else close?.();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  });
  const forget = () => {
    if (!sure) return setSure(true);
    chat.forget();
    shut();
    say(t("forgotten"));
    focus.current();
  };

  return (
    <>
      <button
        type="button"
        class="icon"
        ref={button}
        aria-label={t("menu")}
        title={t("menu")}
        aria-expanded={open}
        aria-controls="menu"
        onClick={() => setOpen(!open)}
      >
        <More />
      </button>
      {close && (
        <button type="button" class="icon" aria-label={t("close")} title={t("close")} onClick={close}>
          <Close />
        </button>
      )}
      <div id="menu" class="menu" hidden={!open}>
        {chat.lines.length > 0 && (
          <>
            <button type="button" onClick={() => (shut(), copy())}>
              {t("copy")}
            </button>
            <button type="button" onClick={() => (shut(), print())}>
              {t("print")}
            </button>
            {chat.mails && (
              <button type="button" onClick={() => (shut(), mail())}>
                {t("mail")}
              </button>
            )}
          </>
        )}
        <button type="button" onClick={() => setSound(chime(!sound))}>
          {t(sound ? "soundOff" : "soundOn")}
        </button>
        {chat.begun && (
          <button type="button" class="bad" onClick={forget}>
            {t(sure ? "forgetSure" : "forget")}
          </button>
        )}
      </div>
    </>
  );
}
