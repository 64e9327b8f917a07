// The inbox's live connection to the desk: a WebSocket, or long polls where no WebSocket gets through. It goes on after the last
// position heard.
//
// The rule: what is shown is a list fetched once plus every message since (Zulip's rule). So the connection knows one position, the
// last it heard, and asks to go on after it. `reset` means that this is not possible: everything is fetched again. Both ends
// listen for each other: a connection that is silent for `dead_s` is dead, even if the browser believes in it.
// A laptop that wakes finds a dead connection: it is closed at once, not after the time-out. Coming online or looking at the page
// connects at once. Where only polls get through, a socket is tried once a minute between two polls, and its failure loses nothing.
import { Connection, pauseAfter } from "../../live/connection";
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
  private polling: AbortController | null = null;
  private connection = ""; // of the polls; a socket has its own
  private deadMs = FIRST_S * 1000;
  private probing = false; // a socket is being tried although polls get through
  private watched = new Map<string, string>();
  private board = false; // the page shows the board
  private answered = new Set<string>();
  private unsaid: ClientMessage[] = [];
  private heardAt = 0;

  private shown = true;
  private readonly listener: Listener;
  private readonly wire: Wire;
  private readonly socket = new Connection<ServerMessage>(
    {
      open: () => this.open(),
      opened: () => this.expect(),
      hear: (message) => this.hear(message, "live"),
      dropped: () => {
        this.polling?.abort();
        this.polling = null;
      },
      lost: (failures) => this.lost(failures),
    },
    FIRST_S * 1000,
  );

  constructor(listener: Listener, wire: Wire) {
    this.listener = listener;
    this.wire = wire;
  }

  /** Go live after `position`, which is what the lists were fetched at. */
  start(position: string): void {
    this.stop();
    this.position = position;
    this.connection = "";
    this.socket.start();
  }

  stop(): void {
    this.probing = false;
    this.socket.stop();
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

  /** Whether somebody can see this page: in a tab behind others nobody reads what is open. */
  looking(shown: boolean): void {
    this.shown = shown;
    this.say({ t: "looking", shown });
  }

  /** Hear what changes on the board, which was fetched at `position`. */
  watchBoard(position: string): void {
    this.board = true;
    this.say({ t: "watch-board", position });
  }

  leaveBoard(): void {
    if (this.board) this.say({ t: "leave-board" });
    this.board = false;
  }

  /** Whether the desk has said that it tells what is new in a conversation. What one may not see it passes over in silence. */
  hears(conversation: string): boolean {
    return this.answered.has(conversation);
  }

  /** Say something that may be lost: signs are not kept for a line that is down. */
  say(message: ClientMessage): void {
    if (!this.socket.send(JSON.stringify(message)) && this.polling) this.unsaid.push(message);
  }

  /** The browser itself knows that it has no network: do not wait for silence to tell. */
  cutOff(): void {
    this.socket.lost();
  }

  /** Try now: the network came back, or somebody looks at the page again. */
  nudge(): void {
    if (this.socket.stopped) return;
    const silent = Date.now() - this.heardAt > this.deadMs;
    if (this.socket.isOpen && !silent) {
      this.say({ t: "pong" });
      return;
    }
    if (this.polling && !silent) return;
    this.socket.failures = 0;
    this.socket.connect();
  }

  private open(): WebSocket | null {
    const tries = this.socket.failures;
    if (tries > 0 && tries % (SOCKET_TRIES + 1) === SOCKET_TRIES) {
      void this.poll();
      return null;
    }
    if (!this.probing) this.listener.state(tries === 0 ? "connecting" : "lost");
    return this.wire.socket(this.position);
  }

  private async poll(): Promise<void> {
    const control = new AbortController();
    const until = Date.now() + POLLED_MS;
    this.polling = control;
    const rewatch = () => this.rewatch((message) => this.unsaid.push(message));
    let before = "";
    rewatch();
    try {
      while (!control.signal.aborted) {
        this.expect();
        const said = this.unsaid.splice(0);
        const polled = await this.wire.poll(this.position, this.connection, said, control.signal);
        if (before && before !== polled.connection) rewatch(); // dropped meanwhile: a new one is not told yet what is open
        before = this.connection = polled.connection;
        for (const message of polled.messages) this.hear(message, "polling");
        this.position = polled.position || this.position;
        this.listener.state("polling");
        if (Date.now() > until) {
          this.probing = true;
          return this.socket.connect();
        }
      }
    } catch {
      if (this.polling === control) this.socket.lost();
    }
  }

  private hear(message: ServerMessage, by: LineState): void {
    this.heardAt = Date.now();
    this.expect();
    if (message.t === "hello") {
      this.deadMs = message.dead_s * 1000;
      this.socket.failures = 0;
      this.probing = false;
      this.listener.state(by);
      if (by === "live") this.rewatch((said) => this.say(said));
    }
    if (message.t === "ping") this.say({ t: "pong", at: message.at });
    if (message.t === "signed-out") this.stop();
    this.listener.message(message);
    // Until the first lines of a conversation came, what is heard does not speak for it.
    if (message.t === "lines" && this.watched.has(message.conversation)) this.answered.add(message.conversation);
    // A hello tells the desk's position, not what this page has heard of.
    if ("position" in message && message.t !== "hello" && message.t !== "up") this.reached(message.position);
  }

  private reached(position: string): void {
    this.position = position;
    for (const conversation of this.answered) this.watched.set(conversation, position);
  }

  private rewatch(say: (message: ClientMessage) => void): void {
    this.answered.clear();
    if (!this.shown) say({ t: "looking", shown: false });
    if (this.board) say({ t: "watch-board" }); // what was missed is not known: all of it is told
    for (const [conversation, position] of this.watched) say({ t: "watch", conversation, position });
  }

  private expect(): void {
    this.socket.expect(this.deadMs);
  }

  private lost(failures: number): number | undefined {
    if (this.probing) {
      this.probing = false;
      this.socket.failures = SOCKET_TRIES;
      void this.poll();
      return undefined;
    }
    this.listener.state("lost");
    return pauseAfter(Math.min(failures, 6), 100, 300, LONGEST_MS);
  }
}
