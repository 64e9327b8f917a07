// Time as people read it, and how long is too long.
//
// A wait is amber past half of the library's target and red past the target (field targets: 20-90 s, practice: longest first).
// The level is said in words and in shape too; colour alone says nothing.
import { daysBefore } from "../../calendar";
import { locale, t } from "./words";

export type Level = "calm" | "soon" | "late";

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

export function level(since: number, targetS: number, now: number): Level {
  if (!since || !targetS) return "calm";
  const waited = now - since;
  return waited >= targetS * 1000 ? "late" : waited >= targetS * 500 ? "soon" : "calm";
}

/** A span in one or two units: "45 s", "3 min", "2 h 5 min", "4 d". */
export function span(ms: number): string {
  const n = Math.max(0, ms);
  if (n < MINUTE) return t("time.seconds", { n: Math.floor(n / 1000) });
  if (n < HOUR) return t("time.minutes", { n: Math.floor(n / MINUTE) });
  if (n < DAY) {
    const minutes = Math.floor((n % HOUR) / MINUTE);
    const hours = t("time.hours", { n: Math.floor(n / HOUR) });
    return minutes ? `${hours} ${t("time.minutes", { n: minutes })}` : hours;
  }
  return t("time.days", { n: Math.floor(n / DAY) });
}

const made = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${name}`;
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.DateTimeFormat(locale, options)));
  return found;
}

export const clock = (at: number) => format("clock", { hour: "2-digit", minute: "2-digit" }).format(at);
export const full = (at: number) => format("full", { dateStyle: "medium", timeStyle: "short" }).format(at);

export function day(at: number, now: number): string {
  const days = daysBefore(at, now);
  if (days === 0) return t("time.today");
  if (days === 1) return t("time.yesterday");
  return format("day", { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(at);
}

/** Today's clock, else a short date. */
export function short(at: number, now: number): string {
  if (daysBefore(at, now) === 0) return clock(at);
  return format("short", { day: "numeric", month: "short" }).format(at);
}

/** ms <-> the value of a datetime-local field, in this machine's time zone. */
export function toField(at: number): string {
  if (!at) return "";
  const local = new Date(at - new Date(at).getTimezoneOffset() * MINUTE);
  return local.toISOString().slice(0, 16);
}

export const fromField = (value: string) => (value ? new Date(value).getTime() : 0);

/** A day such as "2026-03-31", which has no time zone. */
const shown = (day: string, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options }).format(Date.parse(`${day}T00:00:00Z`));
export const dayName = (day: string) => shown(day, { dateStyle: "medium" });
export const monthName = (month: string) => shown(`${month}-01`, { month: "long", year: "numeric" });
export const weekdayName = (n: number) => shown(`2024-01-0${n + 1}`, { weekday: "long" }); // that year began with a Monday

/** Seconds in words, exact below an hour: "45 s", "1 min 30 s", "2 h 5 min". */
export function exact(seconds: number): string {
  const rest = seconds % 60;
  return seconds > 60 && seconds < 3600 && rest ? `${span((seconds - rest) * 1000)} ${span(rest * 1000)}` : span(seconds * 1000);
}
