/**
 * The maximum length of a text: characters as JavaScript counts them (UTF-16), or bytes in UTF-8.
 */
export type ClipLimit = { readonly chars: number } | { readonly bytes: number };

/** The beginning of a text that fits, without half a character at its end. */
export function clip(text: string, limit: ClipLimit): string {
  if ("chars" in limit) {
    if (text.length <= limit.chars) return text;
    const isBetween = isSurrogatePair(text, limit.chars - 1);
    return text.slice(0, Math.max(0, isBetween ? limit.chars - 1 : limit.chars));
  }
  const { bytes } = limit;
  // Three bytes are the most that a unit of UTF-16 takes.
  if (text.length * 3 <= bytes) return text;
  const room = new Uint8Array(Math.max(0, Math.min(bytes, text.length * 3)));
  return text.slice(0, new TextEncoder().encodeInto(text, room).read);
}

/** Whether the units at `at` and after it are the two halves of one character. */
function isSurrogatePair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}
