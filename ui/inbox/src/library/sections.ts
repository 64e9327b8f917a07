// The sections of a library's editor, and which of them shows a field.
export const SECTIONS = ["general", "hours", "queues", "teams", "partners", "people", "scripts", "codes", "words", "policy", "chat", "portal", "timers"] as const;
export type Section = (typeof SECTIONS)[number];

const OF: Record<string, Section> = {
  hours: "hours",
  queues: "queues",
  teams: "teams",
  agreements: "partners",
  librarians: "people",
  guests: "people",
  scripts: "scripts",
  descriptive: "codes",
  codes: "codes",
  counter: "codes",
  default_code: "codes",
  wording: "words",
  policy_page: "policy",
  policy_url: "policy",
  chat: "chat",
  portal: "portal",
  timers: "timers",
};

export const isSection = (name: string): name is Section => (SECTIONS as readonly string[]).includes(name);

/** The section with a field such as `queues[1].tiers[2].teams`. */
export const sectionOf = (field: string): Section => OF[field.split(/[.[]/)[0] ?? ""] ?? "general";
