// The loader that a library's page embeds: a real button, and on the first press an isolated frame with the chat.
//
// The rules: no cookie, frame or socket before the patron acts; one cookieless question about the desk so that the button tells
// the truth. It works under a strict CSP: styles are constructed sheets in a shadow root, nothing is inline. The frame gets one
// message, addressed to its exact origin, that hands it a port; everything else goes through the port.
// There is one launcher, even if the page rebuilds itself. It is placed beside the body, which Turbo and the like replace. It comes back
// when it is removed, and a script that runs again finds it. A page that changes its address without loading is told to the chat.
// Settings: `window.deskbridgeSettings` before the script. Afterwards: `window.Deskbridge` and `deskbridge:*` events.

interface LoaderSettings {
  channel?: string;
  language?: string;
  name?: string;
  contact?: string;
  label?: string;
  open?: boolean;
}

type Words = Record<string, string>;

const SMALL = "(max-width:480px),(max-height:480px)";
const STYLE = `
:host{all:initial;color-scheme:light dark;--a:#0b5a86;--o:#fff}
@media (prefers-color-scheme:dark){:host{--a:#8cc8ee;--o:#08212f}}
button,div{position:fixed;z-index:2147483000;box-sizing:border-box}
button{inset-inline-end:16px;bottom:16px;min-height:48px;max-width:calc(100vw - 32px);padding:0 20px;border:2px solid transparent;
border-radius:24px;background:var(--a);color:var(--o);font:600 16px/1.3 system-ui,sans-serif;cursor:pointer;
box-shadow:0 4px 16px rgb(0 0 0/.25)}
button:focus-visible{outline:3px solid var(--o);outline-offset:-5px;box-shadow:0 0 0 3px var(--a)}
b{margin-inline-start:8px;padding:2px 8px;border-radius:12px;background:var(--o);color:var(--a)}
div{inset-inline-end:16px;bottom:80px;width:400px;height:min(640px,calc(100vh - 96px));max-width:calc(100vw - 32px);
border-radius:16px;overflow:hidden;background:Canvas;box-shadow:0 0 0 1px rgb(0 0 0/.15),0 8px 32px rgb(0 0 0/.3)}
iframe{display:block;width:100%;height:100%;border:0}
[hidden]{display:none!important}
@media ${SMALL}{div{inset:0;width:auto;height:auto;max-width:none;border-radius:0}
button[aria-expanded=true]{display:none}}
@media print{button,div{display:none}}`;

const DEFAULTS: Words = {
  open: "Ask a librarian",
  closed: "Leave a question",
  close: "Close chat",
  dialog: "Chat with the library",
  unread: "{n} new",
};

