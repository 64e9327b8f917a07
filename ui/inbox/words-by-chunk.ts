// Gives each script of the inbox the English words that it needs, so that the first load carries no word of a page that nobody opened.
//
// The rule: a module needs each key that it names whole in a string, each that begins as a template of it does (`page.${name}`), and
// each of a group that it passes to `named`. The first scripts get theirs and all keys that no module names; a script that is loaded
// later gets what those lack. So nobody keeps lists. `first-words.json` tells the daemon which words of other languages come first.
import { readFileSync } from "node:fs";
import type { Plugin, Rollup } from "vite";

const STRING = /"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`([^`$]*)`/g;
const TEMPLATE = /`([a-zA-Z][\w-]*\.[\w.-]*)\$\{/g;
const GROUP = /\bnamed\(([^,]*),/g;

const READER = "/src/words.ts"; // runs before all that reads words

type Chunks = Record<string, Rollup.RenderedChunk>;

export function wordsByChunk(catalogue: string): Plugin {
  const english = JSON.parse(readFileSync(catalogue, "utf8")) as Record<string, unknown>;
  const keys = Object.keys(english);
  const needs = new Map<string, Set<string>>();
  let first: Set<string> | undefined;

  const beginning = (head: string) => keys.filter((key) => key.startsWith(head));

  function named(code: string): Set<string> {
    const found = new Set<string>();
    for (const [, ...texts] of code.matchAll(STRING)) for (const text of texts) if (text && Object.hasOwn(english, text)) found.add(text);
    for (const [, head = ""] of code.matchAll(TEMPLATE)) beginning(head).forEach((key) => found.add(key));
    for (const [, group = ""] of code.matchAll(GROUP)) {
      for (const [, ...texts] of group.matchAll(STRING)) for (const text of texts) if (text) beginning(`${text}.`).forEach((key) => found.add(key));
    }
    return found;
  }

  function needed(chunk: Rollup.RenderedChunk): Set<string> {
    return new Set(chunk.moduleIds.flatMap((id) => [...(needs.get(id) ?? [])]));
  }

  /** What the entry and all that it imports at once need, and what nobody seems to. */
  function ofFirst(chunks: Chunks): Set<string> {
    const todo = Object.values(chunks).filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName);
    const seen = new Set<string>();
    const found = new Set(keys);
    for (const set of needs.values()) for (const key of set) found.delete(key);
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      const chunk = chunks[name];
      if (!chunk || seen.has(name)) continue;
      seen.add(name);
      for (const key of needed(chunk)) found.add(key);
      todo.push(...chunk.imports);
    }
    return found;
  }

  const holds = (which: Iterable<string>) => JSON.stringify(Object.fromEntries([...which].map((key) => [key, english[key]])));

  return {
    name: "words-by-chunk",
    enforce: "post",
    apply: "build",
    buildStart() {
      needs.clear();
      first = undefined;
    },
    transform(code, id) {
      if (id.includes("node_modules") || /\.(css|json)(\?|$)/.test(id)) return;
      needs.set(id, named(code));
    },
    renderChunk(code, chunk, _options, meta) {
      first ??= ofFirst(meta.chunks);
      const own = chunk.moduleIds.some((id) => id.endsWith(READER)) ? first : new Set([...needed(chunk)].filter((key) => !first?.has(key)));
      if (!own.size) return null;
      return { code: `Object.assign(globalThis.deskWords ??= {}, ${holds(own)});${chunk.isDynamicEntry ? "await globalThis.deskWordsCome;" : ""}\n${code}`, map: null };
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "first-words.json", source: JSON.stringify([...(first ?? [])].sort()) });
    },
  };
}
