// Why something was not done, in the words of the catalogue. The desk names a reason; where the catalogue has no words for it, the
// desk's own sentence is shown.
import { Offline, Refusal } from "./api";
import { named, t } from "./words";

export function said(error: unknown): string {
  if (error instanceof Offline && !error.reason) return t("live.lost");
  if (error instanceof Offline || error instanceof Refusal) return named("refused", error.reason, error.message || t("refused.unknown"));
  return t("refused.unknown");
}

/** Why the desk refused, with the name of the colleague whose conversation it is. */
export function reasonOf(error: Refusal): string {
  return named("refused", error.reason, error.message || t("refused.unknown"), { holder: error.holder || t("person.colleague") });
}