function start(script: HTMLScriptElement): void {
  const settings = read();
  const base = home(script, settings);
  const language = settings.language || document.documentElement.lang || navigator.language;
  let words: Words = DEFAULTS;
  let closed = false;
  let unread = 0;
  let port: MessagePort | undefined;
  let frame: HTMLIFrameElement | undefined;
  let waiting: object[] = [];
  let told = ""; // the page that the chat knows
  let invited = false;
  let uninvite = () => {};
  let behind: Element[] = []; // what of the page the chat covers and nobody can see

  const host = document.createElement("deskbridge-chat");
  const root = host.attachShadow({ mode: "open" });
  const button = document.createElement("button");
  const panel = document.createElement("div");
  const small = matchMedia(SMALL);
  dress(root);
  button.type = "button";
  panel.id = "panel";
  panel.hidden = true;
  panel.setAttribute("role", "dialog");
  button.setAttribute("aria-controls", "panel");
  button.setAttribute("aria-haspopup", "dialog");
  root.append(panel, button);
  label();
  button.onclick = () => (panel.hidden ? open() : close());
  button.onkeydown = (event) => {
    if (event.key === "Escape" && !panel.hidden) close();
  };
  small.onchange = cover;
  const guard = new MutationObserver(() => setTimeout(stand));
  guard.observe(document, { childList: true });
  stand();
  addEventListener("blur", where); // the patron goes into the chat
  addEventListener("pageshow", shown);
  const clock = setInterval(where, 500);

  function label(): void {
    const expanded = !panel.hidden;
    button.setAttribute("aria-expanded", String(expanded));
    panel.setAttribute("aria-label", words["dialog"] ?? "");
    button.textContent = (expanded ? words["close"] : settings.label || words[closed ? "closed" : "open"]) ?? "";
    if (unread && !expanded) {
      const badge = document.createElement("b");
      badge.textContent = (words["unread"] ?? "").replace("{n}", String(unread));
      button.append(" ", badge);
    }
  }

  /** Where the chat fills the screen it is modal: neither Tab nor a screen reader gets to what lies behind it. */
  function cover(): void {
    behind.forEach((each) => each.removeAttribute("inert"));
    const covers = !panel.hidden && small.matches;
    behind = covers ? [...document.body.children].filter((each) => !each.hasAttribute("inert")) : [];
    behind.forEach((each) => each.setAttribute("inert", ""));
    panel.setAttribute("aria-modal", String(covers));
  }

  /** Be in the page, once, also in one that was written again. A frame that was removed from the page begins again when it is back. */
  function stand(): void {
    const page = document.documentElement;
    guard.observe(page, { childList: true });
    for (const other of document.querySelectorAll(host.localName)) if (other !== host) other.remove();
    if (host.isConnected) return cover();
    port = undefined;
    page.append(host);
    cover();
  }

  function shown(event: PageTransitionEvent): void {
    if (event.persisted) ask().catch(() => undefined);
  }

  /** Tell the chat the page that is shown, without its query (ALA: no referrer queries). */
  function where(): void {
    const page = location.origin + location.pathname;
    if (page === told || !port || panel.hidden) return;
    told = page;
    tell({ t: "page", page });
  }

  function tell(message: object): void {
    if (port) port.postMessage(message);
    else waiting.push(message);
  }

  function open(focus = true): void {
    uninvite();
    const missing = !frame || (panel.hidden && !port); // a frame that never loaded is loaded again when it is opened
    panel.hidden = false;
    unread = 0;
    label();
    if (missing) build();
    cover();
    if (focus) frame?.contentWindow?.focus();
    where();
    tell({ t: "open", focus });
    say("open");
  }

  function close(): void {
    if (panel.hidden) return;
    panel.hidden = true;
    label();
    cover();
    tell({ t: "shut" });
    button.focus();
    say("close");
  }

  function build(): void {
    frame?.remove();
    const made = (frame = document.createElement("iframe"));
    const address = new URL("frame", base);
    if (language) address.searchParams.set("language", language);
    made.title = words["dialog"] ?? "";
    made.allow = "clipboard-write";
    made.src = address.href;
    made.onload = () => shake(made);
    panel.append(made);
  }

  function shake(made: HTMLIFrameElement): void {
    const pipe = new MessageChannel();
    pipe.port1.onmessage = (event: MessageEvent<{ t: string; n?: number }>) => heard(event.data, pipe.port1);
    told = "";
    made.contentWindow?.postMessage({ deskbridge: 1 }, base.origin, [pipe.port2]);
  }

  function heard(news: { t: string; n?: number }, from: MessagePort): void {
    if (news.t === "ready") {
      port = from;
      if (!panel.hidden && !waiting.length) waiting.push({ t: "open" }); // a frame that began again
      where();
      waiting.forEach((message) => from.postMessage(message));
      waiting = [];
    } else if (news.t === "close") close();
    else if (news.t === "news") {
      if (panel.hidden) unread += news.n ?? 0;
      label();
      say("message", { unread });
    }
  }

  function setPatron(patron: { name?: string; contact?: string }): void {
    tell({ t: "patron", name: patron.name ?? "", contact: patron.contact ?? "" });
  }

  function destroy(): void {
    uninvite();
    guard.disconnect();
    clearInterval(clock);
    removeEventListener("blur", where);
    removeEventListener("pageshow", shown);
    port?.close();
    panel.hidden = true;
    small.onchange = null;
    cover();
    host.remove();
    delete (window as { Deskbridge?: object }).Deskbridge;
  }

  async function ask(): Promise<void> {
    const address = new URL("status", base);
    if (language) address.searchParams.set("language", language);
    const answer = await fetch(address, { credentials: "omit", referrerPolicy: "no-referrer" });
    if (!answer.ok) return;
    const status = (await answer.json()) as { desk: { state?: string; accent?: string }; words: Words; invitation?: object };
    words = { ...DEFAULTS, ...status.words };
    [host.lang, host.dir] = [words["language"] ?? "", words["dir"] ?? ""];
    closed = status.desk.state === "closed" || status.desk.state === "away"; // nobody can be asked
    if (/^#[0-9a-f]{6}$/i.test(status.desk.accent ?? "")) wear(status.desk.accent ?? "");
    label();
    // The invitation is a script of its own: pages of libraries that invite nobody never fetch it.
    if (status.invitation && !invited) {
      invited = true;
      const { invite } = (await import(/* @vite-ignore */ new URL("invite.js", base).href)) as { invite: (given: object) => () => void };
      uninvite = invite({ ...status.invitation, words, root, base, idle: () => panel.hidden && !frame, open });
    }
  }

  function wear(accent: string): void {
    const part = (at: number) => (parseInt(accent.slice(at, at + 2), 16) / 255) ** 2.2;
    const light = 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
    host.style.setProperty("--a", accent);
    host.style.setProperty("--o", light > 0.18 ? "#000" : "#fff");
  }

  /** The script of a page runs again, as where a framework replaces the body: go on, or begin again for another channel. */
  function again(script: HTMLScriptElement): void {
    if (home(script, read()).href === base.href) return stand();
    destroy();
    start(script);
  }

  (window as { Deskbridge?: object }).Deskbridge = { open, close, setPatron, destroy, again };
  // A desk that cannot be asked leaves the button as it is: the frame will say more.
  ask().catch(() => undefined);
  if (settings.name || settings.contact) setPatron(settings);
  if (settings.open) open(false);
  say("ready");
}

function read(): LoaderSettings {
  return (window as { deskbridgeSettings?: LoaderSettings }).deskbridgeSettings ?? {};
}

function home(script: HTMLScriptElement, settings: LoaderSettings): URL {
  const channel = settings.channel ?? script.dataset["channel"];
  const here = new URL(".", script.src);
  if (!channel) return here;
  return new URL(`${/\/channels\/[^/]+\/$/.test(here.pathname) ? "../" : "channels/"}${encodeURIComponent(channel)}/`, here);
}

function dress(root: ShadowRoot): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  } catch {
    const style = document.createElement("style"); // browsers before constructed sheets
    style.textContent = STYLE;
    root.append(style);
  }
}

function say(name: string, detail?: object): void {
  window.dispatchEvent(new CustomEvent(`deskbridge:${name}`, { detail }));
}

const script = document.currentScript as HTMLScriptElement | null;
const before = (window as { Deskbridge?: { again?: (script: HTMLScriptElement) => void } }).Deskbridge;
if (script && before) before.again?.(script);
else if (script) start(script);
