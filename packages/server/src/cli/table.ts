/**
 * Rows of text as columns of the same width; a column of numbers is set to the right. The first row
 * is the heading.
 */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const isNumeric = widths.map((_, at) =>
    rows.slice(1).every((row) => /^([\d,.]+[a-z]*( \d+[a-z])?)?$/.test(row[at] ?? "")),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => (isNumeric[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join("  ")
      .trimEnd(),
  );
}

/** `1234567` as `1,234,567`. */
export function count(number: number): string {
  return number.toLocaleString("en-US");
}

/** `1 event`, `2,000 events`. */
export function nouns(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** Counts by reason, the largest first: `http_400 12, expired 3`. */
export function reasons(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, number]) => number > 0)
    .toSorted(([, one], [, other]) => other - one)
    .map(([reason, number]) => `${reason} ${count(number)}`)
    .join(", ");
}

/** A length of time in seconds for people: `0.4s`, `12s`, `5m 3s`, `2h 10m`, `3d 4h`. */
export function age(seconds: number): string {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
  return `${Math.floor(whole / 86_400)}d ${Math.floor((whole % 86_400) / 3600)}h`;
}
