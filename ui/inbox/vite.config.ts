// The librarians' inbox: a single-page app below /inbox, built into the package that serves it.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "/inbox/",
  plugins: [svelte({ configFile: here("../svelte.config.js") })],
  build: {
    outDir: here("../../bridge/inbox/static"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
  },
});
