// The pages of the inbox by name. Four of them are lists of conversations ("views"), which the desk fills.
export const VIEWS = ["waiting", "mine", "open", "aside"] as const;
export type ListPage = (typeof VIEWS)[number];
export type Page = ListPage | "follow-ups" | "search" | "colleagues" | "board" | "desk" | "operations" | "library" | "faq" | "training" | "reports" | "settings";

const PAGES: readonly string[] = [...VIEWS, "follow-ups", "search", "colleagues", "board", "desk", "operations", "library", "faq", "training", "reports", "settings"];

export const isView = (page: Page): page is ListPage => (VIEWS as readonly string[]).includes(page);
/** Pages whose address goes on with something else than a conversation. */
export const hasParts = (page: Page): boolean => page === "library" || page === "faq" || page === "training";
/** The page that an address names; the waiting list for a name that no page has. */
export const pageOf = (name: string): Page => (PAGES.includes(name) ? (name as Page) : "waiting");
