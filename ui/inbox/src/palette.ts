// What a search in the palette finds: all the words asked for, in the name, the explanation or the id; names first.
import { folded } from "../../folding";

export interface Entry {
  id: string;
  name: string;
  detail: string;
  key: string;
  possible: boolean;
  kind: "action" | "conversation";
}

export function found(entries: readonly Entry[], query: string): Entry[] {
  const words = folded(query).split(/\s+/).filter(Boolean);
  const ranked = entries.flatMap((entry) => {
    const name = folded(entry.name);
    const all = `${name} ${folded(entry.detail)} ${entry.id}`;
    if (!words.every((word) => all.includes(word))) return [];
    const first = words[0] ?? "";
    const rank = name.startsWith(first) ? 0 : name.includes(first) ? 1 : 2;
    return [{ entry, rank: (entry.possible ? 0 : 10) + rank }];
  });
  return ranked.sort((a, b) => a.rank - b.rank).map(({ entry }) => entry);
}
