import type * as asyncHooks from "node:async_hooks";
import type * as diagnosticsChannel from "node:diagnostics_channel";

/** Modules of Node that some runtimes without Node have as well, and others not. */
interface Builtins {
  readonly "node:async_hooks": typeof asyncHooks;
  readonly "node:diagnostics_channel": typeof diagnosticsChannel;
}

/**
 * A module of the runtime, if it has it: Node, Bun, Deno, and edge runtimes with their
 * compatibility with Node switched on. At once, unlike `import()`, and unlike an import statement
 * it leads no bundler to a module that its target does not have. To be called when the module is
 * needed and never at import: there may be no `process` yet, or none at all.
 */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  try {
    return globalThis.process?.getBuiltinModule?.(name) as Builtins[Name] | undefined;
  } catch {
    return undefined;
  }
}
