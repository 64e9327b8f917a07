// The invitation, which the loader fetches where a library has switched it on: one module, under a name without a hash.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  build: {
    outDir: here("../../adapters/webchat/static"),
    emptyOutDir: false,
    target: "es2020",
    lib: { entry: here("./invite.ts"), formats: ["es"], fileName: () => "invite.js" },
  },
});
