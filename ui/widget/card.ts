// A card number or a PIN that a patron types into the chat is held back before it's sent, and a safer way is offered.
//
// Only pages of channels with a `card_pattern` fetch this script (adapters/webchat/pages.py). It hears Enter and submit before the
// composer does, and imports nothing of it: so it costs the other pages no byte. What was typed never leaves this page.

export type CardWords = Record<"title" | "ask" | "asking" | "without" | "anyway", string>;

const settings = JSON.parse(document.body.dataset["settings"] ?? "{}") as { cardPattern?: string };
const pattern = settings.cardPattern ? new RegExp(settings.cardPattern, "giu") : null;
let meant = ""; // what the patron wants to send anyway

/** Our words, as the chat's own script put them on the page. */
function words(): CardWords {
  const { words: all = {} } = document.body as HTMLBodyElement & { words?: Record<string, string> };
  const said = (key: keyof CardWords) => all[`card.${key}`] ?? "";
  return { title: said("title"), ask: said("ask"), asking: said("asking"), without: said("without"), anyway: said("anyway") };
}

function hear(event: KeyboardEvent | SubmitEvent): void {
  const form = event.target instanceof Element ? event.target.closest("form.composer") : null;
  const box = form?.querySelector("textarea");
  if (!pattern || !form || !box || box.value === meant || box.value.search(pattern) < 0) return;
  if (event instanceof KeyboardEvent && (event.key !== "Enter" || event.shiftKey || event.isComposing || event.target !== box)) return;
  event.preventDefault();
  event.stopPropagation();
  offer(form as HTMLFormElement, box, box.value);
}

/** Put a text into the box as if it were typed, so that the composer hears of it. */
function put(box: HTMLTextAreaElement, text: string): void {
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
}

function offer(form: HTMLFormElement, box: HTMLTextAreaElement, text: string): void {
  if (form.previousElementSibling?.id === "card") return;
  const spoken: [HTMLElement, keyof CardWords][] = [];
  const say = () => spoken.forEach(([element, key]) => (element.textContent = words()[key]));
  const group = document.createElement("div");
  group.id = "card";
  group.className = "rating mail";
  group.setAttribute("role", "group");
  group.setAttribute("aria-labelledby", "card-title");
  const title = document.createElement("p");
  title.id = "card-title";
  spoken.push([title, "title"]);
  const row = document.createElement("p");
  row.className = "again";
  const button = (word: keyof CardWords, then: () => void) => {
    const made = document.createElement("button");
    made.type = "button";
    spoken.push([made, word]);
    made.onclick = () => {
      group.remove();
      then();
    };
    row.append(made);
    return made;
  };
  const first = button("ask", () => put(box, words().asking));
  first.className = "main";
  button("without", () => put(box, text.replace(pattern as RegExp, "").trim()));
  button("anyway", () => {
    meant = text;
    box.focus();
    form.requestSubmit();
  });
  group.onkeydown = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // it closes this, and not the chat
    group.remove();
    box.focus();
  };
  say();
  document.body.addEventListener("words", say, { once: true }); // they may still be on their way
  group.append(title, row);
  form.before(group);
  first.focus();
}

addEventListener("keydown", hear, true);
addEventListener("submit", hear, true);
