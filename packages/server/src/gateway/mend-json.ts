import { jsonStringEnd } from "@pintle/events";

/** A body as JSON, and what was wrong with it before. */
export interface MendedJson {
  readonly body: Buffer;
  readonly hadByteOrderMark: boolean;
  readonly hadNotANumber: boolean;
}

/**
 * Makes JSON of what some clients take for it: cuts off byte order marks, and writes `null` for `NaN`, `Infinity` and `-Infinity`, which Python's `json`
 * writes. All else stays, byte for byte; whether it is JSON then is left to see.
 *
 * @returns `undefined` where nothing is to be mended
 */
export function mendJson(bytes: Buffer): MendedJson | undefined {
  // Texts that were put together have one from each part.
  let start = 0;
  while (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) start += 3;
  const hadByteOrderMark = start > 0;
  const rest = bytes.subarray(start);
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
  const pieces: string[] = [];
  let copied = 0;
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const open = quote === -1 ? text.length : quote;
    if (open - at >= 3) {
      const between = text.slice(at, open);
      const mended = between.replace(notANumber, "$1null");
      if (mended !== between) {
        pieces.push(text.slice(copied, at), mended);
        copied = open;
      }
    }
    at = jsonStringEnd(text, open);
  }
  pieces.push(text.slice(copied));
  return pieces.join("");
}
