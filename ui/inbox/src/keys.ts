// Keys: one table of what a librarian pressed, and which action it means.
//
// The rule: single keys work outside text fields only, and never with Alt or AltGr, which write letters in many languages. Each can be
// given another key, and all can be switched off (WCAG 2.2 SC 2.1.4). Chords with Ctrl or Cmd work everywhere.
// Enter and Space keep their meaning for the element that has the focus.
import { isComposing } from "../../composing";

export interface Bindings {
  on: boolean;
  own: Record<string, string>; // action -> key; "" = none
}

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  isComposing: boolean;
  keyCode: number;
  getModifierState?: (name: string) => boolean;
}

/** "j", "?", "Enter", "Ctrl+k"; "" for what is never ours. Cmd counts as Ctrl. */
export function pressed(event: Pressed): string {
  if (event.altKey || isComposing(event) || event.getModifierState?.("AltGraph")) return "";
  if (["Shift", "Control", "Meta", "Alt", "Dead", "Process", "Unidentified"].includes(event.key)) return "";
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `Ctrl+${key}` : key;
}

export function isText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["button", "checkbox", "radio", "submit", "range"].includes(target.type);
}

/** Enter and Space belong to a control that has the focus. */
export function isTaken(key: string, target: EventTarget | null): boolean {
  if (key !== "Enter" && key !== " ") return false;
  return target instanceof HTMLElement && target.closest("button, a[href], summary, [role=option], input") !== null;
}

const PLACE = "deskbridge.keys";

export function load(keep: Pick<Storage, "getItem">): Bindings {
  try {
    const kept = JSON.parse(keep.getItem(PLACE) ?? "{}") as Partial<Bindings>;
    return { on: kept.on ?? true, own: kept.own ?? {} };
  } catch {
    return { on: true, own: {} };
  }
}

export function store(keep: Pick<Storage, "setItem">, bindings: Bindings): void {
  keep.setItem(PLACE, JSON.stringify(bindings));
}

export function keyOf(action: { id: string; key: string }, bindings: Bindings): string {
  return bindings.own[action.id] ?? action.key;
}

/** The action that a key means now. */
export function meant<A extends { id: string; key: string }>(actions: readonly A[], key: string, bindings: Bindings): A[] {
  if (!key || (!bindings.on && !key.startsWith("Ctrl+"))) return [];
  return actions.filter((action) => keyOf(action, bindings) === key);
}

/** How a key is written for people on this machine. */
export function written(key: string): string {
  const mac = navigator.platform.startsWith("Mac");
  return key
    .replace("Ctrl+", mac ? "⌘" : "Ctrl+")
    .replace(/(^|\+|⌘)([a-z])$/, (_, before: string, letter: string) => before + letter.toUpperCase())
    .replace("Escape", "Esc");
}
