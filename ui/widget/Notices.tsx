// Whether this device tells the patron of an answer while the page is closed.
//
// The rule: the browser is asked only after the patron has asked for it here. What the device shows goes once the page is looked at.
// The subscription goes with the chat: when that ends, is forgotten, or when the patron says so.

import { useEffect, useState } from "preact/hooks";
import { canPush, keepWords, subscribe, unsubscribe } from "../subscribing";
import type { Chat } from "./chat";
import { language, t } from "./words";

const SCOPE = new URL(".", location.href).pathname;
const WORDS_AT = `${SCOPE}notices-words`;
const APPLE = /iP(hone|ad|od)/;

type State = "" | "on" | "asking";

interface Given {
  chat: Chat;
  say: (text: string) => void;
  ended: boolean;
}

async function ask<T>(chat: Chat, path: string, body?: object): Promise<T | null> {
  try {
    const init = body && { method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(chat.at(path), { ...init, credentials: "omit", headers: chat.headers });
    return answer.ok ? ((await answer.json()) as T) : null;
  } catch {
    return null;
  }
}

/** Subscribe at the browser and at the desk; says whether both did. */
async function begin(chat: Chat): Promise<boolean> {
  const told = await ask<{ key: string }>(chat, "notices");
  if (!told) return false;
  const found = await subscribe("notices-worker.js", SCOPE, told.key, { answer: t("notice:answer") }, WORDS_AT).catch(() => null);
  return !!found && !!(await ask(chat, "notices", found));
}

/** Why this browser can't tell anybody, as a key of the words; "" where it can. */
function hindrance(): string {
  if (canPush()) return Notification.permission === "denied" ? "notifyDenied" : "";
  return APPLE.test(navigator.userAgent) || (navigator.maxTouchPoints > 1 && /Mac/.test(navigator.userAgent)) ? "notifyApple" : "notifyCannot";
}

async function subscribed(): Promise<boolean> {
  if (!canPush() || Notification.permission !== "granted") return false;
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  return !!(await registration?.pushManager.getSubscription());
}

/** Take back what the device shows: it's being read. */
async function withdraw(): Promise<void> {
  if (document.hidden || !canPush()) return;
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  for (const one of (await registration?.getNotifications()) ?? []) one.close();
}

export function Notices({ chat, say, ended }: Given) {
  const [state, setState] = useState<State>("");
  const [why, setWhy] = useState("");
  useEffect(() => {
    // A page that is loaded again renews what it subscribed to; one whose chat ended gives it back.
    void subscribed().then(async (on) => {
      if (!on) return;
      if (ended) await unsubscribe(SCOPE);
      else if (await begin(chat)) setState("on");
    });
    const look = () => void withdraw();
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [ended]);
  useEffect(() => {
    if (state === "on") void keepWords({ answer: t("notice:answer") }, WORDS_AT);
  }, [state, language]);
  // Nothing is drawn any more once the chat is forgotten.
  useEffect(() => () => void (canPush() && unsubscribe(SCOPE)), []);

  const turnOn = async () => {
    setWhy("");
    const before = hindrance();
    if (before) return setWhy(before);
    setState("asking");
    const granted = (await Notification.requestPermission()) === "granted";
    const on = granted && (await begin(chat));
    setState(on ? "on" : "");
    if (!on) setWhy(hindrance() || (granted ? "notifyFailed" : "notifyDenied"));
  };
  const turnOff = async () => {
    setState("");
    say(t("notifyEnded"));
    await unsubscribe(SCOPE);
    await ask(chat, "notices/end", {});
  };

  if (ended) return null;
  const { contact } = chat.patron;
  if (state === "on") {
    return (
      <div class="ended">
        <p>{contact ? t("notifyOnAddress", { contact }) : t("notifyOn")}</p>
        <p class="again">
          <button type="button" onClick={() => void turnOff()}>
            {t("notifyOff")}
          </button>
        </p>
      </div>
    );
  }
  // Offered to those who wait: what they wrote is the last that was said.
  if (!why && chat.lines.findLast((line) => line.who !== "desk")?.who !== "patron") return null;
  return (
    <div class="ended">
      <p class="again">
        <button type="button" disabled={state === "asking"} onClick={() => void turnOn()}>
          {t("notify")}
        </button>
      </p>
      {why && (
        <p role="status">
          {t(why)} {chat.reach && !contact && t("notifyAddress")}
        </p>
      )}
    </div>
  );
}
