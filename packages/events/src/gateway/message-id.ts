const plain = /^[\x21-\x7e]+$/;

/**
 * Control (Cc), format (Cf), line and paragraph separators (Zl, Zp), lone surrogates (Cs), and the letters that show
 * nothing: fillers, joiners, variation selectors and the blank Braille pattern.
 */
const invisible =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]|\u034f|[\u180b-\u180f]|[\ufe00-\ufe0f]/gu;

/**
 * A client's `messageId` without invisible characters and outer white space, or `undefined` when nothing is left or it is no
 * string: then the gateway makes one. Destinations drop repeats by it, so two ids that look alike must be alike. Source: what
 * RudderStack's gateway does with them.
 */
export function cleanMessageId(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (plain.test(value)) return value;
  const cleaned = value.replace(invisible, "").trim();
  return cleaned === "" ? undefined : cleaned;
}
