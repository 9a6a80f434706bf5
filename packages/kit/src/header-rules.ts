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
