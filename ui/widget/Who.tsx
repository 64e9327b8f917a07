// Who writes, and what else the library asks before the first message: a name, an address, its own questions, the queue.
//
// The rules: nothing is asked for that no channel can use. An address is confirmed once, before anything goes out: a mistyped one
// would lose the answer. What is missing is named, and has the focus.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isAddress } from "../address";
import type { Chat } from "./chat";
import type { FormField } from "./frames";
import { meant } from "../typo";
import type { Settings } from "./types";
import { t } from "./words";

export interface Told {
  name: string;
  contact: string;
  answers: Record<string, string>;
  queue: string;
}

/** What the composer asks before it sends. */
export interface Checks {
  missing?: (() => string) | undefined; // in words; "" = nothing. Until it is there, nobody knows
}

interface Given {
  chat: Chat;
  settings: Settings;
  told: Told;
  tell: (told: Told) => void;
  leaves: boolean; // the patron may leave an address instead of waiting
  needsContact: boolean;
  checks: { current: Checks };
  shut?: (() => void) | undefined;
}

export function Who({ chat, settings, told, tell, leaves, needsContact, checks, shut }: Given) {
  const { desk, reach, begun } = chat;
  const box = useRef<HTMLDivElement>(null);
  const required = settings.form === "required";
  const asked = settings.form !== "none" || needsContact || leaves;
  const fields = begun ? [] : (desk?.fields ?? []);
  const queues = begun ? [] : (desk?.queues ?? []);
  const point = (name: string) => box.current?.querySelector<HTMLElement>(`[name="${name}"]`)?.focus();
  const at = (name: string, words: string) => (point(name), words);

  checks.current.missing = () => {
    const given = told.contact.trim();
    if (asked && reach && (given ? !isAddress(given, reach, desk?.national) : needsContact)) return at("contact", t("contactMissing"));
    if (asked && required && !told.name.trim()) return at("name", t("nameMissing"));
    const empty = fields.find((field) => field.required && !told.answers[field.key]?.trim());
    return empty ? at(`f:${empty.key}`, t("fieldMissing", { field: empty.label })) : "";
  };
  useEffect(() => () => void (checks.current.missing = undefined), []);
  useEffect(() => {
    if (shut) box.current?.querySelector("input")?.focus();
  }, []);
  const answer = (key: string, text: string) => tell({ ...told, answers: { ...told.answers, [key]: text } });
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !shut) return;
    event.stopPropagation(); // it closes this, and not the chat
    shut();
  };

  return (
    <div class="who" ref={box} onKeyDown={key}>
      {leaves && <p class="small">{t("leaves")}</p>}
      {queues.length > 1 && (
        <label>
          <span>{t("queue")}</span>
          <select name="queue" value={told.queue || queues[0]?.id} onChange={(event) => tell({ ...told, queue: event.currentTarget.value })}>
            {queues.map((one) => (
              <option value={one.id}>{`${one.name} (${t(`queue:${one.state}`)})`}</option>
            ))}
          </select>
        </label>
      )}
      {fields.map((field) => (
        <Field field={field} value={told.answers[field.key] ?? ""} put={(text) => answer(field.key, text)} />
      ))}
      {asked && (
        <label>
          <span>{t(required ? "nameNeeded" : "name")}</span>
          <input
            name="name"
            value={told.name}
            maxLength={100}
            autocomplete="name"
            dir="auto"
            onInput={(event) => tell({ ...told, name: event.currentTarget.value })}
          />
        </label>
      )}
      {asked && reach && (
        <label>
          <span>{t(needsContact || leaves ? "contactNeeded" : "contact", { kind: t(`to:${reach}`) })}</span>
          <input
            name="contact"
            value={told.contact}
            maxLength={200}
            autocomplete="email"
            required={needsContact}
            onInput={(event) => tell({ ...told, contact: event.currentTarget.value })}
          />
        </label>
      )}
      {shut && (
        <p class="again">
          <button type="submit" class="main">
            {t("whoSave")}
          </button>
          <button type="button" onClick={shut}>
            {t("cancel")}
          </button>
        </p>
      )}
    </div>
  );
}

function Field({ field, value, put }: { field: FormField; value: string; put: (text: string) => void }) {
  const name = `f:${field.key}`;
  const label = field.required ? field.label : t("optional", { field: field.label });
  return (
    <label>
      <span dir="auto">{label}</span>
      {field.choices?.length ? (
        <select name={name} value={value} required={field.required ?? false} dir="auto" onChange={(event) => put(event.currentTarget.value)}>
          <option value="">{t("choose")}</option>
          {field.choices.map((one) => (
            <option value={one}>{one}</option>
          ))}
        </select>
      ) : (
        <input
          name={name}
          value={value}
          maxLength={500}
          required={field.required ?? false}
          dir="auto"
          onInput={(event) => put(event.currentTarget.value)}
        />
      )}
    </label>
  );
}

interface SureGiven {
  contact: string;
  send: (event: Event) => void;
  correct: (contact: string) => void;
}

/** Ask whether the address is right; one that looks mistyped is offered as it was probably meant. */
export function Sure({ contact, send, correct }: SureGiven) {
  const yes = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => yes.current?.focus(), [contact]);
  const [better, setBetter] = useState("");
  useEffect(() => setBetter(meant(contact)), [contact]);
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
