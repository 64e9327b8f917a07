// The live line of this page: its state for the screen, and what comes over it for `inbox.ts`.
import { api, ROOT } from "../api";
import { Line, type LineState } from "../live";
import type { ServerMessage } from "../schema";

const BACK_MS = 4000;

interface Listener {
  heard(message: ServerMessage): void;
  changed(state: LineState, before: LineState): void;
}

class Connection {
  state = $state<LineState>("connecting");
  back = $state(false); // the line came back a moment ago
  /** `inbox.ts` sets it before the line starts. */
  listener: Listener = { heard: () => undefined, changed: () => undefined };

  readonly live = new Line(
    { message: (message) => this.listener.heard(message), state: (state) => this.changed(state) },
    {
      socket: (after) => {
        const scheme = location.protocol === "https:" ? "wss" : "ws";
        return new WebSocket(`${scheme}://${location.host}${ROOT}/live?after=${encodeURIComponent(after)}`);
      },
      poll: (after, connection, said, signal) => api.poll(after, connection, said, signal),
    },
  );

  private changed(state: LineState): void {
    const before = this.state;
    this.state = state;
    if ((state === "live" || state === "polling") && before === "lost") {
      this.back = true;
      setTimeout(() => (this.back = false), BACK_MS);
    }
    this.listener.changed(state, before);
  }
}

export const connection = new Connection();
