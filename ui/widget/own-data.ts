// A patron's own data: all that the library keeps of them, saved as one file.

import type { Chat } from "./chat";

const NAME = "my-data.zip";

/** Fetch it and hand it to the browser to save; its name, "" where it doesn't come just now. */
export async function ownData(chat: Chat): Promise<string> {
  try {
    const path = `own-data?language=${encodeURIComponent(document.documentElement.lang)}`;
    const answer = await fetch(chat.at(path), { method: "POST", credentials: "omit", headers: chat.headers });
    if (!answer.ok) return "";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = NAME;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    return NAME;
  } catch {
    return "";
  }
}
