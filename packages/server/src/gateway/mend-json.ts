import { jsonStringEnd } from "@pintle/events";

/** A body as JSON, and what was wrong with it before. */
export interface MendedJson {
  readonly body: Buffer;
  readonly hadByteOrderMark: boolean;
  readonly hadNotANumber: boolean;
}

/**
 * Makes JSON of what some clients take for it: cuts off a byte order mark, and writes `null` for
 * `NaN`, `Infinity` and `-Infinity`, which Python's `json` writes. All else stays, byte for byte;
 * whether it is JSON then is left to see.
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
