// All that a public page does by script: it wears the library's colour, and puts the chat's button on the page in the page's own
// language. The rest works without one.

import { wearAccent } from "../accent";
import "../tokens.css";
import "./portal.css";

const { dataset, lang } = document.documentElement;
const { accent, launcher } = dataset;
if (accent) wearAccent(document.documentElement, accent);
for (const one of document.querySelectorAll<HTMLElement>(".libraries [data-accent]")) wearAccent(one, one.dataset["accent"] ?? "");
if (launcher) {
  Object.assign(window, { deskbridgeSettings: { language: lang } });
  const script = document.createElement("script");
  script.src = launcher;
  document.head.append(script);
}
