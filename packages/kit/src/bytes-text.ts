const units: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };

/** An amount of data as a text: `"500KB"`, `"64MB"`, `"1GB"` (powers of 1000). */
export const bytesPattern: RegExp = /^\d+(\.\d+)?(B|KB|MB|GB)$/;

/** Bytes of a text of that form. */
export function parseBytes(text: string): number {
  const [, amount = "", unit = ""] = /^([\d.]+)([A-Z]+)$/.exec(text) ?? [];
  return Math.round(Number(amount) * (units[unit] ?? Number.NaN));
}

export function formatBytes(count: number): string {
  const unit = Object.keys(units)
    .reverse()
    .find((name) => count % (units[name] ?? 1) === 0);
  return `${count / (units[unit ?? "B"] ?? 1)}${unit ?? "B"}`;
}

/** Bytes of a text; `undefined` if it is not an amount of data, or is out of bounds. */
export function bytesIn(text: string, min: number, max: number): number | undefined {
  if (!bytesPattern.test(text)) return undefined;
  const count = parseBytes(text);
  return count >= min && count <= max ? count : undefined;
}
