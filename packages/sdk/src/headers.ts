/** A header's value, or what gives it for each request. See {@link RequestHeaders}. */
export type HeaderValue = string | (() => string | Promise<string>);

/**
 * Headers for each request, beside the SDK's own; or what gives them, for each request anew. See
 * {@link Config}.
 *
 * @example
 * ```ts
 * import { Pintle, type RequestHeaders } from "@pintle/sdk";
 *
 * const headers: RequestHeaders = {
 *   "X-Gateway-Key": "abc",
 *   "X-Gateway-Token": async () => "fetched anew, or from a cache",
 * };
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { headers });
 * await client.close();
 * ```
 */
export type RequestHeaders =
  | Readonly<Record<string, HeaderValue>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** The headers of the SDK, and those of the connection. */
const reserved =
  /^(?:authorization|content-.*|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|user-agent|anonymousid|rs-.*)$/i;

/**
 * The name of the first header that cannot be sent, and why, without its value, which may be a
 * secret.
 */
export function findWrongHeader(headers: Readonly<Record<string, unknown>>): string | undefined {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^`|~\w-]+$/.test(name)) return `${JSON.stringify(name)} is no name of a header`;
    if (reserved.test(name)) return `${name} is the SDK's own`;
    if (typeof value !== "function" && (typeof value !== "string" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))) {
      return `${name} has a value that no header can have`;
    }
  }
  return undefined;
}
