// Hours as people give them: spans like "09:00-18:00" of a day by the library's clock. An end before the start lies on the next day.
export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
export type Day = (typeof DAYS)[number];

export interface Span {
  start: string; // "09:00", "" while it is being given
  end: string;
}

/** The two times of a span; what is no span keeps its text as the start, so that it can be mended. */
export function spanOf(text: string): Span {
  const [start = "", end = ""] = text.split(/[-–]/).map((part) => part.trim());
  return { start: padded(start), end: padded(end) };
}

const padded = (time: string) => (/^\d:\d\d$/.test(time) ? `0${time}` : time);

/** A time field knows no 24:00: midnight at the end of a day is 00:00 there. */
export const textOf = ({ start, end }: Span) => `${start}-${end === "00:00" ? "24:00" : end}`;
export const shownEnd = (end: string) => (end === "24:00" ? "00:00" : end);

function minutes(time: string): number {
  const [, h = "", m = ""] = /^(\d\d?):(\d\d)$/.exec(time) ?? [];
  return h ? Number(h) * 60 + Number(m) : NaN;
}

/** [start, end) in minutes from midnight, the end behind midnight where it lies on the next day; null for what is no span. */
export function range(text: string): [number, number] | null {
  const { start, end } = spanOf(text);
  const [from, to] = [minutes(start), minutes(end)];
  if (Number.isNaN(from) || Number.isNaN(to) || from === to) return null;
  return [from, to > from ? to : to + 1440];
}

export const isOvernight = (text: string) => (range(text)?.[1] ?? 0) > 1440;

/** A span that could come after those of a day: an hour after the last one ends, or the usual hours. */
export function nextSpan(spans: readonly string[]): string {
  const last = Math.max(0, ...spans.map((one) => range(one)?.[1] ?? 0));
  if (!last || last >= 22 * 60) return "09:00-17:00";
  const from = last + 60;
  const to = Math.min(from + 180, 1439);
  const clock = (at: number) => `${String(Math.floor(at / 60)).padStart(2, "0")}:${String(at % 60).padStart(2, "0")}`;
  return `${clock(from)}-${clock(to)}`;
}
