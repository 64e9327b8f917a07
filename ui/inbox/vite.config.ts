// The librarians' inbox: a single-page app below /inbox, built into the package that serves it.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { wordsByChunk } from "./words-by-chunk";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The script that asks for the first list is named in the page before all others.
const early: Plugin = {
  name: "early",
  apply: "build",
  transformIndexHtml: {
    order: "post",
    handler(_page, { bundle }) {
      const made = Object.values(bundle ?? {}).find((file) => file.type === "chunk" && file.name === "early");
      return made ? [{ tag: "script", attrs: { type: "module", async: true, crossorigin: true, src: `/inbox/${made.fileName}` }, injectTo: "head-prepend" as const }] : [];
    },
  },
};

interface Modules {
  getModuleInfo(id: string): { importedIds: readonly string[] } | null;
}

// What the first page imports at once is one script and one style: on a slow line each file more costs a way there and back.
const first = new Set<string>();
function atOnce(id: string, modules: Modules): string | null {
  const todo = first.size ? [] : [here("./src/main.ts")];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (first.has(next)) continue;
    first.add(next);
    todo.push(...(modules.getModuleInfo(next)?.importedIds ?? []));
  }
  return first.has(id) ? "first" : null;
}

export default defineConfig({
  root: here("."),
  base: "/inbox/",
  plugins: [svelte({ configFile: here("../svelte.config.js") }), wordsByChunk(here("../../bridge/words/inbox.en.json")), early],
  build: {
    outDir: here("../../bridge/inbox/static"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false }, // a browser that can't preload imports what it needs
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: atOnce }] } }, input: { index: here("./index.html"), early: here("./src/early.ts") } },
  },
});
