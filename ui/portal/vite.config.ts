// The portal page, a library's front door with the widget on it. Built after the widget, into a folder of its own.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  build: {
    outDir: here("../../adapters/webchat/static/portal"),
    emptyOutDir: true,
    target: "es2020",
    assetsInlineLimit: 0,
  },
});
