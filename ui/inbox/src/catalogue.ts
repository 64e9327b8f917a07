// The catalogue of the patron's library: what is asked of the desk, and a record as it's written into a reply.
import { get } from "./api";
import { clock } from "./moments";
import type { CatalogueDetail, CatalogueFound, CataloguePanel, CatalogueRecord, Copy } from "./schema";
import { dotted, named, t } from "./words";

export const STYLES = ["apa", "mla", "chicago", "din", "iso690"] as const;
export const FIELDS = ["any", "title", "author", "isbn"] as const;

export interface Question {
  q: string;
  field: string;
  start: number;
}

const beside = (conversation: string) => `/conversations/${encodeURIComponent(conversation)}/catalogue`;

export const catalogue = {
  panel: (conversation: string) => get<CataloguePanel>(beside(conversation)),
  search: (conversation: string, asked: Question, signal: AbortSignal) => get<CatalogueFound>(`${beside(conversation)}/search`, { ...asked }, signal),
  record: (conversation: string, asked: Question, record: string, style: string, signal: AbortSignal) =>
    get<CatalogueDetail>(`${beside(conversation)}/record`, { ...asked, record, style }, signal),
};

/** Who and when, in one line. */
export const byline = (record: CatalogueRecord) => dotted((record.authors.length ? record.authors : record.editors).slice(0, 3).join("; "), record.year);

/** A copy in one line: whether it's in, and where. */
export function copyLine(copy: Copy): string {
  const status = named("copy", copy.status, copy.status, { due: copy.due });
  return dotted(copy.due && copy.status === "on-loan" ? t("copy.until", { due: copy.due }) : status, copy.place, copy.call_number);
}

/** What "send" puts into the reply: title, link and call number; with the citation before them where it's asked for. */
export function forReply(record: CatalogueRecord, detail: CatalogueDetail, cited: boolean): string {
  const first = cited && detail.citation ? detail.citation : dotted(record.title, byline(record));
  const number = record.call_number || (detail.copies.find((one) => one.call_number)?.call_number ?? "");
  const free = detail.copies.find((one) => one.status === "in") ?? detail.copies[0];
  const told = free ? t("catalogue.asOf", { copy: copyLine(free), at: clock(detail.at) }) : "";
  return [first, detail.link, number && t("catalogue.number", { number }), told].filter(Boolean).join("\n");
}
