// Where the patron writes: a line that grows, files, and before the first message perhaps a name and an address.

import type { TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isBlank } from "../blank";
import { isAddress } from "../address";
import { isComposing } from "../composing";
import { isTouch } from "../touch";
import type { Chat } from "./chat";
import { Attach, Send } from "./icons";
import { draft } from "./keep";
import type { FileRef } from "./frames";
import type { Settings } from "./types";
import { refusal, t } from "./words";

const TYPES = "image/png,image/jpeg,image/gif,image/webp,application/pdf";
const TALLEST = 160;
const MOST_FILES = 5; // of one message; the desk takes no more

interface Given {
  chat: Chat;
  settings: Settings;
  say: (text: string) => void;
  focus: { current: () => void };
}

export function Composer({ chat, settings, say, focus }: Given) {
  const [text, setText] = useState(draft);
  const [patron, setPatron] = useState(chat.patron);
  const [files, setFiles] = useState<FileRef[]>([]);
  const [problem, setProblem] = useState("");
  const [doubted, setDoubted] = useState(""); // the address that the patron is asked about
  const box = useRef<HTMLTextAreaElement>(null);
  const nameBox = useRef<HTMLInputElement>(null);
  const contactBox = useRef<HTMLInputElement>(null);
  const picker = useRef<HTMLInputElement>(null);

  const given = patron.contact.trim();
  const { desk, begun } = chat;
  const { reach } = chat; // an address is asked for only where an answer can be sent to one
  // Who waits where nobody serves just now may leave an address instead of waiting.
  const leaves = begun && !!desk?.place && !(desk.open && desk.online) && !!reach && !chat.patron.contact;
  const later = begun ? leaves && !!given : !!desk && !desk.open;
  const required = settings.form === "required";
  const asks = begun ? leaves : later || settings.form !== "none";
  const needsContact = !!reach && (later || required);
  focus.current = () => box.current?.focus();
  const put = (value: string) => setText(draft(value));
  chat.taken = (held) => held.later && held.contact && say(t("left", { contact: held.contact }));
  chat.emptied = () => {
    put("");
    setPatron({ name: "", contact: "" });
    setFiles([]);
    setProblem("");
  };

  const { name, contact } = chat.patron;
  useEffect(() => setPatron((now) => ({ name: now.name || name, contact: now.contact || contact })), [name, contact]);
  useLayoutEffect(() => {
    if (!box.current) return;
    box.current.style.height = "auto";
    box.current.style.height = `${Math.min(box.current.scrollHeight + 2, TALLEST)}px`;
  }, [text]);

  const missing = (): string => {
    if (asks && reach && (given ? !isAddress(given, reach, desk?.national) : needsContact)) {
      contactBox.current?.focus();
      return t("contactMissing");
    }
    if (asks && required && !patron.name.trim()) {
      nameBox.current?.focus();
      return t("nameMissing");
    }
    return text.length > settings.maxText ? t("e:too-long", { n: settings.maxText }) : "";
  };

  const send = (event: Event) => {
    event.preventDefault();
    const words = text.trim() || (leaves ? given : ""); // an address alone is left with itself as the words
    if (isBlank(words) && !files.length) return;
    const wrong = missing();
    setProblem(wrong);
    if (wrong) return;
    // An address is confirmed once, before anything goes out: a mistyped one would lose the answer.
    if (asks && given && reach && given !== chat.patron.contact && given !== doubted) return setDoubted(given);
    setDoubted("");
    if (asks) chat.setPatron(patron.name.trim(), reach && given);
    const extra = later ? { later: true } : {};
    chat.send(words, files.slice(0, MOST_FILES), extra);
    for (let n = MOST_FILES; n < files.length; n += MOST_FILES) chat.send("", files.slice(n, n + MOST_FILES), extra);
    put("");
    setFiles([]);
    box.current?.focus();
  };

  const key = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Enter" && !event.shiftKey && !isTouch() && !isComposing(event) && !later) send(event);
  };

  const attach = async () => {
    const file = picker.current?.files?.[0];
    if (!file || !picker.current) return;
    setProblem("");
    say(t("uploading", { name: file.name }));
    const told = await chat.upload(file);
    picker.current.value = "";
    say("");
    if (typeof told !== "string") setFiles((now) => [...now, told]);
    else setProblem(told === "busy" ? t("busy") : refusal(told));
    box.current?.focus();
  };

  const correct = (contact: string) => {
    setDoubted("");
    setPatron({ ...patron, contact });
    contactBox.current?.focus();
  };

  const writeWord = t(later ? "question" : "message");
  return (
    <form class="composer" onSubmit={send} noValidate>
      {asks && (
        <div class="who">
          {leaves && <p class="small">{t("leaves")}</p>}
          <label>
            <span>{t(required ? "nameNeeded" : "name")}</span>
            <input
              ref={nameBox}
              value={patron.name}
              maxLength={100}
              autocomplete="name"
              onInput={(event) => setPatron({ ...patron, name: event.currentTarget.value })}
            />
          </label>
          {reach && (
            <label>
              <span>{t(needsContact || leaves ? "contactNeeded" : "contact", { kind: t(`to:${reach}`) })}</span>
              <input
                ref={contactBox}
                value={patron.contact}
                maxLength={200}
                autocomplete="email"
                required={needsContact}
                onInput={(event) => (setDoubted(""), setPatron({ ...patron, contact: event.currentTarget.value }))}
              />
            </label>
          )}
        </div>
      )}
      {files.length > 0 && (
        <ul class="files">
          {files.map((file, at) => (
            <li>
              {file.name}
              <button
                type="button"
                aria-label={t("remove", { name: file.name })}
                onClick={() => setFiles(files.filter((_, n) => n !== at))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class="problem" role="alert">
        {problem}
      </p>
      {doubted && <Sure contact={doubted} send={send} correct={correct} />}
      <div class="write">
        {settings.files && (
          <>
            <input ref={picker} type="file" accept={TYPES} onChange={() => void attach()} hidden />
            <button
              type="button"
              class="icon"
              aria-label={t("attach")}
              title={t("attach")}
              onClick={() => picker.current?.click()}
            >
              <Attach />
            </button>
          </>
        )}
        <textarea
          ref={box}
          value={text}
          rows={1}
          aria-label={writeWord}
          placeholder={writeWord}
          dir="auto"
          onInput={(event) => {
            put(event.currentTarget.value);
            chat.typing(!isBlank(event.currentTarget.value));
          }}
          onKeyDown={key}
          onBlur={() => chat.typing(false)}
        />
        <button type="submit" class="send" aria-label={t(later ? "leave" : "send")}>
          <Send />
        </button>
      </div>
    </form>
  );
}

interface SureGiven {
  contact: string;
  send: (event: Event) => void;
  correct: (contact: string) => void;
}

/** Ask whether the address is right; one that looks mistyped is offered as it was probably meant. */
function Sure({ contact, send, correct }: SureGiven) {
  const yes = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => yes.current?.focus(), [contact]);
  const [better, setBetter] = useState("");
  // The domains of mail are fetched when somebody leaves an address; without them nothing is suggested.
  useEffect(() => void import("../typo").then(({ meant }) => setBetter(meant(contact)), () => undefined), [contact]);
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // it closes this, and not the chat
    correct(contact);
  };
  return (
    <div class="rating mail" role="group" aria-labelledby="address-sure" onKeyDown={key}>
      <p id="address-sure">{t("sure", { contact })}</p>
      <p class="again">
        <button type="button" class="main" ref={yes} onClick={send}>
          {t("sureYes")}
        </button>
        <button type="button" onClick={() => correct(contact)}>
          {t("sureNo")}
        </button>
      </p>
      {/* Last: it comes a moment later, and the buttons before it keep the focus. */}
      {better && (
        <p>
          <button type="button" onClick={() => correct(better)}>
            {t("meant", { contact: better })}
          </button>
        </p>
      )}
    </div>
  );
}
