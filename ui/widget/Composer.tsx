// Where the patron writes: a line that grows, files, and who writes, which is folded away where nobody has to say it.

import type { TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isBlank } from "../blank";
import { isComposing } from "../composing";
import { isTouch } from "../touch";
import type { Chat } from "./chat";
import { Attach, Send } from "./icons";
import { fetched } from "./fetched";
import { draft } from "./keep";
import { late } from "./late";
import type { FileRef } from "./frames";
import type { Settings } from "./types";
import type { Checks, Told } from "./Who";
import { refusal, t } from "./words";

const TYPES = "image/png,image/jpeg,image/gif,image/webp,.pdf,.docx,.xlsx,.pptx,.odt,.ods,.odp,.rtf,.txt,.csv,.md";
const TALLEST = 160;
const MOST_FILES = 5; // of one message; the desk takes no more

const Who = late(() => import("./Who"), (it) => it.Who);
const Sure = late(() => import("./Who"), (it) => it.Sure);
const Chosen = late(() => import("./Files"), (it) => it.Chosen);
const NOBODY: Told = { name: "", contact: "", answers: {}, queue: "" };

interface Given {
  chat: Chat;
  settings: Settings;
  say: (text: string) => void;
  focus: { current: () => void };
  introduce: { current: () => void };
}

export function Composer({ chat, settings, say, focus, introduce }: Given) {
  const [text, setText] = useState(draft);
  const [told, tell] = useState<Told>({ ...NOBODY, ...chat.patron });
  const [open, setOpen] = useState(false); // the patron unfolds who writes
  const [files, setFiles] = useState<FileRef[]>([]);
  const [problem, setProblem] = useState("");
  const [doubted, setDoubted] = useState(""); // the address that the patron is asked about
  const box = useRef<HTMLTextAreaElement>(null);
  const checks = useRef<Checks>({});
  const picker = useRef<HTMLInputElement>(null);

  const given = told.contact.trim();
  const { desk, begun } = chat;
  const { reach } = chat; // an address is asked for only where an answer can be sent to one
  // Who waits where nobody serves just now may leave an address instead of waiting.
  const leaves = begun && !!desk?.place && !(desk.open && desk.online) && !!reach && !chat.patron.contact;
  const later = begun ? leaves && !!given : !!desk && !desk.open;
  const required = settings.form === "required";
  const needsContact = !!reach && (later || (required && !begun));
  const asksMore = !begun && (!!desk?.fields?.length || (desk?.queues?.length ?? 0) > 1);
  const must = leaves || needsContact || (required && !begun) || asksMore;
  const asks = must || open;
  const folded = !asks && !begun && settings.form !== "none";
  const answers = Object.entries(told.answers).map(([key, text]) => ({ key, text: text.trim() })).filter(({ text }) => text);
  focus.current = () => box.current?.focus();
  introduce.current = () => setOpen(true);
  const put = (value: string) => setText(draft(value));
  chat.taken = (held) => held.later && held.contact && say(t("left", { contact: held.contact }));
  chat.emptied = () => {
    put("");
    tell(NOBODY);
    setOpen(false);
    setFiles([]);
    setProblem("");
  };

  const { name, contact } = chat.patron;
  useEffect(() => tell((now) => ({ ...now, name: now.name || name, contact: now.contact || contact })), [name, contact]);
  useLayoutEffect(() => {
    if (!box.current) return;
    box.current.style.height = "auto";
    box.current.style.height = `${Math.min(box.current.scrollHeight + 2, TALLEST)}px`;
  }, [text]);

  const fold = () => {
    setOpen(false);
    setDoubted("");
    tell({ ...told, ...chat.patron });
    box.current?.focus();
  };

  const send = (event: Event) => {
    event.preventDefault();
    const newly = asks && !!reach && !!given && given !== chat.patron.contact;
    // An address alone is left with itself as the words, or with a sentence to who is helping already.
    const words = text.trim() || (leaves ? given : begun && newly ? t("answerTo", { contact: given }) : "");
    const nothing = isBlank(words) && !files.length;
    if (nothing && !open) return;
    const wrong = asks ? (checks.current.missing?.() ?? t("loading")) : "";
    const long = text.length > settings.maxText ? t("e:too-long", { n: settings.maxText }) : "";
    setProblem(wrong || long);
    if (wrong || long) return;
    // An address is confirmed once, before anything goes out: a mistyped one would lose the answer.
    if (newly && given !== doubted) return setDoubted(given);
    setDoubted("");
    if (asks) chat.setPatron(told.name.trim(), reach && given);
    if (nothing) return fold();
    const form = begun ? {} : { ...(answers.length && { answers }), ...(told.queue && { queue: told.queue }) };
    const extra = { ...form, ...(later && { later: true }) };
    chat.send(words, files.slice(0, MOST_FILES), extra);
    for (let n = MOST_FILES; n < files.length; n += MOST_FILES) chat.send("", files.slice(n, n + MOST_FILES), later ? { later } : {});
    put("");
    setFiles([]);
    setOpen(false);
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
    const { upload } = await fetched(() => import("./Files"));
    const told = await upload(chat, file, settings.maxFile);
    picker.current.value = "";
    say("");
    if (typeof told !== "string") setFiles((now) => [...now, told]);
    else setProblem(told === "busy" ? t("busy") : refusal(told));
    box.current?.focus();
  };

  const correct = (contact: string) => {
    setDoubted("");
    tell({ ...told, contact });
    document.querySelector<HTMLElement>("[name=contact]")?.focus();
  };

  const writeWord = t(later ? "question" : "message");
  return (
    <form class="composer" onSubmit={send} noValidate>
      {folded && (
        <button type="button" class="fold" aria-expanded="false" onClick={() => setOpen(true)}>
          <bdi>{[told.name, told.contact].filter(Boolean).join(", ") || t(reach ? "who" : "whoName")}</bdi>
        </button>
      )}
      {asks && (
        <Who
          chat={chat}
          settings={settings}
          told={told}
          tell={(now) => (setDoubted(""), tell(now))}
          leaves={leaves}
          needsContact={needsContact}
          checks={checks}
          shut={must ? undefined : fold}
        />
      )}
      {files.length > 0 && <Chosen files={files} drop={(at) => setFiles(files.filter((_, n) => n !== at))} />}
      <p class="problem" role="alert">
        {problem}
      </p>
      {doubted && <Sure contact={doubted} send={send} correct={correct} />}
      {desk?.previews && <p class="small">{t("previews")}</p>}
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
            chat.typing(!isBlank(event.currentTarget.value), event.currentTarget.value);
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
