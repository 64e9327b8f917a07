// Lets Node resolve imports as the bundler does: a name without an ending is TypeScript.
import { registerHooks } from "node:module";

registerHooks({
  resolve(name, context, next) {
    return next(name.startsWith(".") && !/\.\w+$/.test(name) ? `${name}.ts` : name, context);
  },
});
