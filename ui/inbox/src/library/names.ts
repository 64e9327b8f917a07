// Ids and keys that people never have to type.
import { folded } from "../../../folding";

const words = (name: string) => folded(name).replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");

/** An id below a library's, from a name: `north/night-desk`; a number follows where it is taken. */
export function freshId(library: string, name: string, taken: readonly string[]): string {
  return `${library}/${freshKey(name, taken.map((one) => one.slice(library.length + 1)))}`;
}

/** A short word from a name that none of `taken` is. */
export function freshKey(name: string, taken: readonly string[]): string {
  const base = words(name).slice(0, 30) || "new";
  if (!taken.includes(base)) return base;
  let n = 2;
  while (taken.includes(`${base}-${n}`)) n += 1;
  return `${base}-${n}`;
}
