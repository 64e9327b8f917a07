// The patron's pages: the frame inside the widget and the full page. Built first, so it empties the folder.
// Preact and not Svelte: all of it may weigh 25 kB, of which Svelte's runtime alone takes 14.
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The status answer speaks the loader's few words in every language there is: the server reads the same catalogues.
const catalogues = {
  name: "catalogues",
  closeBundle() {
    const out = here("../../adapters/webchat/static/words/");
    mkdirSync(out, { recursive: true });
    for (const name of readdirSync(here("../words"))) {
      if (/^[a-z]{2}\.json$/.test(name)) copyFileSync(here(`../words/${name}`), out + name);
    }
  },
};

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [catalogues],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: here("../../adapters/webchat/static"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: { input: { frame: here("./frame.html"), page: here("./page.html") } },
  },
});
