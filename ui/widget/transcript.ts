// The conversation as plain text, for the patron to keep.

import type { Line } from "./types";
import { clock, day, t } from "./words";

export function transcript(lines: Line[], library: string): string {
  let before = "";
  const found = [library || t("title")];
  for (const line of lines) {
    const date = day(line.at);
    if (date !== before) found.push("", (before = date));
    const by = line.who === "patron" ? t("you") : line.author || t("desk");
    const files = (line.files ?? []).map((file) => `[${file.name}]`);
    found.push(`${clock(line.at)} ${by}: ${[line.text, ...files].filter(Boolean).join(" ")}`);
  }
  return found.join("\n") + "\n";
}

/** Put text on the clipboard, also where the page around us allows no clipboard API; false where the browser lets nobody. */
export async function copyOut(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = document.createElement("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    return done;
  }
}
