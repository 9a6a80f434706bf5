/**
 * A number of another SDK's settings, as one from `least` to `most`. Those SDKs check nothing:
 * programs give them texts of the environment, and numbers beyond every bound.
 *
 * @param otherwise what stands for no number at all
 */
export function bounded(value: unknown, otherwise: number, least: number, most: number): number {
  const isGiven = typeof value === "number" || (typeof value === "string" && value.trim() !== "");
  const number = isGiven ? Number(value) : Number.NaN;
  return Number.isNaN(number) ? otherwise : Math.min(most, Math.max(least, Math.floor(number)));
}
