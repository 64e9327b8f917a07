// What is needed late in a chat, or never: the menu, the question before the end, and what stands below a chat that ended.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "./chat";
import { Language } from "./Language";
import { Mail } from "./Mail";
import { Rating } from "./Rating";
import { ownData } from "./own-data";
import { chime } from "./sound";
import { copyOut, transcript } from "./transcript";
import type { Line, Settings } from "./types";
import { t } from "./words";

export { Mail };

/** What several of these need. */
export interface Shared {
  chat: Chat;
  say: (text: string) => void;
  focus: { current: () => void };
  mail: () => void; // ask where the transcript is to go
}

/** Copy, print, mail: the patron keeps what was said. */
function Keep({ chat, say, mail, before }: Shared & { before?: () => void }) {
  const then = (act: () => void) => () => (before?.(), act());
  const copy = () => void copyOut(transcript(chat.lines, chat.desk?.library ?? "")).then((done) => say(t(done ? "copied" : "uncopied")));
  return (
    <>
      <button type="button" onClick={then(copy)}>
        {t("copy")}
      </button>
      <button type="button" onClick={then(() => print())}>
        {t("print")}
      </button>
      {chat.mails && (
        <button type="button" onClick={then(mail)}>
          {t("mail")}
        </button>
      )}
    </>
  );
}

interface MenuGiven extends Shared {
  settings: Settings;
  shut: () => void;
  introduce: () => void; // show the patron's name and address
}

export function Menu({ settings, shut, introduce, ...shared }: MenuGiven) {
  const { chat, say, focus } = shared;
  const [sure, setSure] = useState(false);
  const [owning, setOwning] = useState(false);
  const [sound, setSound] = useState(chat.sounds);
  const forget = () => {
    if (!sure) return setSure(true);
    chat.forget();
    shut();
    say(t("forgotten"));
    focus.current();
  };
  const own = async () => {
    if (settings.publicComputers && !owning) return setOwning(true);
    shut();
    focus.current();
    say((await ownData(chat)) || t("unfetched"));
  };
  const ring = () => {
    chat.chime = () => chime(chat.sounds);
    setSound((chat.sounds = chime(!sound)));
  };
  return (
    <>
      {settings.form !== "none" && (
        <button type="button" onClick={() => (shut(), introduce())}>
          {t(chat.reach ? "who" : "whoName")}
        </button>
      )}
      {chat.lines.length > 0 && <Keep {...shared} before={shut} />}
      <Language chat={chat} settings={settings} say={say} />
      <button type="button" onClick={ring}>
        {t(sound ? "soundOff" : "soundOn")}
      </button>
      {chat.desk?.privacy && (
        <a href={chat.desk.privacy} target="_blank" rel="noopener noreferrer">
          {t("privacyNotice")}
        </a>
      )}
      {chat.begun && (
        <button type="button" onClick={() => void own()}>
          {t(owning ? "publicComputers" : "ownData")}
        </button>
      )}
      {chat.begun && (
        <button type="button" class="bad" onClick={forget}>
          {t(sure ? "forgetSure" : "forget")}
        </button>
      )}
    </>
  );
}

interface EndGiven {
  chat: Chat;
  settings: Settings;
  say: (text: string) => void;
  done: () => void;
}

/** Ask once more before the end. Where others use the computer too, the end leaves nothing here. */
export function End({ chat, settings, say, done }: EndGiven) {
  const box = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => box.current?.focus(), []);
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // it closes this, and not the chat
    done();
  };
  const forget = () => {
    chat.forget();
    say(t("forgotten"));
    done();
  };
  const end = () => {
    if (!chat.leave()) forget();
    else done();
  };
  return (
    <div class="rating mail" role="group" aria-labelledby="end-sure" onKeyDown={key}>
      <p id="end-sure">{t(settings.publicComputers ? "endSure" : "endAsk")}</p>
      <p class="again">
        {!settings.publicComputers && (
          <button type="button" class="main" ref={box} onClick={end}>
            {t("endHere")}
          </button>
        )}
        <button type="button" {...(settings.publicComputers && { ref: box, class: "main" })} onClick={forget}>
          {t("endForget")}
        </button>
        <button type="button" onClick={done}>
          {t("endNot")}
        </button>
      </p>
    </div>
  );
}

/** Below a chat that ended: what one can keep, how to begin again, and whether it helped. */
export function After({ end, ...shared }: Shared & { end: Line }) {
  const { chat, say, focus } = shared;
  const anew = () => {
    chat.forget();
    say(t("anewDone"));
    focus.current();
  };
  return (
    <>
      <div class="ended">
        <p>
          <strong>{t("ended")}</strong> {t("again")}
        </p>
        <p class="again">
          <Keep {...shared} />
          <button type="button" onClick={anew}>
            {t("anew")}
          </button>
        </p>
      </div>
      <Rating key={end.id} chat={chat} end={end} say={say} focus={focus} />
    </>
  );
}
