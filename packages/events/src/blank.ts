/**
 * What nobody sees: control (Cc), format (Cf) and private (Co) characters, line and paragraph
 * separators (Zl, Zp), lone surrogates (Cs), code points that are no characters, what Unicode says
 * is to be ignored (fillers, joiners, variation selectors), and letters that show nothing: the
 * blank Braille pattern, the Khitan filler, the null notehead.
 */
const invisibles = String.raw`\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\u2800\u{16fe4}\u{1d159}`;
// Made when they are first needed: to look up what these classes hold takes half a millisecond
// each.
let invisible: RegExp | undefined;
let nothing: RegExp | undefined;

/**
 * Whether an id is as good as none: empty, or nothing but white space and characters that nobody
 * sees.
 */
export function isBlank(id: string): boolean {
  const first = id.charCodeAt(0);
  // The first character decides almost always.
  if (first > 0x20 && first < 0x7f) return false;
  nothing ??= new RegExp(String.raw`^[\s${invisibles}]*$`, "u");
  return nothing.test(id);
}

/** A text without invisible characters, and without white space around it. */
export function visible(text: string): string {
  invisible ??= new RegExp(`[${invisibles}]`, "gu");
  return text.replace(invisible, "").trim();
}
