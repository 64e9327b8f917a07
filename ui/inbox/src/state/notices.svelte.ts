// What the page says to the librarian: toasts on the screen, and the same words to a screen reader.
import { type Key } from "../words";

export interface Toast {
  id: number;
  text: string;
  kind: "done" | "bad" | "call";
  does: readonly { word: Key; key: string; run: () => void }[];
  closed: () => void; // told when it goes away
}

const DONE_MS = 6000;
const BAD_MS = 12_000;

class Notices {
  toasts = $state.raw<readonly Toast[]>([]);
  spoken = $state(""); // what a screen reader is told
  private count = 0;

  announce(text: string): void {
    this.spoken = this.spoken === text ? `${text}\u00a0` : text;
  }

  /** Show a toast and return its number. A "call" stays until it is dismissed. */
  tell(text: string, kind: Toast["kind"] = "done", does: Toast["does"] = [], closed: () => void = () => undefined): number {
    const id = (this.count += 1);
    const given = this.toasts.slice(0, -2);
    this.toasts = [...this.toasts.slice(-2), { id, text, kind, does, closed }];
    for (const one of given) one.closed();
    this.announce(text);
    if (kind !== "call") setTimeout(() => this.dismiss(id), kind === "bad" ? BAD_MS : DONE_MS);
    return id;
  }

  dismiss(id: number): void {
    const toast = this.toasts.find((one) => one.id === id);
    this.toasts = this.toasts.filter((one) => one !== toast);
    toast?.closed();
  }

  /** Drop the toast that says this: it is not true any more. */
  unsay(text: string): void {
    this.toasts = this.toasts.filter((toast) => toast.text !== text);
  }
}

export const notices = new Notices();
