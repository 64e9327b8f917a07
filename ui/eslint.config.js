import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["node_modules/"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"] } },
  },
  { files: ["**/*.config.ts", "*.js", "**/*.mjs"], languageOptions: { globals: { ...globals.node } } },
  // Sets and maps here are replaced as a whole, which Svelte sees; one mutated in place is a bug that tests find.
  { files: ["**/*.svelte", "**/*.svelte.ts"], rules: { "svelte/prefer-svelte-reactivity": "off" } },
  // TypeScript itself finds unknown names, types included.
  { files: ["**/*.ts", "**/*.svelte"], rules: { "no-undef": "off" } },
);
