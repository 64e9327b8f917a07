// The portal page, a library's front door with the widget on it. Built after the widget, into a folder of its own.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The page speaks English before, or without, its script.
const english = {
  name: "english",
  transformIndexHtml(html: string) {
    const words = JSON.parse(readFileSync(here("../words/en.json"), "utf8")) as { portal: Record<string, string> };
    return html.replace(/%w:(\w+)%/g, (_, name: string) => words.portal[name] ?? name);
  },
};

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [english],
  build: {
    outDir: here("../../adapters/webchat/static/portal"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
  },
});
