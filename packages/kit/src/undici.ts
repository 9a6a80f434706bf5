import { createRequire } from "node:module";
import type * as Undici from "undici";

let loaded: typeof Undici | undefined;

/**
 * undici, loaded at its first use: it takes 20 MB in each thread that loads it, and both threads of
 * a data plane know all destinations, even those that nobody configured.
 */
export function undici(): typeof Undici {
  loaded ??= createRequire(import.meta.url)("undici") as typeof Undici;
  return loaded;
}
