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
  // TypeScript itself finds unknown names, types included.
  { files: ["**/*.ts", "**/*.svelte"], rules: { "no-undef": "off" } },
);
