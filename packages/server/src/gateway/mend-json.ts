import { jsonStringEnd } from "@pintle/events";

/** A body as JSON, and what was wrong with it before. */
export interface MendedJson {
  readonly body: Buffer;
  readonly hadByteOrderMark: boolean;
  readonly hadNotANumber: boolean;
}

/**
 * Makes JSON of what some clients take for it: cuts off a byte order mark, and writes `null` for `NaN`, `Infinity` and `-Infinity`, which Python's `json`
 * writes. All else stays, byte for byte; whether it is JSON then is left to see.
 *
 * @returns `undefined` where nothing is to be mended
 */
export function mendJson(bytes: Buffer): MendedJson | undefined {
  const hadByteOrderMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const rest = hadByteOrderMark ? bytes.subarray(3) : bytes;
  const hasNames = rest.includes("NaN") || rest.includes("Infinity");
  // A character for each byte: what is not UTF-8 stays as it is.
  const text = hasNames ? rest.toString("latin1") : "";
  const mended = hasNames ? nullForNotANumber(text) : text;
  const hadNotANumber = mended !== text;
  if (!hadByteOrderMark && !hadNotANumber) return undefined;
  return { body: hadNotANumber ? Buffer.from(mended, "latin1") : rest, hadByteOrderMark, hadNotANumber };
}

const notANumber = /(^|[\s:,[])(?:NaN|-?Infinity)(?=\s*(?:[,\]}]|$))/g;

function nullForNotANumber(text: string): string {
  let mended = "";
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    const open = quote === -1 ? text.length : quote;
    const end = jsonStringEnd(text, open);
    mended += text.slice(at, open).replace(notANumber, "$1null") + text.slice(open, end);
    at = end;
  }
  return mended;
}
