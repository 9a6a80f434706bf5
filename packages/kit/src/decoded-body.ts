import { parseJson } from "@pintle/events";

/**
 * The decoded body: a form becomes an object of texts, with a list for a repeated name; NDJSON
 * becomes a list; anything else is read as JSON. A text that does not match its `content-type`
 * stays a text.
 */
export function decodedBody(headers: Readonly<Record<string, string>>, text: string): unknown {
  const header = Object.keys(headers).find((name) => name.toLowerCase() === "content-type");
  const [type = ""] = (header === undefined ? "" : headers[header]!).toLowerCase().split(/\s*;/);
  try {
    if (type === "application/x-www-form-urlencoded") return formOf(text);
    if (/^application\/(x-)?(ndjson|jsonl|json-lines)$/.test(type)) {
      return text
        .split("\n")
        .filter(Boolean)
        .map((line) => parseJson(line));
    }
    return parseJson(text);
  } catch {
    return text;
  }
}

function formOf(text: string): Record<string, string | string[]> {
  const form = new URLSearchParams(text);
  const names = [...new Set(form.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const all = form.getAll(name);
      return [name, all.length === 1 ? all[0]! : all];
    }),
  );
}
