/**
 * What nobody sees: control (Cc), format (Cf) and private (Co) characters, line and paragraph separators (Zl, Zp), lone surrogates (Cs), code points that
 * are no characters, what Unicode says is to be ignored (fillers, joiners, variation selectors), and letters that show nothing: the blank Braille
 * pattern, the Khitan filler, the null notehead.
 */
const invisibles = String.raw`\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\u2800\u{16fe4}\u{1d159}`;
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
