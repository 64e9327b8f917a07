// Spans of seconds in the unit that people use for them.
export const UNITS = ["seconds", "minutes", "hours", "days"] as const;
export type Unit = (typeof UNITS)[number];
export const SECONDS: Record<Unit, number> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };

/** The largest unit in which a span is a whole number. Less than three minutes, or ten in seconds, is read best in seconds. */
export function unitOf(seconds: number): Unit {
  if (seconds < 180) return "seconds";
  return UNITS.findLast((unit) => seconds % SECONDS[unit] === 0 && seconds / SECONDS[unit] >= 2) ?? "seconds";
}

/** The whole seconds of a number of units; null for what is none. */
export function secondsOf(text: string, unit: Unit): number | null {
  const n = Number(text.trim().replace(",", "."));
  return text.trim() && Number.isFinite(n) && n >= 0 ? Math.round(n * SECONDS[unit]) : null;
}
