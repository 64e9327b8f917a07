// The socket to the desk. A line that breaks is tried again, with the pass that this window was given; the call goes on meanwhile.
import type { Said, Told } from "./frames";

const KEPT = "deskbridge.call";
const AGAIN_MS = 1500;
const TRIES = 8;

export class Line {
  private socket: WebSocket | undefined;
  private tries = 0;
  private over = false;
  private token: string;

  constructor(
    private readonly hear: (told: Told) => void,
    private readonly lost: (forGood: boolean) => void,
  ) {
    this.token = location.hash.slice(1) || sessionStorage.getItem(KEPT) || "";
    // The address opens the call: it is not to stand in the window's bar, nor in the history.
    history.replaceState(null, "", location.pathname);
    // The same window is opened for another call.
    addEventListener("hashchange", () => location.reload());
  }

  /** The pass with which this window comes in. */
  get pass(): string {
    return this.token;
  }

  keep(token: string): void {
    this.token = token;
    this.tries = 0;
    sessionStorage.setItem(KEPT, token);
  }

  open(): void {
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/call/live`);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ t: "enter", token: this.token } satisfies Said));
    socket.onmessage = (event: MessageEvent<string>) => {
      const told = JSON.parse(event.data) as Told;
      if (told.t === "over" && told.reason !== "busy") this.end();
      this.hear(told);
    };
    socket.onclose = () => this.again();
  }

  say(said: Said): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(said));
  }

  /** The call is over for this window. */
  end(): void {
    this.over = true;
    sessionStorage.removeItem(KEPT);
  }

  private again(): void {
    if (this.over) return;
    this.tries += 1;
    this.lost(this.tries > TRIES);
    if (this.tries <= TRIES) setTimeout(() => this.open(), AGAIN_MS);
  }
}
