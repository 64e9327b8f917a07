// Days as the library's clock has them, and the periods that reports are made of. A day is "2026-03-31" and nothing else.
export const PERIODS = ["week", "days", "month", "lastMonth", "own"] as const;
export type Period = (typeof PERIODS)[number];
export interface Days {
  from: string;
  to: string;
}

const DAY = 86_400_000;
const utc = (day: string) => Date.parse(`${day}T00:00:00Z`);
const named = (at: number) => new Date(at).toISOString().slice(0, 10);

/** The day it is now in a time zone. */
export function today(now: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(now);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** The days of a period that ends today, or with the month before. */
export function daysOf(period: Exclude<Period, "own">, day: string): Days {
  const first = `${day.slice(0, 7)}-01`;
  if (period === "month") return { from: first, to: day };
  if (period === "lastMonth") {
    const to = named(utc(first) - DAY);
    return { from: `${to.slice(0, 7)}-01`, to };
  }
  return { from: named(utc(day) - (period === "week" ? 6 : 29) * DAY), to: day };
}

/** Whether these are days, the last not before the first. */
export const isPeriod = ({ from, to }: Days) => from !== "" && to !== "" && from <= to;
