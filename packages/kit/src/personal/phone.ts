import { idOf } from "../field/usable.ts";

/**
 * The digits of a phone number with its country code, without `+` and zeros in front; `undefined`
 * for what is none.
 *
 * A number that begins with `+` or `00` has its code. A number that begins with a single zero has
 * none; nor has any other, unless it begins with `countryCode` and has 11 digits or more. Without a
 * `countryCode`, other numbers are taken unchanged if `asItIs` says so.
 */
export function phoneDigits(value: unknown, countryCode: string | undefined, asItIs: boolean): string | undefined {
  const given = idOf(value)
    ?.replace(/^tel:/i, "")
    .replace(/\s*(?:ext\.?|x|#)\s*\d+$/i, "");
  if (given === undefined || !/^[\d\s+().\-/\u2010-\u2015]*$/.test(given)) return undefined;
  const isInternational = /^\s*(\+|00)/.test(given);
  // The zero of "+49 (0) 151" is not dialled from abroad.
  const digits = (isInternational ? given.replace(/\(0\)/, "") : given).replace(/\D/g, "");
  const bare = digits.replace(/^0+/, "");
  const code = countryCode?.replace(/\D/g, "").replace(/^0+/, "") ?? "";
  const isWhole = isInternational || (digits === bare && code !== "" && bare.startsWith(code) && bare.length >= 11);
  if (!isWhole && code === "" && !asItIs) return undefined;
  const whole = isWhole ? bare : code + bare;
  // E.164: 15 digits at most; no country has shorter numbers than 7 with its code.
  return whole.length >= 7 && whole.length <= 15 ? whole : undefined;
}
