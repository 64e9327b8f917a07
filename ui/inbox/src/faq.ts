// The FAQ from the page's side: what is asked of the desk, and rules of the editor that need no browser.
import { get, send } from "./api";
import type { EntryText, FaqCare, FaqCareAsked, FaqDraft, FaqEntry, FaqEntryView, FaqFileKept, FaqList, FaqPreview, FaqSuggestion, FaqSuggestions, FaqVersions } from "./schema";
import { call } from "./api";

export const STATES = ["draft", "staff", "cooperative", "public", "archived"] as const;
export type EntryState = (typeof STATES)[number];
/** States that a librarian who coordinates no library may choose. */
export const OWN_STATES: readonly EntryState[] = ["draft", "staff"];

const one = (id: string) => `/faq/entries/${encodeURIComponent(id)}`;
const beside = (conversation: string) => `/conversations/${encodeURIComponent(conversation)}/faq`;

export const faq = {
  list: (library: string, state: string, q: string, signal: AbortSignal) => get<FaqList>("/faq", { library, state, q }, signal),
  entry: (id: string) => get<FaqEntryView>(one(id)),
  keep: (entry: FaqEntry) =>
    entry.revision ? send<FaqEntryView>("PUT", one(entry.id), { entry }) : send<FaqEntryView>("POST", "/faq", { entry }),
  remove: (id: string) => call<undefined>("DELETE", one(id)),
  versions: (id: string) => get<FaqVersions>(`${one(id)}/versions`),
  preview: (markdown: string) => send<FaqPreview>("POST", "/faq/preview", { markdown }),
  care: (library: string) => get<FaqCare>("/faq/care", { library }),
  seenTo: (library: string, asked: FaqCareAsked) => send<undefined>("POST", `/faq/care?library=${encodeURIComponent(library)}`, asked),
  upload: (library: string, file: File) => call<FaqFileKept>("POST", "/faq/files", { query: { library, name: file.name }, body: file }),
  draft: (conversation: string) => get<FaqDraft>(`${beside(conversation)}/draft`),
  suggestions: (conversation: string, q: string, signal?: AbortSignal) => get<FaqSuggestions>(beside(conversation), { q }, signal),
};

/** An entry that nobody has written yet. */
export function blank(library: string, language: string, owner: string): FaqEntry {
  return {
    library, texts: [text(language)], id: "", state: "draft", owner, review_by: "", topics: [], related: [], files: [], featured: false,
    source: "", revision: 0, made_at: 0, changed_at: 0, changed_by: "",
  };
}

export const text = (language: string): EntryText => ({ language, title: "", body: "", slug: "", asked: [] });

/** One line each, without empty ones. */
export const lines = (value: string): string[] => value.split("\n").map((line) => line.trim()).filter(Boolean);
/** Words between commas, without empty ones. */
export const words = (value: string): string[] => value.split(",").map((word) => word.trim()).filter(Boolean);

export type Mark = "bold" | "italic" | "heading" | "list" | "link";

/** Markdown with a mark around what is selected, and what is selected then. */
export function marked(source: string, from: number, to: number, mark: Mark): { source: string; from: number; to: number } {
  const chosen = source.slice(from, to);
  const put = (before: string, inside: string, after: string) => ({
    source: source.slice(0, from) + before + inside + after + source.slice(to),
    from: from + before.length,
    to: from + before.length + inside.length,
  });
  if (mark === "bold") return put("**", chosen || "…", "**");
  if (mark === "italic") return put("*", chosen || "…", "*");
  if (mark === "link") return put("[", chosen || "…", "](https://)");
  const start = source.lastIndexOf("\n", from - 1) + 1;
  const sign = mark === "heading" ? "## " : "- ";
  const block = source.slice(start, to).split("\n").map((line) => sign + line).join("\n");
  return { source: source.slice(0, start) + block + source.slice(to), from: start, to: start + block.length };
}

/** What goes into a reply: the answer's words and its address. */
export const inserted = (entry: FaqSuggestion): string => [entry.text, entry.url].filter(Boolean).join("\n");

/** The fields in which two versions of an entry differ, each as both have it. */
export function differing(mine: FaqEntry, theirs: FaqEntry): { field: string; mine: string; theirs: string }[] {
  const [a, b] = [fields(mine), fields(theirs)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((field) => a[field] !== b[field])
    .map((field) => ({ field, mine: a[field] ?? "", theirs: b[field] ?? "" }));
}

function fields(entry: FaqEntry): Record<string, string> {
  const found: Record<string, string> = {
    state: entry.state, owner: entry.owner, review_by: entry.review_by, topics: entry.topics.join(", "), featured: String(entry.featured),
    related: entry.related.join(", "), files: entry.files.map((file) => `${file.name}: ${file.alt}`).join("\n"),
  };
  for (const { language, title, body, slug, asked } of entry.texts)
    Object.assign(found, { [`${language}: title`]: title, [`${language}: body`]: body, [`${language}: slug`]: slug, [`${language}: asked`]: asked.join("\n") });
  return found;
}
