// Which report is looked at: the overview, or a survey's sheet. Kept while the page is open.
export const REPORTS = ["overview", "pls", "acrl", "sconul", "own"] as const;
export type ReportView = (typeof REPORTS)[number];

export const reportsView = $state<{ shown: ReportView }>({ shown: "overview" });
