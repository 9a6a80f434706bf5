/**
 * What nobody sees: control (Cc) and format (Cf) characters, line and paragraph separators (Zl, Zp), lone surrogates (Cs), and the letters that
 * show nothing: fillers, joiners, variation selectors and the blank Braille pattern.
 */
const invisibles = String.raw`\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u034f\u180b-\u180f\ufe00-\ufe0f`;
const invisible = new RegExp(`[${invisibles}]`, "gu");
const nothing = new RegExp(String.raw`^[\s${invisibles}]*$`, "u");

/** Whether an id is as good as none: empty, or nothing but white space and characters that nobody sees. */
export function isBlank(id: string): boolean {
  const first = id.charCodeAt(0);
  // The first character decides almost always.
  return first > 0x20 && first < 0x7f ? false : nothing.test(id);
}

/** A text without invisible characters, and without white space around it. */
export function visible(text: string): string {
  return text.replace(invisible, "").trim();
}
