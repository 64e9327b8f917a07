// The line to the house: a WebSocket, and long polls where none gets through.
//
// The rules: either side that hears nothing for too long hangs up; while somebody is at it, a line that does not answer within two
// seconds is said to be away, and hung up later, for it may be slow; a socket that opens but stays mute (half-open, one way lost) counts
// as failed, and after it the polls take over while a socket is tried again now and then. Waiting grows with full jitter.
// The token goes in the first frame or in a header, never in a URL.

import type { ClientFrame, ClientHello, ServerFrame } from "./frames";

const WELCOME_MS = 8_000;
const PONG_MS = 8_000;
const LIVELY_BEAT_MS = 1_000; // while somebody is at it
const DOUBT_MS = 1_000; // without an answer; more where the line is slow
const SLOWEST_MS = 5_000;
const RETRY_SOCKET_MS = 60_000;
const ANSWER_MS = 40_000; // a poll is answered after 25 s at the latest

export interface Ends {
  hello: () => Omit<ClientHello, "t">;
  hear: (frame: ServerFrame) => void;
  state: (on: boolean, sure?: boolean) => void;
  lively: () => boolean; // somebody is at it
}

export class Link {
  #socket: WebSocket | undefined;
  #welcomed = false;
  #polling = false;
  #rounds = 0; // of polls
  #failures = 0;
  #timers = new Map<string, number>();
  #beat = 20_000;
  #stopped = true;
  #aborter: AbortController | undefined; // of the poll that is under way
  #calls = new Set<AbortController>();
  #asked = 0; // when the last ping went
  #slow = 0; // ms that an answer takes here
  #doubted = false;
  #ahead = 0; // ms of the house's clock to this page's

  #base: string;
  #ends: Ends;

