// What was said, in order, as text; and what still waits to be sent.

import type { Chat } from "./chat";
import { late } from "./late";
import type { Line, Unsent } from "./types";
import { clock, day, dayCalled, refusal, t } from "./words";

const File = late(() => import("./Files"), (it) => it.File);
const MOST_LINES = 400;
const CALL = /https?:\S+\/call\/#\S+/; // the link in an offer: it opens its page once
const GROUP_MS = 300_000;

// What the desk says about who comes and goes: a thin line. What was said for a moment goes once somebody has written after it.
const COMES = /^(joined|successor|transfer|returned)/;
const PASSES = /^(still-there|concierge|full|closing|requeued|transfer(-back)?$)/;

const author = (line: Line) => (line.who === "patron" ? t("you") : line.author || t(line.who === "librarian" ? "someone" : "desk"));

/** A text, line by line: each has a direction of its own. */
function Plain({ value }: { value: string }) {
  const lines = value.split(/(?<=\n)/);
  const last = lines.splice(MOST_LINES).join("");
  const line = (text: string) => (
    <span class="paragraph" dir="auto">
      {text}
    </span>
  );
  return <p dir="auto">{[...lines, ...(last ? [last] : [])].map(line)}</p>;
}

const Linked = late(() => import("./Linked"), (it) => it.Linked, Plain);
const Marked = late(() => import("./Marked"), (it) => it.Marked, Plain);
const MARKS = /\*\*|\]\(h|^([-*]|\d+[.)]) /m;
const Text = ({ value }: { value: string }) => (/:\/\/|@/.test(value) ? <Linked value={value} /> : <Plain value={value} />);

function Waiting({ held, chat, maxText }: { held: Unsent; chat: Chat; maxText: number }) {
  const code = held.failed ?? "";
  const why = refusal(code, maxText);
  return (
    <div class={`line mine first ${code && "failed"}`}>
      <span class="unseen">{t("you")}:</span>
      {held.text && (
        <div class="bubble">
          <Text value={held.text} />
        </div>
      )}
      {held.files?.map((file) => (
        <p class="file">{file.name}</p>
      ))}
      <p class={`state ${code && "bad"}`}>{code ? `${t("failed")}: ${why}` : t(chat.on ? "sending" : "held")}</p>
      {code && (
        <p class="again">
          <button type="button" onClick={() => chat.retry(held.id)}>
            {t("retry")}
          </button>
          <button type="button" onClick={() => chat.discard(held.id)}>
            {t("discard")}
          </button>
        </p>
      )}
    </div>
  );
}

function Said({ line, first, state, chat }: { line: Line; first: boolean; state: string; chat: Chat }) {
  return (
    <div class={`line ${line.who === "patron" ? "mine" : ""} ${first ? "first" : ""}`}>
      {first ? (
        <p class="by">
          <bdi>{author(line)}</bdi> <time dateTime={new Date(line.at).toISOString()}>{clock(line.at)}</time>
        </p>
      ) : (
        <span class="unseen">{author(line)}:</span>
      )}
      {line.text && (
        <div class="bubble">
          {line.who === "librarian" && MARKS.test(line.text) ? <Marked value={line.text} /> : <Text value={line.text} />}
        </div>
      )}
      {line.files?.map((file) => (
        <File file={file} chat={chat} />
      ))}
      {state && <p class="state">{state}</p>}
    </div>
  );
}

export function Log({ chat, maxText }: { chat: Chat; maxText: number }) {
  const heard = new Set<string>(); // who has spoken: two may answer in turn, each is announced once
  let told = ""; // what the desk has said: mostly it introduces the librarian who comes, and then nothing else need
  let greeted = false; // by one who has said nothing else yet: a greeting without a name is an arrival as well
  let librarian = "";
  let speaker = "";
  let before: Line | undefined;
  const today = day(chat.now);
  const mine = chat.lines.findLast((line) => line.who === "patron")?.id;
  const read = chat.lines.findIndex((line) => line.id === chat.readUpTo);
  const answered = chat.lines.findLastIndex((line) => line.who === "librarian");
  const wrote = chat.lines.findLastIndex((line) => line.who === "patron");
  const shown = chat.lines.map((line, n) => {
    const passed = PASSES.test(line.event ?? "") && n < (line.event === "still-there" ? wrote : answered);
    if (passed || (line.who === "desk" && !line.text)) return null;
    const who = line.event === "greeting" && line.author ? "librarian" : line.who; // a greeting is its librarian's
    const name = who === "librarian" ? (line.author ?? "") : "";
    // The header says who is there first; who comes after that is told here.
    const joins = name && heard.size && !heard.has(name) && !greeted && !told.includes(name) ? t("changed", { name }) : "";
    const other = name !== "" && name !== librarian;
    const date = day(line.at);
    const called = date !== (before ? day(before.at) : today) ? dayCalled(line.at, chat.now) : "";
    const first = !before || called || speaker !== who || other || line.at - before.at > GROUP_MS;
    librarian = name || librarian;
    speaker = who;
    if (name) heard.add(name);
    if (line.who === "desk") told += line.text;
    greeted = line.event === "greeting" || (greeted && !name);
    before = line;
    const state = line.id === mine ? t(n <= read ? "read" : chat.reached(n) ? "delivered" : "sent") : "";
    return (
      <div key={line.id}>
        {called && <p class="divider day">{called}</p>}
        {joins && <p class="divider thin">{joins}</p>}
        {line.who === "desk" && line.event !== "greeting" ? (
          <div class={COMES.test(line.event ?? "") ? "notice thin" : "notice"}>
            <Text value={line.event === "call-offered" ? line.text.replace(CALL, "") : line.text} />
            {chat.offers(line) && (
              <p class="again">
                <a class="main" href={CALL.exec(line.text)?.[0] ?? ""} target="_blank" rel="noopener noreferrer">
                  {t("openCall")}
                </a>
                <button type="button" onClick={() => chat.refuseCall(line.id)}>
                  {t("noCall")}
                </button>
              </p>
            )}
          </div>
        ) : (
          <Said line={line} first={!!first} state={state} chat={chat} />
        )}
      </div>
    );
  });
  return (
    <>
      {shown}
      {chat.unsent.map((held) => (
        <Waiting key={held.id} held={held} chat={chat} maxText={maxText} />
      ))}
    </>
  );
}
