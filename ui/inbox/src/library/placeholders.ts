// Names in braces that are filled in when a script or a sentence is said.
export const NAMES = ["patron", "librarian", "library"] as const;
// What the desk knows too when it speaks by itself; which of them depends on the moment, and the desk checks that.
const OF_THE_DESK = ["home", "opening", "address", "queue", "text", "name", "count", "timezone", "reason"];

const BRACED = /\{([a-z_]+)\}/g;

/** The names in a script that nothing fills in. */
export function unknownNames(text: string, byDesk: boolean): string[] {
  const known: readonly string[] = byDesk ? [...NAMES, ...OF_THE_DESK] : NAMES;
  return [...new Set([...text.matchAll(BRACED)].map((found) => found[1] ?? "").filter((name) => !known.includes(name)))];
}

/** The text as a patron would read it. */
export function sampled(text: string, names: Readonly<Record<string, string>>): string {
  return text.replace(BRACED, (whole, name: string) => names[name] || whole);
}
