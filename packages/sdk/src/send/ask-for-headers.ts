import { askForeign } from "../foreign.ts";
import { findWrongHeader, type RequestHeaders } from "../headers.ts";

/**
 * The headers for one request. Rejects with what the program's functions throw, and for headers
 * that cannot be sent.
 */
export async function askForHeaders(own: RequestHeaders): Promise<Record<string, string>> {
  const given = typeof own === "function" ? await askForeign(own) : own;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    headers[name] = typeof value === "function" ? await askForeign(value as () => Promise<string>) : value;
  }
  const wrong = findWrongHeader(headers);
  if (wrong !== undefined) throw new Error(wrong);
  return headers;
}
