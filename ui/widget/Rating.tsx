// Whether a chat that ended helped: asked once, calmly, and what was said stays to be seen and changed.
//
// The rules: nobody has to answer, and a patron who skips is not asked again for this end. Words name the steps, and the browser's
// own radio buttons show the choice (keyboard, forced colours). The form is outside the log that is read out.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "./chat";
import type { Line } from "./types";
import { refusal, t } from "./words";

const STEPS = [3, 2, 1];
const MOST = 1000;

interface Given {
  chat: Chat;
  end: Line; // the line that ended the chat
  say: (text: string) => void;
  focus: { current: () => void };
}

export function Rating({ chat, end, say, focus }: Given) {
  const [again, setAgain] = useState(false);
  const change = useRef<HTMLButtonElement>(null);
  const sent = useRef(false);
  const move = useRef(false);
  const given = chat.given(end);
  const asked = chat.asks(end);
  const { offer, unrated } = chat;

  useEffect(() => {
    if (!sent.current || chat.offer) return;
    sent.current = false;
    if (!unrated) say(t("rated"));
  });
  useEffect(() => {
    if (!move.current || !change.current) return;
    move.current = false;
    change.current.focus();
  });
  const done = (score: number, text: string) => {
    sent.current = move.current = true;
    setAgain(false);
    chat.rate(score, text);
  };
  const skip = () => {
    setAgain(false);
    chat.skip(end);
    focus.current();
  };

  if (given && !again)
    return (
      <div class="rating" aria-live="off">
        <p>
          <strong>{t(`given${given.score}`)}</strong>
        </p>
        {given.text && (
          <p class="quote" dir="auto">
            {given.text}
          </p>
        )}
        {offer && <p class="small">{t("sending")}</p>}
        {asked && (
          <p class="again">
            <button type="button" ref={change} onClick={() => setAgain(true)}>
              {t("rateChange")}
            </button>
          </p>
        )}
      </div>
    );
  if (!asked || (chat.skipped(end) && !again)) return null;
  const problem = unrated && refusal(unrated, MOST);
  return <Form key={String(again)} before={given} problem={problem} done={done} skip={skip} />;
}

interface FormGiven {
  before: { score: number; text: string } | null;
  problem: string;
  done: (score: number, text: string) => void;
  skip: () => void;
}

function Form({ before, problem, done, skip }: FormGiven) {
  const [score, setScore] = useState(before?.score ?? 0);
  const [text, setText] = useState(before?.text ?? "");
  const form = useRef<HTMLFormElement>(null);

  useLayoutEffect(() => {
    if (score) form.current?.scrollIntoView({ block: "nearest" });
  }, [!score]);
  useEffect(() => {
    if (before || problem) form.current?.querySelector<HTMLInputElement>(before ? ":checked" : "input")?.focus();
  }, []);
  const send = (event: Event) => {
    event.preventDefault();
    if (score) done(score, text.trim());
  };

  return (
    <form class="rating" aria-live="off" ref={form} onSubmit={send}>
      <fieldset>
        <legend>{t("rate")}</legend>
        {STEPS.map((step) => (
          <label class="step">
            <input type="radio" name="rate" checked={score === step} onChange={() => setScore(step)} />
            {t(`rate${step}`)}
          </label>
        ))}
      </fieldset>
      {score > 0 && (
        <label>
          <span>{t("rateWhy")}</span>
          <textarea rows={2} maxLength={MOST} value={text} dir="auto" onInput={(event) => setText(event.currentTarget.value)} />
        </label>
      )}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <p class="again">
        {score > 0 && (
          <button type="submit" class="main">
            {t("rateSend")}
          </button>
        )}
        <button type="button" onClick={skip}>
          {t(before ? "rateKeep" : "rateSkip")}
        </button>
      </p>
    </form>
  );
}
