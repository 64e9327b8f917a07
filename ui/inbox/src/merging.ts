// What a merge comes to: which of two rows stays. The core decides it (`routing/patrons.py`); this says it beforehand, in words.
import type { Row } from "./schema";

const RANK: Record<Row["state"], number> = { active: 0, waiting: 1, offered: 1, closed: 2 };

/** The row that stays, null where both do: different librarians have them, and nobody takes a colleague's by merging. */
export function staying(row: Row, other: Row): Row | null {
  if (row.aside || other.aside || (row.state === "closed" && other.state === "closed")) return null;
  if (row.state === "active" && other.state === "active" && row.owner !== other.owner) return null;
  return RANK[row.state] > RANK[other.state] ? other : row;
}
