// Spans of time in words.
import { t } from "../words";
import { SECONDS, unitOf } from "./units";

/** A span as it is, in one unit: 75 seconds stay 75 seconds. */
export function exactly(seconds: number): string {
  const unit = unitOf(seconds);
  const n = Math.round((seconds / SECONDS[unit]) * 100) / 100;
  return t(`time.${unit}`, { n });
}
