// The line to the house: a WebSocket, and long polls where none gets through.
//
// The rules: either side that hears nothing for too long hangs up; a socket that opens but stays mute (half-open, one way lost) counts
// as failed, and after it the polls take over while a socket is tried again now and then. Waiting grows with full jitter.
// The token goes in the first frame or in a header, never in a URL.

import type { ServerFrame } from "./types";

const WELCOME_MS = 8_000;
const PONG_MS = 8_000;
const RETRY_SOCKET_MS = 60_000;
const ANSWER_MS = 40_000; // a poll is answered after 25 s at the latest

export interface Ends {
  hello: () => { token?: string; after?: string; have?: string[] };
  hear: (frame: ServerFrame) => void;
  state: (on: boolean) => void;
}

export class Link {
  private socket: WebSocket | undefined;
  private welcomed = false;
  private polling = false;
  private rounds = 0; // of polls
  private failures = 0;
  private timers = new Map<string, number>();
  private beat = 20_000;
  private stopped = true;
  private aborter: AbortController | undefined; // of the poll that is under way
  private calls = new Set<AbortController>();

  constructor(
    private base: string,
    private ends: Ends,
  ) {
    addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.wake();
    });
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.connect();
  }

  /** Hang up; what the house still answers is not heard. */
  stop(): void {
    this.stopped = true;
    for (const name of [...this.timers.keys()]) this.cancel(name);
    for (const call of this.calls) call.abort();
    this.drop();
  }

  /** Hang up and call again: the other side asked, or an answer stayed out. */
  again(): void {
    if (this.welcomed) this.failed();
  }

  /** Say a frame now; false when there is no line. */
  say(frame: object): boolean {
    if (this.polling) {
      void this.post("frames", frame);
      return true;
    }
    if (!this.welcomed || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(written(frame));
    return true;
  }

  /** Say hello on a socket that stands; one that is still opening says it by itself, with what is known then. */
  greet(): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ t: "hello", ...this.ends.hello() }));
  }

  get headers(): Record<string, string> {
    const token = this.ends.hello().token;
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  // ---- a socket ----

  private connect(): void {
    this.cancel("retry");
    this.drop();
    if (this.stopped) return;
    const url = new URL("live", this.base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = (this.socket = new WebSocket(url));
    this.after("welcome", WELCOME_MS, () => this.failed());
    socket.onopen = () => this.greet();
    socket.onmessage = (event: MessageEvent<string>) => this.heard(JSON.parse(event.data) as ServerFrame);
    socket.onclose = () => this.failed();
  }

  private heard(frame: ServerFrame): void {
    this.cancel("pong");
    if (frame.t === "welcome") {
      this.beat = frame.beat * 1000;
      this.cancel("welcome");
      this.failures = 0;
      this.polling = false;
      this.aborter?.abort();
      this.welcomed = true;
      this.ends.state(true);
    }
    if (frame.t === "again") this.greet();
    else if (frame.t !== "pong") this.ends.hear(frame);
    this.after("ping", this.beat, () => this.ping());
  }

  private ping(): void {
    this.socket?.send('{"t":"ping"}');
    this.after("pong", Math.min(PONG_MS, this.beat), () => this.failed());
  }

  /** The page is visible again, or the network is: find out at once. */
  private wake(): void {
    if (this.stopped) return;
    if (this.welcomed && this.socket?.readyState === WebSocket.OPEN) this.ping();
    else if (!this.timers.has("welcome")) this.connect();
  }

  private failed(): void {
    this.drop();
    if (this.stopped) return;
    this.failures += 1;
    if (this.failures > 1 && !this.polling) void this.poll();
    if (!this.polling) this.ends.state(false);
    const most = this.polling ? RETRY_SOCKET_MS : Math.min(30_000, 1000 * 2 ** this.failures);
    this.after("retry", this.polling ? most : 200 + Math.random() * most, () => this.connect());
  }

  private drop(): void {
    for (const name of ["welcome", "ping", "pong"]) this.cancel(name);
    const socket = this.socket;
    this.socket = undefined;
    this.welcomed = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  // ---- long polls ----

  private async poll(): Promise<void> {
    this.polling = true;
    const round = ++this.rounds; // those who rested meanwhile go on no more: two would hear older answers after newer ones
    const over = () => !this.polling || round !== this.rounds;
    let misses = 0;
    while (!over() && !this.stopped) {
      const { token, ...held } = this.ends.hello();
      const frames = token ? await this.ask("poll", held) : await this.peek();
      if (over()) return;
      misses = frames ? 0 : misses + 1;
      this.ends.state(!!frames);
      frames?.forEach((frame) => this.ends.hear(frame));
      if (!frames || !token) await pause(frames ? 10_000 : 500 + Math.random() * Math.min(30_000, 1000 * 2 ** misses));
    }
  }

  private async post(path: string, body: object): Promise<void> {
    const frames = await this.ask(path, body);
    if (!frames) this.ends.state(false);
    frames?.forEach((frame) => this.ends.hear(frame));
  }

  /** Ask by POST; null when no answer of the house came, or none in time. */
  private async ask(path: string, body: object): Promise<ServerFrame[] | null> {
    const call = new AbortController();
    if (path === "poll") this.aborter = call;
    const init = { method: "POST", body: written(body), headers: this.headers };
    const got = await this.fetch<{ frames: ServerFrame[] }>(path, init, call);
    if (got && path === "poll" && !got.answer.ok) await pause(1000 * (Number(got.answer.headers.get("Retry-After")) || 2));
    return got?.told.frames ?? null;
  }

  /** Before there is a token there is nothing to hear but the desk. */
  private async peek(): Promise<ServerFrame[] | null> {
    const got = await this.fetch<{ desk: ServerFrame }>("status", {});
    return got && [got.told.desk];
  }

  private async fetch<T>(path: string, init: RequestInit, call = new AbortController()): Promise<{ answer: Response; told: T } | null> {
    this.calls.add(call);
    const late = setTimeout(() => call.abort(), ANSWER_MS);
    try {
      const answer = await fetch(new URL(path, this.base), { ...init, credentials: "omit", signal: call.signal });
      return { answer, told: (await answer.json()) as T };
    } catch {
      return null;
    } finally {
      clearTimeout(late);
      this.calls.delete(call);
    }
  }

  // ---- one timer per name ----

  private after(name: string, ms: number, then: () => void): void {
    this.cancel(name);
    const run = () => {
      this.timers.delete(name);
      then();
    };
    this.timers.set(name, window.setTimeout(run, ms));
  }

  private cancel(name: string): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}

/** A frame as it is sent. Half a character, as where a text was cut, is none: nobody could read the frame. */
export function written(frame: object): string {
  return JSON.stringify(frame, (_, value: unknown) => (typeof value === "string" ? value.replace(/\p{Cs}/gu, "\ufffd") : value));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
