const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time as a text: `"500ms"`, `"10s"`, `"15m"`, `"2h"`, `"3d"`. */
export const durationPattern: RegExp = /^\d+(\.\d+)?(ms|s|m|h|d)$/;

/** Milliseconds of a text of that form. */
export function parseDuration(text: string): number {
  const [, amount = "", unit = ""] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
  return Number(amount) * (units[unit] ?? Number.NaN);
}

export function formatDuration(milliseconds: number): string {
  const unit = Object.keys(units)
    .reverse()
    .find((name) => milliseconds % (units[name] ?? 1) === 0);
  return unit === undefined ? `${milliseconds}ms` : `${milliseconds / (units[unit] ?? 1)}${unit}`;
}

/** Milliseconds of a text; `undefined` if it is not a length of time, or is out of bounds. */
export function durationIn(text: string, min: number, max: number): number | undefined {
  if (!durationPattern.test(text)) return undefined;
  const milliseconds = Math.round(parseDuration(text));
  return milliseconds >= min && milliseconds <= max ? milliseconds : undefined;
}
