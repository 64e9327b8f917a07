// A browser for the widget's rules, as far as they need one: storage, sockets, fetch, and a clock that the test moves.
import { mock, type TestContext } from "node:test";
import type { ClientFrame, ServerFrame } from "../frames";
import type { Settings } from "../types";

export const SETTINGS: Settings = {
  channel: "here",
  origins: [],
  form: "none",
  files: true,
  maxText: 4_000,
  maxFile: 1_000_000,
  maxFrame: 16_000,
  keepDays: 30,
  publicComputers: false,
  words: "",
};
export const WELCOME: ServerFrame = { t: "welcome", beat: 20, known: true };
export const BEGAN = Date.parse("2026-03-02T10:00:00Z");

class Shelf {
  kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

class Socket {
  static OPEN = 1;
  static made: Socket[] = [];
  readyState = 0;
  said: ClientFrame[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  constructor() {
    Socket.made.push(this);
  }
  send(text: string) {
    this.said.push(JSON.parse(text) as ClientFrame);
  }
  close() {
    this.readyState = 3;
  }
}

interface Asked {
  path: string;
  body: Record<string, unknown>;
  token: string;
}

/** Answers a request: what the desk says, or null where no answer comes. */
type Answer = (asked: Asked) => { status?: number; told?: object; headers?: Record<string, string> } | null;

export class Browser {
  storage = new Shelf();
  asked: Asked[] = [];
  answer: Answer = () => null;
  #events = new EventTarget();

  constructor(test: TestContext) {
    Socket.made = [];
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: BEGAN });
    test.after(() => mock.timers.reset());
    const events = this.#events;
    const page = {
      window: globalThis,
      document: Object.assign(new EventTarget(), { hidden: false }),
      localStorage: this.storage,
      sessionStorage: new Shelf(),
      addEventListener: events.addEventListener.bind(events),
      WebSocket: Socket,
      performance: { now: () => Date.now() - BEGAN, timeOrigin: BEGAN },
      fetch: (url: URL, init: RequestInit) => this.#fetch(url, init),
    };
    for (const [name, value] of Object.entries(page)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }

  /** The newest socket. */
  get socket(): Socket {
    const socket = Socket.made.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  get sockets(): number {
    return Socket.made.length;
  }

  /** Open the newest socket, and welcome the page. */
  connect(): void {
    this.socket.readyState = 1;
    this.socket.onopen?.();
    this.hear(WELCOME);
  }

  /** The connection breaks; the page connects again once its pause is over. */
  cut(): void {
    this.socket.onclose?.();
  }

  hear(frame: ServerFrame): void {
    this.socket.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** What the page said on the newest socket, of one kind. */
  said<T extends ClientFrame["t"]>(t: T): Extract<ClientFrame, { t: T }>[] {
    return this.socket.said.filter((frame): frame is Extract<ClientFrame, { t: T }> => frame.t === t);
  }

  /** Let time go by, in steps, so that answers that came meanwhile are taken in. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      await settle();
      mock.timers.tick(Math.min(left, 500));
    }
    await settle();
  }

  /** Another window of the same browser wrote, or removed, what is kept. */
  elsewhere(kept: object | null): void {
    const [key = ""] = this.storage.kept.keys();
    const newValue = kept && JSON.stringify(kept);
    if (newValue) this.storage.setItem(key, newValue);
    else this.storage.removeItem(key);
    this.#events.dispatchEvent(Object.assign(new Event("storage"), { key, newValue }));
  }

  /** What is kept for the chat. */
  get kept(): Record<string, unknown> | null {
    const [text] = [...this.storage.kept.values()];
    return text ? (JSON.parse(text) as Record<string, unknown>) : null;
  }

  async #fetch(url: URL, init: RequestInit): Promise<unknown> {
    const token = new Headers(init.headers).get("Authorization")?.replace("Bearer ", "") ?? "";
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : {};
    const asked = { path: url.pathname.split("/").at(-1) ?? "", body, token };
    this.asked.push(asked);
    const answer = this.answer(asked);
    if (!answer) throw new TypeError("Failed to fetch");
    const { status = 200, told = {}, headers = {} } = answer;
    return { ok: status < 300, status, headers: new Headers(headers), json: () => Promise.resolve(told) };
  }
}

export function settle(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}
