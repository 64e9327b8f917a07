// Days as the calendar on the wall counts them, in this machine's time zone.
//
// The rule: days are counted by their dates, never as 24 hours: the day on which the clocks change has 23 or 25.

const dayNumber = (at: Date): number => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / 86_400_000;

/** How many days `at` lies before `now`, both in ms: 0 on the same day, 1 for yesterday, -1 for tomorrow. */
export const daysBefore = (at: number, now: number): number => dayNumber(new Date(now)) - dayNumber(new Date(at));
