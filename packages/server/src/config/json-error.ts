/**
 * Where a text stops being JSON, counted from 1. V8 tells the position in some of its messages
 * only, so it is found by halving: the text is good up to the longest prefix of which nothing but
 * the end is wrong.
 */
export function findJsonError(text: string): { line: number; column: number } {
  let good = 0;
  let bad = text.length;
  while (good < bad) {
    const middle = Math.ceil((good + bad) / 2);
    if (canGoOn(text.slice(0, middle))) good = middle;
    else bad = middle - 1;
  }
  const before = text.slice(0, good).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

/**
 * Whether some continuation makes this prefix valid JSON: whether V8 complains of nothing but its
 * end.
 */
function canGoOn(prefix: string): boolean {
  try {
    JSON.parse(prefix);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    // At the end only: other messages quote the text, which may say the same. Newer versions add
    // line and column.
    const position = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
    return position === undefined ? message.startsWith("Unexpected end") : Number(position) >= prefix.length;
  }
}