  constructor(base: string, ends: Ends) {
    this.#base = base;
    this.#ends = ends;
    addEventListener("online", () => this.#wake());
    addEventListener("offline", () => {
      if (this.#stopped) return;
      this.#failed();
      this.#ends.state(false);
    });
    // A page that the browser keeps to go back to has no line meanwhile, and its line would be a reason not to keep it.
    addEventListener("pagehide", () => this.#drop());
    addEventListener("pageshow", (event) => event.persisted && this.#wake());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#wake();
    });
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#connect();
  }

  /** Hang up; what the house still answers is not heard. */
  stop(): void {
    this.#stopped = true;
    for (const name of [...this.#timers.keys()]) this.#cancel(name);
    for (const call of this.#calls) call.abort();
    this.#drop();
  }

  /** Hang up and call again: the other side asked, or an answer stayed out. */
  again(): void {
    if (this.#welcomed) this.#failed();
  }

  /** Now, by the house's clock (ms); by this machine's until the house has told. */
  get now(): number {
    return performance.now() + (this.#ahead || performance.timeOrigin);
  }

  /** Something is done here: find out soon whether the line stands. */
  stir(): void {
    if (this.#timers.has("ping") && !this.#timers.has("doubt") && performance.now() - this.#asked > LIVELY_BEAT_MS) this.#ping();
  }

  /** End the chat of a token at the house; false when nobody knows whether that came. */
  async end(token: string): Promise<boolean> {
    const headers = { Authorization: `Bearer ${token}` };
    const got = await this.#fetch("end", { method: "POST", headers, keepalive: true });
    return !!got && (got.answer.ok || got.answer.status === 401);
  }

  /** Say a frame now; false when there is no line. */
  say(frame: ClientFrame): boolean {
    if (this.#polling) {
      void this.#post("frames", frame);
      return true;
    }
    if (!this.#welcomed || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(written(frame));
    return true;
  }

  /** Say hello on a socket that stands; one that is still opening says it by itself, with what is known then. */
  greet(): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ t: "hello", ...this.#ends.hello() }));
  }

  get headers(): Record<string, string> {
    const token = this.#ends.hello().token;
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  // ---- a socket ----

  #connect(): void {
    this.#cancel("retry");
    this.#drop();
    if (this.#stopped) return;
    const url = new URL("live", this.#base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = (this.#socket = new WebSocket(url));
    this.#after("welcome", WELCOME_MS, () => this.#failed());
    this.#after("doubt", 2 * DOUBT_MS, () => this.#doubt());
    socket.onopen = () => this.greet();
    socket.onmessage = (event: MessageEvent<string>) => this.#heard(JSON.parse(event.data) as ServerFrame);
    socket.onclose = () => this.#failed();
  }

  #heard(frame: ServerFrame): void {
    this.#cancel("pong");
    this.#cancel("doubt");
    if (frame.t === "pong") this.#slow = Math.max(this.#slow / 2, performance.now() - this.#asked);
    if (this.#doubted && this.#welcomed) {
      this.#ends.state(true);
      if (frame.t !== "welcome") this.greet(); // what was said meanwhile may be lost
    }
    this.#doubted = false;
    if (frame.t === "welcome") {
      if (frame.now) this.#ahead = frame.now - performance.now();
      this.#beat = frame.beat * 1000;
      this.#cancel("welcome");
      this.#failures = 0;
      this.#polling = false;
      this.#aborter?.abort();
      this.#welcomed = true;
      this.#ends.state(true);
    }
    if (frame.t === "again") this.greet();
    else if (frame.t !== "pong") this.#ends.hear(frame);
    this.#after("ping", this.#ends.lively() ? Math.min(LIVELY_BEAT_MS, this.#beat) : this.#beat, () => this.#ping());
  }

  #ping(): void {
    this.#socket?.send('{"t":"ping"}');
    this.#asked = performance.now();
    this.#cancel("ping");
    this.#after("pong", PONG_MS, () => this.#failed());
    if (this.#ends.lively()) this.#after("doubt", Math.min(SLOWEST_MS, Math.max(DOUBT_MS, 3 * this.#slow)), () => this.#doubt());
  }

  #doubt(): void {
    if (this.#polling) return;
    this.#doubted = true;
    this.#ends.state(false, false);
  }

  /** The page is visible again, or the network is: find out at once. */
  #wake(): void {
    if (this.#stopped) return;
    if (this.#welcomed && this.#socket?.readyState === WebSocket.OPEN) this.#ping();
    else if (!this.#timers.has("welcome")) this.#connect();
  }

  #failed(): void {
    this.#drop();
    if (this.#stopped) return;
    this.#failures += 1;
    if (this.#failures > 1 && !this.#polling) void this.#poll();
    if (!this.#polling) this.#ends.state(false);
    const most = this.#polling ? RETRY_SOCKET_MS : Math.min(30_000, 1000 * 2 ** this.#failures);
    this.#after("retry", this.#polling ? most : 200 + Math.random() * most, () => this.#connect());
  }

  #drop(): void {
    for (const name of ["welcome", "ping", "pong", "doubt"]) this.#cancel(name);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#welcomed = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  // ---- long polls ----

  async #poll(): Promise<void> {
    this.#polling = true;
    const round = ++this.#rounds; // those who rested meanwhile go on no more: two would hear older answers after newer ones
    const over = () => !this.#polling || round !== this.#rounds;
    let misses = 0;
    while (!over() && !this.#stopped) {
      const { token, ...held } = this.#ends.hello();
      const frames = token ? await this.#ask("poll", held) : await this.#peek();
      if (over()) return;
      misses = frames ? 0 : misses + 1;
      this.#ends.state(!!frames);
      frames?.forEach((frame) => this.#ends.hear(frame));
      if (!frames || !token) await pause(frames ? 10_000 : 500 + Math.random() * Math.min(30_000, 1000 * 2 ** misses));
    }
  }

  async #post(path: string, body: object): Promise<void> {
    const frames = await this.#ask(path, body);
    if (!frames) this.#ends.state(false);
    frames?.forEach((frame) => this.#ends.hear(frame));
  }

  /** Ask by POST; null when no answer of the house came, or none in time. */
  async #ask(path: string, body: object): Promise<ServerFrame[] | null> {
    const call = new AbortController();
    if (path === "poll") this.#aborter = call;
    const init = { method: "POST", body: written(body), headers: this.headers };
    const got = await this.#fetch<{ frames: ServerFrame[] }>(path, init, call);
    if (got && path === "poll" && !got.answer.ok) await pause(1000 * (Number(got.answer.headers.get("Retry-After")) || 2));
    return got?.told.frames ?? null;
  }

  /** Before there is a token there is nothing to hear but the desk. */
  async #peek(): Promise<ServerFrame[] | null> {
    const got = await this.#fetch<{ desk: ServerFrame }>("status", {});
    return got && [got.told.desk];
  }

  async #fetch<T>(path: string, init: RequestInit, call = new AbortController()): Promise<{ answer: Response; told: T } | null> {
    this.#calls.add(call);
    const late = setTimeout(() => call.abort(), ANSWER_MS);
    try {
      const answer = await fetch(new URL(path, this.#base), { ...init, credentials: "omit", signal: call.signal });
      const date = Date.parse(answer.headers.get("Date") ?? "");
      if (date) this.#ahead = date - performance.now();
      return { answer, told: (await answer.json()) as T };
    } catch {
      return null;
    } finally {
      clearTimeout(late);
      this.#calls.delete(call);
    }
  }

  // ---- one timer per name ----

  #after(name: string, ms: number, then: () => void): void {
    this.#cancel(name);
    const run = () => {
      this.#timers.delete(name);
      then();
    };
    this.#timers.set(name, window.setTimeout(run, ms));
  }

  #cancel(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}

/** A frame as it is sent. Half a character, as where a text was cut, is none: nobody could read the frame. */
export function written(frame: object): string {
  return JSON.stringify(frame, (_, value: unknown) => (typeof value === "string" ? value.replace(/\p{Cs}/gu, "\ufffd") : value));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
