import { ConfigError } from "./errors.ts";
import { kindOf } from "./kind-of.ts";

/** A hint for whoever gets the constructor's arguments wrong. */
export const order = "the arguments are writeKey, dataPlaneUrl, config";

/**
 * The write key. It is a secret, and what stands in its place may be one: what is wrong with it is
 * told without showing it, and the error does not carry it.
 */
export function checkWriteKey(value: unknown): string {
  const isText = typeof value === "string";
  // A colon would end the user name of Basic authentication (RFC 7617), anything else could not be
  // in a header.
  if (isText && /^[\x21-\x39\x3b-\x7e]+$/.test(value)) return value;
  const shown = isText && /^https?:/i.test(value) ? "a URL" : value === "" ? "empty" : kindOf(value);
  const allowed = `the write key of a source, printable ASCII without a colon: ${order}`;
  throw new ConfigError("writeKey", undefined, shown, allowed);
}

/**
 * The data plane's URL, without a slash at the end. It is not shown: it may be a key in the wrong
 * place, or hold one.
 */
export function checkUrl(given: unknown): string {
  const value = isUrl(given) ? given.href : given;
  const wrong = (shown: string, more = ""): ConfigError => {
    const allowed = `an http or https URL such as "https://data.example.com"${more}: ${order}`;
    return new ConfigError("dataPlaneUrl", undefined, shown, allowed);
  };
  if (typeof value !== "string") throw wrong(kindOf(value));
  const without = ", without them";
  if (value.includes("@")) throw wrong("a URL with a user name or password", without);
  const url = /^\s*https?:/i.test(value) ? parse(value) : undefined;
  if (url === undefined)
    throw wrong(/^[\w.-]+:\d+(?:\/|$)/.test(value) ? "an address without http:// or https://" : kindOf(value));
  if (url.search !== "" || url.hash !== "") throw wrong("a URL with a query or a fragment", without);
  // As a sample of the HTTP API may have it, with all that the SDK adds itself.
  return url.href.replace(/\/*(?:\/v1\/batch\/*)?$/, "");
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Whether it is a URL, of whatever realm. */
function isUrl(value: unknown): value is { readonly href: unknown } {
  return Object.prototype.toString.call(value) === "[object URL]";
}
