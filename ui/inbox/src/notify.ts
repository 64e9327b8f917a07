// When to call a librarian's attention, and how: a decision that can be tested, and the code that carries it out.
//
// The rule: one notification per conversation, a later one replaces it. Each kind rings on the desktop, by a sound, or not at all. There
// is none in quiet hours and none for the conversation that is looked at. It is withdrawn as soon as a colleague took the conversation.
// A note that names me, or a colleague's question, is for me, whichever colleague owns the conversation: it calls until I open it.
// What colleagues write rings where it is for me alone: one to one, and beside a conversation that asks me. Rooms ring never.
import type { QuietHoursView, Row } from "./schema";

export const KINDS = ["offer", "waiting", "message", "transfer", "mention", "consult", "colleague"] as const;
export type Kind = (typeof KINDS)[number];

/** What rings in this browser. */
export interface Wishes {
  desktop: Record<Kind, boolean>;
  sound: Record<Kind, boolean>;
}

/** Quiet hours are by the clock of a time zone of the librarian's own; the desk keeps them for all their browsers. */
export const NEVER_QUIET: QuietHoursView = { on: false, start: "20:00", end: "08:00", timezone: "UTC" };

export const USUAL: Wishes = {
  desktop: { offer: true, waiting: true, message: true, transfer: true, mention: true, consult: true, colleague: true },
  sound: { offer: true, waiting: true, message: false, transfer: true, mention: true, consult: true, colleague: false },
};

const PLACE = "deskbridge.notify";

export function load(keep: Pick<Storage, "getItem">): Wishes {
  try {
    const kept = JSON.parse(keep.getItem(PLACE) ?? "{}") as Partial<Wishes>;
    const { desktop, sound } = USUAL;
    return { desktop: { ...desktop, ...kept.desktop }, sound: { ...sound, ...kept.sound } };
  } catch {
    return USUAL;
  }
}

export function store(keep: Pick<Storage, "setItem">, wishes: Wishes): void {
  keep.setItem(PLACE, JSON.stringify(wishes));
}

/** What is new about a row that somebody should hear of; null when nothing is. */
export function newsOf(before: Row | undefined, now: Row): Kind | null {
  if (now.transfer?.to_me && !before?.transfer?.to_me) return "transfer";
  if (now.offered_to_me && !before?.offered_to_me) return "offer";
  if (now.state === "waiting" && now.can_claim && before?.state !== "waiting") return "waiting";
  if (now.views.includes("mine") && now.unread > (before?.unread ?? 0) && now.last_by === "patron") return "message";
  return null;
}

/** A transfer of mine ended and the conversation is still mine: nobody took it. */
export function cameBack(before: Row | undefined, now: Row, me: string): boolean {
  return !!me && before?.transfer?.by === me && !now.transfer && now.state === "active" && now.owner === me;
}

/** The browser has not been asked yet whether this page may show notifications. */
export const isUnasked = () => "Notification" in window && Notification.permission === "default";

/** Ask the browser for notifications, once: a librarian who goes available waits for what they tell. */
export function askLeave(): void {
  if (isUnasked()) void Notification.requestPermission();
}

/** Nobody needs to hear of it any more: taken, closed, or read. What a row is like says nothing about a mention. */
export function isOver(row: Row | undefined, kind: Kind): boolean {
  if (kind === "mention" || kind === "consult" || kind === "colleague") return false;
  if (!row) return true;
  if (row.views.includes("mine")) return row.unread === 0;
  return !row.offered_to_me && !row.can_claim && !row.transfer?.to_me;
}

/** `now` as "HH:MM" lies in the quiet hours, which may go over midnight. */
export function isQuiet({ on, start, end }: QuietHoursView, now: string): boolean {
  if (!on || start === end) return false;
  return start < end ? now >= start && now < end : now >= start || now < end;
}

/** The time of day in a time zone, as "HH:MM". */
export function timeOfDay(at: Date, timezone: string): string {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: timezone }).format(at);
}

export interface Call {
  conversation: string;
  kind: Kind;
  title: string;
  body: string;
}

/** Shows notifications; holds one per conversation. */
export class Bell {
  private readonly shown = new Map<string, { kind: Kind; notification: Notification }>();

  private readonly opened: (conversation: string) => void;

  constructor(opened: (conversation: string) => void) {
    this.opened = opened;
  }

  ring({ conversation, kind, title, body }: Call, desktop: boolean, sound: boolean): void {
    if (sound) chime();
    if (!desktop || !("Notification" in window) || Notification.permission !== "granted") return;
    try {
      const notification = new Notification(title, { body, tag: `deskbridge-${conversation}`, silent: true });
      notification.onclick = () => {
        window.focus();
        this.opened(conversation);
        notification.close();
      };
      this.shown.set(conversation, { kind, notification });
    } catch {
      // A phone's browser allows notifications from a service worker only. Where there is none, the title's badge still tells.
      const said = { body, tag: `deskbridge-${conversation}`, silent: true, data: { conversation } };
      void workers()?.getRegistration("/inbox/").then((worker) => worker?.showNotification(title, said));
    }
  }

  withdraw(conversation: string): void {
    void workers()?.getRegistration("/inbox/").then(async (worker) => {
      for (const one of (await worker?.getNotifications({ tag: `deskbridge-${conversation}` })) ?? []) one.close();
    });
    this.shown.get(conversation)?.notification.close();
    this.shown.delete(conversation);
  }

  /** The conversations that are being called for, and why. */
  calls(): [string, Kind][] {
    return [...this.shown].map(([conversation, { kind }]) => [conversation, kind]);
  }
}

/** There are none where the page came unencrypted. */
const workers = () => (navigator as Partial<Navigator>).serviceWorker;

let audio: AudioContext | null = null;

/** Let this page make sounds later: a browser allows it only from a click or a key on. */
export function unlock(): void {
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") void audio.resume().catch(() => undefined);
  } catch {
    // No sound device: the notification and the title still tell.
  }
}

/** Two soft tones; made here, so that no file is fetched. */
export function chime(): void {
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") void audio.resume().catch(() => undefined);
    const now = audio.currentTime;
    for (const [n, pitch] of [660, 880].entries()) {
      const tone = audio.createOscillator();
      const gain = audio.createGain();
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0, now + n * 0.14);
      gain.gain.linearRampToValueAtTime(0.12, now + n * 0.14 + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, now + n * 0.14 + 0.35);
      tone.connect(gain).connect(audio.destination);
      tone.start(now + n * 0.14);
      tone.stop(now + n * 0.14 + 0.4);
    }
  } catch {
    // No sound device: the notification and the title still tell.
  }
}
