// One WebSocket that is kept open: what the widget's link and the inbox's live line have in common.
//
// The rules: a connection that is silent for longer than its side allows is dead, even if the browser believes in it. A lost
// connection is opened again after a pause; the pause grows with each failure, with full jitter, so that browsers that a restart cut
// off do not come back together. Each timer has a name, and only one of a name runs.
// The two sides differ in what they say, in what they allow, and in how they poll where no WebSocket gets through. A patron's polls go
// on beside the sockets that are tried, since a mute socket must not hold up a chat. A librarian's polls and sockets take turns, since
// both would move the one position that the lists reflect. So the polls stay with each side.

export interface Side<Frame> {
  /** Open a socket; return null to go on without one. An exception counts as a lost connection. */
  open(): WebSocket | null;
  opened(): void;
  hear(frame: Frame): void;
  /** The socket is closed, by us or by the network. */
  dropped(): void;
  /** The connection was lost, the nth time in a row. Return the pause in ms before it is opened again; undefined for never. */
  lost(failures: number): number | undefined;
}

export class Connection<Frame> {
  failures = 0;
  stopped = true;
  #socket: WebSocket | null = null;
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #allowed: number; // ms of silence after a socket is opened
  #side: Side<Frame>;

  constructor(side: Side<Frame>, allowed: number) {
    this.#side = side;
    this.#allowed = allowed;
  }

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    for (const name of [...this.#timers.keys()]) this.cancel(name);
    this.drop();
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Send a text; false when no socket is open. */
  send(text: string): boolean {
    if (this.isOpen) this.#socket?.send(text);
    return this.isOpen;
  }

  /** Open a socket now, instead of one that may be there. */
  connect(): void {
    this.cancel("retry");
    this.drop();
    if (this.stopped) return;
    try {
      const socket = (this.#socket = this.#side.open());
      if (!socket) return;
      socket.onopen = () => this.#side.opened();
      socket.onmessage = (event: MessageEvent<string>) => this.#side.hear(JSON.parse(event.data) as Frame);
      socket.onclose = () => this.lost();
      this.expect(this.#allowed);
    } catch {
      this.lost();
    }
  }

  /** Something must be heard within so many ms, or the connection is lost. */
  expect(ms: number): void {
    if (!this.stopped) this.after("silence", ms, () => this.lost());
  }

  lost(): void {
    this.drop();
    if (this.stopped) return;
    const pause = this.#side.lost((this.failures += 1));
    if (pause !== undefined) this.after("retry", pause, () => this.connect());
  }

  drop(): void {
    this.cancel("silence");
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.#side.dropped();
  }

  after(name: string, ms: number, then: () => void): void {
    this.cancel(name);
    const run = () => {
      this.#timers.delete(name);
      then();
    };
    this.#timers.set(name, setTimeout(run, ms));
  }

  cancel(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  awaits(name: string): boolean {
    return this.#timers.has(name);
  }
}

/** A pause in ms with full jitter: at least `least`, doubled with each failure from `first` on, up to `most`. */
export function pauseAfter(failures: number, least: number, first: number, most: number): number {
  return least + Math.random() * Math.min(most, first * 2 ** failures);
}
