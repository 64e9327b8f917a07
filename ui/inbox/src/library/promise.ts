// What a patron will experience in a queue, told from its rows.
import type { Queue } from "../schema";
import { t } from "../words";
import { exactly } from "./spans";

/** One sentence on the way of a question through the steps of a queue; `teamName` names a team. */
export function promised(queue: Queue, teamName: (id: string) => string): string {
  const steps = queue.tiers.filter((tier) => tier.teams.length);
  if (!steps.length) return t("promise.nobody");
  const parts: string[] = [];
  let waited = 0;
  for (const [n, tier] of steps.entries()) {
    const teams = new Intl.ListFormat(document.documentElement.lang || "en", { type: "conjunction" }).format(tier.teams.map(teamName));
    parts.push(n ? t("promise.then", { teams, after: exactly(waited) }) : t("promise.first", { teams }));
    waited += tier.after_s;
  }
  const asked = parts.join(" ");
  const told = queue.concierge_s ? t("promise.told", { after: exactly(queue.concierge_s) }) : t("promise.untold");
  return `${asked} ${told}`;
}
