// The widget's link to the desk: a WebSocket, and long polls where none gets through.
//
// The rules: either side that hears nothing for too long closes the connection. While the patron is active, a link that does not
// answer within two seconds is said to be away; it is closed later, since it may be slow. A socket that opens and stays mute
// (half-open, one direction lost) counts as failed. After it the polls take over, and a socket is tried again now and then.
// The token goes in the first frame or in a header, never in a URL.

import { Connection, pauseAfter } from "../live/connection";
import type { ClientFrame, ClientHello, ServerFrame } from "./frames";

const WELCOME_MS = 8_000;
const PONG_MS = 8_000;
const LIVELY_BEAT_MS = 1_000; // while the patron is active
const DOUBT_MS = 1_000; // without an answer; more where the network is slow
const SLOWEST_MS = 5_000;
const RETRY_SOCKET_MS = 60_000;
const LONGEST_MS = 30_000; // between two attempts
const ANSWER_MS = 40_000; // a poll is answered after 25 s at the latest

export interface Ends {
  hello: () => Omit<ClientHello, "t">;
  hear: (frame: ServerFrame) => void;
  state: (on: boolean, sure?: boolean) => void;
  lively: () => boolean; // the patron is active
}

export class Link {
  #welcomed = false;
  #polling = false;
  #rounds = 0; // of polls
  #beat = 20_000;
  #aborter: AbortController | undefined; // of the poll that is under way
  #calls = new Set<AbortController>();
  #asked = 0; // when the last ping went
  #slow = 0; // ms that an answer takes here
  #doubted = false;
  #ahead = 0; // ms of the desk's clock to this page's

  #base: string;
  #ends: Ends;
  #connection: Connection<ServerFrame>;

