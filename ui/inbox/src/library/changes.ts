// A change of a library's field in words: where it is, and what stands there.
import type { LibraryDocument } from "../schema";
import { named, t } from "../words";
import type { Json } from "./merge";
import { sectionOf } from "./sections";

/** Where a field is: "Queues, Reference, Name". Rows are named as the library names them. */
export function described(path: readonly string[], document: LibraryDocument): string {
  const [first = "", ...rest] = path;
  const section = t(`section.${sectionOf(first)}`);
  const parts = rest.length ? rest.map((part) => rowName(part, document) ?? named("field", part, part)) : [named("field", first, first)];
  return [...new Set([section, ...parts])].join(", ");
}

function rowName(id: string, { library }: LibraryDocument): string | undefined {
  const rows = [...library.queues, ...library.teams, ...library.librarians];
  return rows.find((one) => one.id === id)?.name ?? library.scripts.find((one) => one.key === id)?.title;
}

/** What stands in a field, for people. */
export function worded(value: Json | undefined): string {
  if (value === undefined || value === "" || value === null) return t("field.empty");
  if (typeof value === "boolean") return t(value ? "field.yes" : "field.no");
  if (Array.isArray(value)) return value.map((one) => worded(one as Json)).join(", ") || t("field.empty");
  if (typeof value === "object") return Object.values(value).filter((one) => one !== "" && one !== null).map((one) => worded(one as Json)).join(" · ");
  return String(value);
}
