// The patron's pages: the frame inside the widget and the full page. Built first, so it empties the folder.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: here("../../adapters/webchat/static"),
    emptyOutDir: true,
    target: "es2020",
    assetsInlineLimit: 0,
    rollupOptions: { input: { frame: here("./frame.html"), page: here("./page.html") } },
  },
});
