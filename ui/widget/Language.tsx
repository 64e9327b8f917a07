// The language of the chat, for the patron to choose while they chat: what is half written stays, and nothing is loaded again.

import { useEffect, useState } from "preact/hooks";
import type { Chat } from "./chat";
import { fetched } from "./fetched";
import { tongue } from "./keep";
import type { Settings } from "./types";
import { language, speak, t } from "./words";

interface Given {
  chat: Chat;
  settings: Settings;
  say: (text: string) => void;
}

/** A language's own name for itself. */
function called(tag: string): string {
  try {
    return new Intl.DisplayNames([tag], { type: "language", languageDisplay: "standard" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

export function Language({ chat, settings, say }: Given) {
  const [served, setServed] = useState<Record<string, string>>({});
  useEffect(() => {
    const load = async () => {
      const answer = await fetch(chat.at("words"));
      if (!answer.ok) throw new Error(String(answer.status));
      return (await answer.json()) as Record<string, string>;
    };
    void fetched(load).then(setServed);
  }, []);
  const choose = async (tag: string) => {
    const told = served[tag];
    if (!told) return;
    try {
      await speak(told, true);
    } catch {
      return say(t("languageFailed"));
    }
    tongue(settings, told);
    chat.language = tag;
  };
  if (Object.keys(served).length < 2) return null;
  return (
    <label>
      <span>{t("language")}</span>
      <select value={language} onChange={(event) => void choose(event.currentTarget.value)}>
        {Object.keys(served).map((tag) => (
          <option value={tag} lang={tag}>
            {called(tag)}
          </option>
        ))}
      </select>
    </label>
  );
}
