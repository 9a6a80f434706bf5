import { z } from "zod";

// RFC 9110, 5.6.2 and 5.5: a token, and visible text. A value that breaks these would fail with
// every event.
export const headerName: RegExp = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
export const headerValue: RegExp = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Headers by which the connection and the length of the body go: nobody chooses them. In small
 * letters.
 */
export const ownHeaders: ReadonlySet<string> = new Set([
  "content-length",
  "content-encoding",
  "transfer-encoding",
  "connection",
  "proxy-connection",
  "keep-alive",
  "upgrade",
  "host",
  "expect",
  "te",
  "trailer",
]);

/** The name of a header that settings may set. */
export const settableHeader: z.ZodType<string, string> = z
  .string()
  .regex(headerName, "A header's name is letters, digits and hyphens")
  .refine((name) => !ownHeaders.has(name.toLowerCase()), { error: "This header is set by the connection" });
