// An invitation beside the chat's button, where the library has switched it on.
//
// The rules: it comes after the library's seconds on a page that its patterns name, only while a librarian is there, and never to
// somebody who has opened the chat. It covers nothing that the page shows: it waits for a free place above the button, and goes when
// the page moves something below it. It takes no focus. Whoever has seen it once is never invited again by this browser; that is the one
// thing it writes down (localStorage). Where nothing can be written down, nobody is invited.

interface Given {
  after_s?: number;
  pages?: string[];
  text?: string;
  words: Record<string, string>;
  root: ShadowRoot;
  base: URL;
  idle: () => boolean; // the chat has not been opened
  open: () => void;
}

const LOOK_MS = 1_000;
const STEP_PX = 24; // between two points that are looked at
const STYLE = `
section{position:fixed;z-index:2147482999;right:16px;bottom:80px;box-sizing:border-box;width:min(22rem,calc(100vw - 32px));padding:12px 16px;
border-radius:16px;background:Canvas;color:CanvasText;font:16px/1.4 system-ui,sans-serif;box-shadow:0 0 0 1px rgb(0 0 0/.15),0 8px 32px rgb(0 0 0/.3)}
section[data-off]{visibility:hidden}
section p{margin:0 0 8px}
section button{position:static;min-height:44px;margin:0;margin-inline-end:8px;margin-block-end:4px;padding:0 14px;border-radius:22px;font-size:15px;box-shadow:none}
section button+button{background:none;color:inherit;border-color:currentColor}
@media (prefers-reduced-motion:no-preference){section:not([data-off]){animation:come .3s}@keyframes come{from{opacity:0;transform:translateY(8px)}}}
@media print{section{display:none}}`;

function named(pages: readonly string[], path: string): boolean {
  const fits = (pattern: string) => new RegExp(`^${pattern.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join(".*")}$`).test(path);
  return !pages.length || pages.some(fits);
}

/** Whether the page shows something at a point: words, a picture, a control. */
function shows(x: number, y: number, host: Element): boolean {
  return document.elementsFromPoint(x, y).some((one) => {
    if (one === host || one === document.documentElement || one === document.body) return false;
    if (one.matches("a,button,input,select,textarea,img,picture,svg,canvas,video,audio,iframe,object,embed,td,th,label,summary,hr")) return true;
    if (getComputedStyle(one).backgroundImage !== "none") return true;
    return [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim() && touches(node, x, y));
  });
}

function touches(node: Node, x: number, y: number): boolean {
  const range = document.createRange();
  range.selectNodeContents(node);
  return [...range.getClientRects()].some((box) => x >= box.left - STEP_PX && x <= box.right + STEP_PX && y >= box.top - STEP_PX && y <= box.bottom + STEP_PX);
}

function isFree(box: DOMRect, host: Element): boolean {
  if (box.top < 0 || box.left < 0) return false;
  for (let x = box.left; x <= box.right; x += STEP_PX) for (let y = box.top; y <= box.bottom; y += STEP_PX) if (shows(x, y, host)) return false;
  return true;
}

/** Invite when it is time; the answer takes the invitation back. */
export function invite({ after_s = 0, pages = [], text, words, root, base, idle, open }: Given): () => void {
  const key = `deskbridge:invited:${base.pathname}`;
  let seconds = 0;
  let card: HTMLElement | undefined;
  const clock = setInterval(() => void look(), LOOK_MS);

  function known(): boolean {
    try {
      return localStorage.getItem(key) !== null;
    } catch {
      return true;
    }
  }

  function remember(): boolean {
    try {
      localStorage.setItem(key, "1");
      return true;
    } catch {
      return false;
    }
  }

  function over(): void {
    clearInterval(clock);
    removeEventListener("scroll", place);
    removeEventListener("resize", place);
    card?.remove();
    card = undefined;
  }

  function make(): HTMLElement {
    const made = document.createElement("section");
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, style];
    const said = document.createElement("p");
    const button = (word: string, then: () => void) => {
      const one = document.createElement("button");
      one.type = "button";
      one.textContent = word;
      one.onclick = () => {
        over();
        then();
      };
      return one;
    };
    said.textContent = text || words["invite"] || "";
    made.dataset["off"] = "";
    made.setAttribute("aria-label", words["inviteLabel"] ?? "");
    made.setAttribute("role", "region");
    said.setAttribute("role", "status");
    made.append(said, button(words["inviteYes"] ?? "", open), button(words["inviteNo"] ?? "", () => undefined));
    root.append(made);
    return made;
  }

  /** Show it where its place is free, and hide it where it isn't. */
  function place(): boolean {
    if (!card) return false;
    const free = isFree(card.getBoundingClientRect(), root.host);
    card.toggleAttribute("data-off", !free);
    return free;
  }

  async function here(): Promise<boolean> {
    const answer = await fetch(new URL("status", base), { credentials: "omit", referrerPolicy: "no-referrer" });
    return answer.ok && !!((await answer.json()) as { invitation?: object }).invitation;
  }

  async function look(): Promise<void> {
    if (!idle()) return over();
    if (card) return void place();
    if (document.hidden || !named(pages, location.pathname)) return;
    if ((seconds += LOOK_MS / 1000) < after_s) return;
    seconds = 0; // where nobody is there now, it waits once more
    if (known()) return over();
    if (!(await here().catch(() => false)) || !idle() || card) return;
    card = make();
    if (!isFree(card.getBoundingClientRect(), root.host)) {
      card.remove();
      card = undefined;
      return;
    }
    if (!remember()) return over();
    addEventListener("scroll", place, { passive: true });
    addEventListener("resize", place);
    place();
  }

  return over;
}
