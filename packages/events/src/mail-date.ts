import { parseParts } from "./iso-date.ts";

/** The dates of mail and HTTP: RFC 2822, RFC 9110. */
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const mail = new RegExp(
  String.raw`^(?:(?:mon|tue|wed|thu|fri|sat|sun), ?)?(\d{1,2}) (${months.join("|")}) (\d{4}) (\d{2}):(\d{2})(?::(\d{2}))? (?:gmt|utc|ut|z|([+-]\d{4}))$`,
  "i",
);

/** Milliseconds since the epoch; `undefined` or NaN for what is no such date. */
export function parseMailDate(text: string): number | undefined {
  const words = mail.exec(text);
  if (words === null) return undefined;
  const [, day, month = "", year, hour, minute, second, offset] = words;
  return parseParts(year, months.indexOf(month.toLowerCase()) + 1, day, hour, minute, second, "", offset);
}