  constructor(base: string, ends: Ends) {
    this.#base = base;
    this.#ends = ends;
    const connection = (this.#connection = new Connection<ServerFrame>(
      {
        open: () => this.#open(),
        opened: () => this.greet(),
        hear: (frame) => this.#hear(frame),
        dropped: () => {
          for (const name of ["ping", "doubt"]) connection.cancel(name);
          this.#welcomed = false;
        },
        lost: (failures) => this.#lost(failures),
      },
      WELCOME_MS,
    ));
    addEventListener("online", () => this.#wake());
    addEventListener("offline", () => {
      if (connection.stopped) return;
      connection.lost();
      ends.state(false);
    });
    // A page that the browser keeps to go back to has no link meanwhile, and its link would be a reason not to keep it.
    addEventListener("pagehide", () => connection.drop());
    addEventListener("pageshow", (event) => event.persisted && this.#wake());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#wake();
    });
  }

  start(): void {
    if (this.#connection.stopped) this.#connection.start();
  }

  /** Close the link; what the desk still answers is not heard. */
  stop(): void {
    for (const call of this.#calls) call.abort();
    this.#connection.stop();
  }

  /** Close the link and connect again: an answer stayed out. */
  again(): void {
    if (this.#welcomed) this.#connection.lost();
  }

  /** Now, by the desk's clock (ms); by this machine's until the desk has told. */
  get now(): number {
    return performance.now() + (this.#ahead || performance.timeOrigin);
  }

  /** The patron does something: find out soon whether the link is connected. */
  stir(): void {
    const connection = this.#connection;
    if (connection.awaits("ping") && !connection.awaits("doubt") && performance.now() - this.#asked > LIVELY_BEAT_MS) this.#ping();
  }

  /** End the chat of a token at the desk; false when it is not known whether that arrived. */
  async end(token: string): Promise<boolean> {
    const headers = { Authorization: `Bearer ${token}` };
    const got = await this.#fetch("end", { method: "POST", headers, keepalive: true });
    return !!got && (got.answer.ok || got.answer.status === 401);
  }

  /** Say a frame now; false when nothing is connected. */
  say(frame: ClientFrame): boolean {
    if (this.#polling) void this.#post("frames", frame);
    return this.#polling || (this.#welcomed && this.#connection.send(written(frame)));
  }

  /** Say hello on an open socket; one that is still opening says it by itself, with what is known then. */
  greet(): void {
    this.#connection.send(JSON.stringify({ t: "hello", ...this.#ends.hello() }));
  }

  get headers(): Record<string, string> {
    const token = this.#ends.hello().token;
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  // ---- a socket ----

  #open(): WebSocket {
    this.#connection.after("doubt", 2 * DOUBT_MS, () => this.#doubt());
    const url = new URL("live", this.#base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url);
  }

  #hear(frame: ServerFrame): void {
    const connection = this.#connection;
    connection.cancel("doubt");
    if (frame.t === "welcome") {
      if (frame.now) this.#ahead = frame.now - performance.now();
      this.#beat = frame.beat * 1000;
      connection.failures = 0;
      this.#polling = false;
      this.#aborter?.abort();
      this.#welcomed = true;
    }
    if (frame.t === "pong") this.#slow = Math.max(this.#slow / 2, performance.now() - this.#asked);
    if (this.#welcomed) connection.cancel("silence");
    // What was said while nothing was heard may be lost. The welcome says that the link is back.
    if (frame.t === "again" || (this.#doubted && this.#welcomed && frame.t !== "welcome")) this.greet();
    this.#doubted = false;
    if (frame.t !== "again" && frame.t !== "pong") this.#ends.hear(frame);
    connection.after("ping", this.#ends.lively() ? Math.min(LIVELY_BEAT_MS, this.#beat) : this.#beat, () => this.#ping());
  }

  #ping(): void {
    const connection = this.#connection;
    connection.send('{"t":"ping"}');
    this.#asked = performance.now();
    connection.cancel("ping");
    connection.expect(PONG_MS);
    if (this.#ends.lively()) connection.after("doubt", Math.min(SLOWEST_MS, Math.max(DOUBT_MS, 3 * this.#slow)), () => this.#doubt());
  }

  #doubt(): void {
    if (this.#polling) return;
    this.#doubted = true;
    this.#ends.state(false, false);
  }

  /** The page is visible again, or the network is back: find out at once. */
  #wake(): void {
    const connection = this.#connection;
    if (connection.stopped) return;
    if (this.#welcomed && connection.isOpen) this.#ping();
    else if (this.#welcomed || !connection.awaits("silence")) connection.connect();
  }

  #lost(failures: number): number {
    if (failures > 1 && !this.#polling) void this.#poll();
    if (this.#polling) return RETRY_SOCKET_MS;
    this.#ends.state(false);
    return pauseAfter(failures, 200, 1000, LONGEST_MS);
  }

  // ---- long polls ----

  async #poll(): Promise<void> {
    this.#polling = true;
    const round = ++this.#rounds; // an older loop that still pauses ends: two would hear older answers after newer ones
    const over = () => !this.#polling || round !== this.#rounds;
    let misses = 0;
    while (!over() && !this.#connection.stopped) {
      const { token, ...held } = this.#ends.hello();
      const frames = token ? await this.#ask("poll", held) : await this.#peek();
      if (over()) return;
      misses = frames ? 0 : misses + 1;
      this.#ends.state(!!frames);
      frames?.forEach((frame) => this.#ends.hear(frame));
      if (!frames || !token) await pause(frames ? 10_000 : pauseAfter(misses, 500, 1000, LONGEST_MS));
    }
  }

  async #post(path: string, body: object): Promise<void> {
    const frames = await this.#ask(path, body);
    if (!frames) this.#ends.state(false);
    frames?.forEach((frame) => this.#ends.hear(frame));
  }

  /** Ask by POST; null when the desk did not answer, or not in time. */
  async #ask(path: string, body: object): Promise<ServerFrame[] | null> {
    const call = new AbortController();
    if (path === "poll") this.#aborter = call;
    const init = { method: "POST", body: written(body), headers: this.headers };
    const got = await this.#fetch<{ frames: ServerFrame[] }>(path, init, call);
    if (got && path === "poll" && !got.answer.ok) await pause(1000 * (Number(got.answer.headers.get("Retry-After")) || 2));
    return got?.told.frames ?? null;
  }

  /** Without a token there is nothing to hear but the state of the desk. */
  async #peek(): Promise<ServerFrame[] | null> {
    const got = await this.#fetch<{ desk?: ServerFrame }>("status", {});
    return got?.told.desk ? [got.told.desk] : null; // an error answers without one
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
}

/** A frame as it is sent. Half a character, as where a text was cut, is replaced: the desk could not read the frame. */
export function written(frame: object): string {
  return JSON.stringify(frame, (_, value: unknown) => (typeof value === "string" ? value.replace(/\p{Cs}/gu, "\ufffd") : value));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
