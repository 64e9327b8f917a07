// Two coordinators changed one library: what each of them changed, field by field, and where both changed the same field.
//
// Rows that have an id, a key or a code are the same row in all three versions; every other list counts as one field.
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export interface Change {
  path: readonly string[];
  base: Json | undefined; // undefined: it was not there
  mine: Json | undefined;
  theirs: Json | undefined;
  both: boolean; // both changed it, and not alike
}

export interface Merged {
  value: Json;
  theirs: Change[]; // all that they changed
  both: Change[];
}

type Rows = Map<string, Json>;
const isRecord = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const alike = (a: Json | undefined, b: Json | undefined) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

/** The same value with the names of its fields in one order. */
function sorted(value: Json | undefined): Json | undefined {
  if (isList(value)) return value.map((one) => sorted(one) as Json);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, sorted(one) as Json]));
}

function nameOf(row: Json): string {
  if (!isRecord(row)) return "";
  const name = row["id"] ?? row["key"] ?? row["code"];
  return typeof name === "string" ? name : "";
}

/** A list as rows by name; null where a row has none, or two have the same. */
function rows(value: Json | undefined): Rows | null {
  if (!isList(value)) return null;
  const found = new Map(value.map((row) => [nameOf(row), row]));
  return found.has("") || found.size !== value.length ? null : found;
}

/** Put their changes and mine together. Where both changed a field, `prefer` of its path says whose is taken. */
export function merge(base: Json, mine: Json, theirs: Json, prefer: (path: string) => "mine" | "theirs" = () => "mine"): Merged {
  const told: Change[] = [];
  const value = merged([], base, mine, theirs, told, prefer);
  return { value: value ?? null, theirs: told, both: told.filter((one) => one.both) };
}

function merged(
  path: string[], base: Json | undefined, mine: Json | undefined, theirs: Json | undefined, told: Change[], prefer: (path: string) => "mine" | "theirs",
): Json | undefined {
  if (alike(base, theirs)) return mine;
  if (isRecord(mine) && isRecord(theirs)) return fields(path, isRecord(base) ? base : {}, mine, theirs, told, prefer);
  const [b, m, t] = [rows(base ?? []), rows(mine), rows(theirs)];
  if (b && m && t) return list(path, b, m, t, told, prefer);
  const both = !alike(base, mine) && !alike(mine, theirs);
  told.push({ path, base, mine, theirs, both });
  return both && prefer(path.join("/")) === "mine" ? mine : theirs;
}

type Fields = { readonly [name: string]: Json };

function fields(path: string[], base: Fields, mine: Fields, theirs: Fields, told: Change[], prefer: (path: string) => "mine" | "theirs"): Json {
  const names = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])];
  const kept = names.map((name) => [name, merged([...path, name], base[name], mine[name], theirs[name], told, prefer)] as const);
  return Object.fromEntries(kept.flatMap(([name, one]) => (one === undefined ? [] : [[name, one]])));
}

/** Rows in my order; what they added comes last. */
function list(path: string[], base: Rows, mine: Rows, theirs: Rows, told: Change[], prefer: (path: string) => "mine" | "theirs"): Json {
  const names = [...new Set([...mine.keys(), ...theirs.keys()])];
  return names.flatMap((name) => {
    const one = merged([...path, name], base.get(name), mine.get(name), theirs.get(name), told, prefer);
    return one === undefined ? [] : [one];
  });
}
