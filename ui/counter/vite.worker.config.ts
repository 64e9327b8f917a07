// The counter's service worker: one classic script beside what vite.config.ts built. Its address stays, so it has no hash.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  publicDir: false,
  build: {
    outDir: here("../../bridge/inbox/counter_static"),
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: here("./worker.ts"), formats: ["iife"], name: "worker", fileName: () => "worker.js" },
  },
});
