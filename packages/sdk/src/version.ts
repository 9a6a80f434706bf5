/**
 * The package's version, as sent in `User-Agent` and `context.library`.
 *
 * @example
 * ```ts
 * import { VERSION } from "@pintle/sdk";
 *
 * console.log(`events by @pintle/sdk ${VERSION}`);
 * ```
 */
// A test holds it equal to package.json.
export const version = "0.1.0";
