// A day as people name it, by the language's own rules (Intl, CLDR): "Today", "Yesterday", the weekday within a week, else the date.
import { daysBefore } from "./calendar";

const made = new Map<string, Intl.DateTimeFormat>();

/** A date in words; what is built for a language is kept. */
export function formatted(locale: string, options: Intl.DateTimeFormatOptions, at: number): string {
  const key = `${locale} ${JSON.stringify(options)}`;
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.DateTimeFormat(locale, options)));
  return found.format(at);
}

/** "Today" or "Yesterday" at the head of a line; "" for other days. */
export function nearDay(at: number, now: number, locale: string): string {
  const days = daysBefore(at, now);
  if (days !== 0 && days !== 1) return "";
  const word = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(-days, "day");
  return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
}

export const isThisWeek = (at: number, now: number): boolean => daysBefore(at, now) > 1 && daysBefore(at, now) < 7;

/** The day on a divider; the year only where it is another one. */
export function dayName(at: number, now: number, locale: string): string {
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" as const };
  const date = isThisWeek(at, now) ? {} : { day: "numeric" as const, month: "long" as const, ...year };
  return nearDay(at, now, locale) || formatted(locale, { weekday: "long", ...date }, at);
}
