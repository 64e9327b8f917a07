// Time as people read it, and how long is too long.
//
// A wait is amber past half of the library's target and red past the target (field targets: 20-90 s, practice: longest first).
// The level is said in words and in shape too; colour alone says nothing.
import { daysBefore } from "../../calendar";
import { dayName as nameOfDay, formatted, isThisWeek, nearDay } from "../../day-names";
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

export const clock = (at: number) => formatted(locale, { hour: "2-digit", minute: "2-digit" }, at);
export const full = (at: number) => formatted(locale, { dateStyle: "medium", timeStyle: "short" }, at);
export const wholeDay = (at: number) => formatted(locale, { dateStyle: "full" }, at);
export const day = (at: number, now: number) => nameOfDay(at, now, locale);

/** Today's clock, "Yesterday", the weekday within a week, else a short date. */
export function short(at: number, now: number): string {
  if (daysBefore(at, now) === 0) return clock(at);
  return nearDay(at, now, locale) || formatted(locale, isThisWeek(at, now) ? { weekday: "short" } : { day: "numeric", month: "short" }, at);
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
export const shortWeekday = (n: number) => shown(`2024-01-0${n + 1}`, { weekday: "short" });
export const weekdayName = (n: number) => shown(`2024-01-0${n + 1}`, { weekday: "long" }); // that year began with a Monday

/** Seconds in words, exact below an hour: "45 s", "1 min 30 s", "2 h 5 min". */
export function exact(seconds: number): string {
  const rest = seconds % 60;
  return seconds > 60 && seconds < 3600 && rest ? `${span((seconds - rest) * 1000)} ${span(rest * 1000)}` : span(seconds * 1000);
}
