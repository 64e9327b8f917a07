// The patron's pages: the frame inside the widget and the full page. Built first, so it empties the folder.
// Preact and not Svelte: all of it may weigh 25 kB, of which Svelte's runtime alone takes 14.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The only part that is imported later brings no style and no other part: half a kilobyte of Vite's for that is spared.
const plainImports = {
  name: "plain-imports",
  enforce: "pre" as const,
  load: (id: string) => (id.includes("vite/preload-helper") ? "export const __vitePreload = (load) => load();" : undefined),
};

// Vite wraps each import in a call that would fetch its styles first, and takes out of it what is asked for: none of ours has styles.
const bareImports = {
  name: "bare-imports",
  writeBundle(_: unknown, bundle: Record<string, { type: string }>) {
    for (const [name, file] of Object.entries(bundle)) {
      if (file.type !== "chunk") continue;
      const path = here(`../../adapters/webchat/static/${name}`);
      writeFileSync(path, readFileSync(path, "utf8").replace(TAKEN_OUT, "import($2)").replace(WRAPPED, "$1"));
    }
  },
};
const TAKEN_OUT = /\w+\(async\(\)=>\{let\{([\w$]+):\w+\}=await import\((`[^`]+`)\);return\{\1:\w+\}\},\[\],import\.meta\.url\)/g;
const WRAPPED = /\w+\(\(\)=>(import\(`[^`]+`\)(?:\.then\((?:[^()]|\([^()]*\))*\))?),\[\],import\.meta\.url\)/g;

// Of the design tokens, this page keeps those that change with the scheme; what has one value is written where it is used. Nobody
// chooses a scheme here: it is the reader's own.
const plainTokens = {
  name: "plain-tokens",
  enforce: "post" as const,
  generateBundle(_: unknown, bundle: Record<string, { type: string; source?: unknown }>) {
    for (const file of Object.values(bundle)) {
      if (file.type === "asset" && typeof file.source === "string" && file.source.includes("--ground")) file.source = plain(file.source);
    }
  },
};

function plain(sheet: string): string {
  let css = sheet.replace(/:root\[data-theme=["']?dark["']?\]\{[^}]*\}/, "").replace(/:root:not\(\[data-theme=[^\]]*\]\)/g, ":root");
  const values = new Map<string, string[]>();
  for (const [, name = "", value = ""] of css.matchAll(/(--[\w-]+):([^;{}]*)/g)) values.set(name, [...(values.get(name) ?? []), value]);
  for (const [name, [value = "", ...others]] of values) {
    const used = css.includes(`var(${name})`);
    if (used && (others.length || name.includes("accent"))) continue;
    css = css.replace(new RegExp(`${name}:[^;{}]*;?`, "g"), "").replaceAll(`var(${name})`, value);
  }
  return css;
}

// Children as arguments need no second way to make an element, and are shorter.
const classicElements = {
  name: "classic-elements",
  enforce: "pre" as const,
  transform: (code: string, id: string) => (id.endsWith(".tsx") ? `import { h, Fragment } from "preact";${code}` : undefined),
};

const FIRST = /preact|\/widget\/(main|App|Composer|Log|chat|link|keep|late|fetched|icons|words)\.tsx?$|\/ui\/(live\/|language|blank|composing|touch)/;

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [plainImports, classicElements, plainTokens, bareImports],
  oxc: { jsx: { runtime: "classic", pragma: "h", pragmaFrag: "Fragment" } },
  build: {
    outDir: here("../../adapters/webchat/static"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: {
      input: { frame: here("./frame.html"), page: here("./page.html"), card: here("./card.ts") },
      // What the first messages need is one script. What later parts share with it would be a chunk of its own, and a journey more.
      output: { codeSplitting: { groups: [{ name: "main", test: (id: string) => FIRST.test(id) }] } },
    },
  },
});
