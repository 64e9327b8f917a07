// The live line to the desk: a WebSocket, or a long poll where no socket gets through; it resumes from the last position heard.
//
// The rule: what is shown is a list fetched once plus every message since (Zulip's rule). So the line knows one position, the
// last it heard, and asks to go on after it. `reset` means that is not possible: everything is fetched afresh. Both ends
// listen for each other: a line that is silent for `dead_s` is dead, even if the browser believes in it.
// A sleeping laptop wakes to a dead line: it is given up at once, not after the time-out. Waiting between attempts is
// full jitter, 0.3 s to 15 s; coming online or looking at the page tries at once. Where only polls get through, a socket is tried
// once a minute between two polls, and its failing is no loss of the line.
import type { ClientMessage, Polled, ServerMessage } from "./schema";

export type LineState = "connecting" | "live" | "polling" | "lost";

export interface Listener {
  message(message: ServerMessage): void;
  state(state: LineState): void;
}

export interface Wire {
  socket(after: string): WebSocket;
  poll(after: string, connection: string, said: ClientMessage[], signal: AbortSignal): Promise<Polled>;
}

const FIRST_S = 20;
const LONGEST_MS = 15_000;
const SOCKET_TRIES = 3;
const POLLED_MS = 60_000; // then a socket is tried again

export class Line {
  position = "";
  private socket: WebSocket | null = null;
  private polling: AbortController | null = null;
  private connection = ""; // of the polls; a socket's seat is its own
  private tries = 0;
  private deadMs = FIRST_S * 1000;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private stopped = true;
  private probing = false; // a socket is being tried although polls get through
  private watched = new Map<string, string>();
  private answered = new Set<string>();
  private unsaid: ClientMessage[] = [];
  private heardAt = 0;

  private readonly listener: Listener;
  private readonly wire: Wire;

  constructor(listener: Listener, wire: Wire) {
    this.listener = listener;
    this.wire = wire;
  }

  /** Go live after `position`, which is what the lists were fetched at. */
  start(position: string): void {
    this.stop();
    this.stopped = false;
    this.position = position;
    this.connection = "";
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.probing = false;
    this.drop();
    clearTimeout(this.again);
    this.watched.clear();
  }

  watch(conversation: string, position: string): void {
    this.watched.set(conversation, position);
    this.answered.delete(conversation);
    this.say({ t: "watch", conversation, position });
  }

  unwatch(conversation: string): void {
    this.answered.delete(conversation);
    if (this.watched.delete(conversation)) this.say({ t: "unwatch", conversation });
  }

  /** Whether the desk has said that it tells what is new in a conversation. What one may not see it passes over in silence. */
  hears(conversation: string): boolean {
    return this.answered.has(conversation);
  }

  /** Say something that may be lost: signs are not kept for a line that is down. */
  say(message: ClientMessage): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
    else if (this.polling) this.unsaid.push(message);
  }

  /** The browser itself knows that it has no network: do not wait for silence to tell. */
  cutOff(): void {
    if (!this.stopped) this.lost();
  }

  /** Try now: the network came back, or somebody looks at the page again. */
  nudge(): void {
    if (this.stopped) return;
    const silent = Date.now() - this.heardAt > this.deadMs;
    if (this.socket?.readyState === WebSocket.OPEN && !silent) {
      this.say({ t: "pong" });
      return;
    }
    if (this.polling && !silent) return;
    this.tries = 0;
    this.connect();
  }

  private connect(): void {
    this.drop();
    clearTimeout(this.again);
    if (this.stopped) return;
    if (this.tries > 0 && this.tries % (SOCKET_TRIES + 1) === SOCKET_TRIES) {
      void this.poll();
      return;
    }
    this.open();
  }

  private open(): void {
    if (!this.probing) this.listener.state(this.tries === 0 ? "connecting" : "lost");
    let socket: WebSocket;
    try {
      socket = this.wire.socket(this.position);
    } catch {
      this.lost();
      return;
    }
    this.socket = socket;
    socket.onopen = () => this.expect();
    socket.onmessage = (event: MessageEvent<string>) => {
      if (this.socket === socket) this.hear(JSON.parse(event.data) as ServerMessage, "live");
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
    this.expect();
  }

  private async poll(): Promise<void> {
    const control = new AbortController();
    const until = Date.now() + POLLED_MS;
    this.polling = control;
    const rewatch = () => this.rewatch((message) => this.unsaid.push(message));
    let seat = "";
    rewatch();
    try {
      while (!control.signal.aborted) {
        this.expect();
        const said = this.unsaid.splice(0);
        const polled = await this.wire.poll(this.position, this.connection, said, control.signal);
        if (seat && seat !== polled.connection) rewatch(); // given up meanwhile: a new seat knows nothing of what is open
        seat = this.connection = polled.connection;
        for (const message of polled.messages) this.hear(message, "polling");
        this.position = polled.position || this.position;
        this.listener.state("polling");
        if (Date.now() > until) return this.probe();
      }
    } catch {
      if (this.polling === control) this.lost();
    }
  }

  private probe(): void {
    this.probing = true;
    this.connect();
  }

  private hear(message: ServerMessage, by: LineState): void {
    this.heardAt = Date.now();
    this.expect();
    if (message.t === "hello") {
      this.deadMs = message.dead_s * 1000;
      this.tries = 0;
      this.probing = false;
      this.listener.state(by);
      if (by === "live") this.rewatch((said) => this.say(said));
    }
    if (message.t === "ping") this.say({ t: "pong", at: message.at });
    if (message.t === "signed-out") this.stop();
    this.listener.message(message);
    // Until the first lines of a conversation came, what is heard does not speak for it.
    if (message.t === "lines" && this.watched.has(message.conversation)) this.answered.add(message.conversation);
    // A hello tells how far the desk is, not what this page has heard of.
    if ("position" in message && message.t !== "hello" && message.t !== "up") this.reached(message.position);
  }

  private reached(position: string): void {
    this.position = position;
    for (const conversation of this.answered) this.watched.set(conversation, position);
  }

  private rewatch(say: (message: ClientMessage) => void): void {
    this.answered.clear();
    for (const [conversation, position] of this.watched) say({ t: "watch", conversation, position });
  }

  private expect(): void {
    clearTimeout(this.watchdog);
    if (!this.stopped) this.watchdog = setTimeout(() => this.lost(), this.deadMs);
  }

  private lost(): void {
    this.drop();
    if (this.stopped) return;
    if (this.probing) {
      this.probing = false;
      this.tries = SOCKET_TRIES;
      void this.poll();
      return;
    }
    this.tries += 1;
    this.listener.state("lost");
    const most = Math.min(LONGEST_MS, 300 * 2 ** Math.min(this.tries, 6));
    this.again = setTimeout(() => this.connect(), 100 + Math.random() * most);
  }

  private drop(): void {
    clearTimeout(this.watchdog);
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.polling?.abort();
    this.polling = null;
  }
}
