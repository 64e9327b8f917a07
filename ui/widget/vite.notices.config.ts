// The service worker of the chat's page: one classic script. Its address stays, so it has no hash.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  build: {
    outDir: here("../../adapters/webchat/static"),
    emptyOutDir: false,
    target: "es2022",
    lib: { entry: here("./notices-worker.ts"), formats: ["iife"], name: "worker", fileName: () => "notices-worker.js" },
  },
});
