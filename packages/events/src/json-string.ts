/**
 * Finds the position after the closing quote of a string in a JSON text, from its opening quote;
 * the end of the text where there is none. Lets a caller skip strings before the text is parsed.
 */
export function jsonStringEnd(text: string, open: number): number {
  for (let at = open + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at === -1) return text.length;
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
}
