// The times that a librarian may want: soon in a chat, where somebody sits there; on a working morning elsewhere.
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MORNING = 9;
const MONDAY = 1;

export type Choice = "quarter" | "hour" | "hours" | "tomorrow" | "monday";

/** The choices at `now`, each with its time (ms). Mornings are those of this machine's clock. */
export function choices(live: boolean, now: number): { word: Choice; until: number }[] {
  const soon = [{ word: "quarter" as const, until: now + 15 * MINUTE }, { word: "hour" as const, until: now + HOUR }];
  if (live) return soon;
  const tomorrow = morning(now, 1);
  const weekday = new Date(now).getDay();
  const monday = morning(now, ((MONDAY - weekday + 6) % 7) + 1);
  return [
    ...soon.slice(1),
    { word: "hours", until: now + 3 * HOUR },
    { word: "tomorrow", until: tomorrow },
    ...(monday === tomorrow ? [] : [{ word: "monday" as const, until: monday }]),
  ];
}

function morning(now: number, days: number): number {
  const day = new Date(now);
  day.setDate(day.getDate() + days);
  return day.setHours(MORNING, 0, 0, 0);
}
