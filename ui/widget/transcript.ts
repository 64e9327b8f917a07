// The conversation as plain text, for the patron to keep.

import type { Line } from "./types";
import { clock, locale, t } from "./words";

export function transcript(lines: Line[], library: string): string {
  let day = "";
  const found = [library || t("title")];
  for (const line of lines) {
    const date = new Date(line.at).toLocaleDateString(locale, { dateStyle: "long" });
    if (date !== day) found.push("", (day = date));
    const by = line.who === "patron" ? t("you") : line.author || t("desk");
    const files = (line.files ?? []).map((file) => `[${file.name}]`);
    found.push(`${clock(line.at)} ${by}: ${[line.text, ...files].filter(Boolean).join(" ")}`);
  }
  return found.join("\n") + "\n";
}

/** Put text on the clipboard, also where the page around us allows no clipboard API. */
export async function copyOut(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = document.createElement("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
}
