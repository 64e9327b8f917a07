// The loader that a library's page embeds: one classic script, no imports, beside what vite.config.ts built.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  build: {
    outDir: here("../../adapters/webchat/static"),
    emptyOutDir: false,
    target: "es2020",
    lib: { entry: here("./loader.ts"), formats: ["iife"], name: "Deskbridge", fileName: () => "widget.js" },
  },
});
