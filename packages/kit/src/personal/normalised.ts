import { emailAddressOf } from "../field/person.ts";
import { idOf, textOf } from "../field/usable.ts";
import { phoneDigits } from "./phone.ts";
import { countryOf, lettersOf, postalCodeOf, stateOf } from "./place.ts";

export interface EmailOptions {
  /**
   * `google`: without the dots in front of `@gmail.com` and `@googlemail.com`; `reddit`: without
   * what stands behind a `+` in front of the `@`, and only letters and digits there.
   */
  readonly as?: "google" | "reddit";
}

export interface PhoneOptions {
  /**
   * `e164`: `+` and digits, only with a country code (Google, TikTok, Reddit, Klaviyo). @default
   * digits alone (Meta, Snap, Pinterest)
   */
  readonly as?: "e164";
  /** The country code of numbers without one: `"49"`. */
  readonly countryCode?: string | undefined;
}

export interface PlaceOptions {
  /** The country that a state or postal code is in, as it was written. */
  readonly country?: unknown;
}

/**
 * Personal fields in the form in which advertising services compare them; `undefined` for a value
 * that cannot be normalised.
 */
export const normalised: {
  email(value: unknown, options?: EmailOptions): string | undefined;
  phone(value: unknown, options?: PhoneOptions): string | undefined;
  /** A first or last name: small letters, no punctuation. */
  name(value: unknown): string | undefined;
  city(value: unknown): string | undefined;
  state(value: unknown, options?: PlaceOptions): string | undefined;
  /** The country, in two letters. */
  country(value: unknown): string | undefined;
  postalCode(value: unknown, options?: PlaceOptions): string | undefined;
  /** `YYYYMMDD`, of a date whose year comes first. */
  birthday(value: unknown): string | undefined;
  /** `f` or `m`. */
  gender(value: unknown): string | undefined;
  /** The id as it is, without blanks around it. */
  id(value: unknown): string | undefined;
} = {
  email(value, { as } = {}) {
    const address = emailAddressOf(as === "google" && typeof value === "string" ? value.replace(/\s/g, "") : value);
    const [local = "", host = ""] = address?.toLowerCase().split("@") ?? [];
    if (address === undefined) return undefined;
    if (as === "google" && /^(gmail|googlemail)\.com$/.test(host)) return `${local.replaceAll(".", "")}@${host}`;
    if (as !== "reddit") return `${local}@${host}`;
    const bare = local.replace(/\+.*$/s, "").replace(/[^\p{L}\p{N}]/gu, "");
    return bare === "" ? undefined : `${bare}@${host}`;
  },
  phone(value, { as, countryCode } = {}) {
    const digits = phoneDigits(value, countryCode, as === undefined);
    return digits === undefined || as === undefined ? digits : `+${digits}`;
  },
  name: (value) =>
    textOf(value)
      ?.toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\s]/gu, "")
      .replace(/\s+/g, " ")
      .trim() || undefined,
  city: lettersOf,
  state: (value, { country } = {}) => stateOf(value, country),
  country: countryOf,
  postalCode: (value, { country } = {}) => postalCodeOf(value, country),
  birthday(value) {
    const [, year = "", month = "", day = ""] =
      /^(\d{4})([-/.]?)(\d{2})\2(\d{2})(?:T.*)?$/s.exec(idOf(value) ?? "")?.toSpliced(2, 1) ?? [];
    const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
    const isReal = !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day);
    return isReal ? year + month + day : undefined;
  },
  gender(value) {
    const word = lettersOf(value) ?? "";
    if (["f", "female", "woman", "w"].includes(word)) return "f";
    return ["m", "male", "man"].includes(word) ? "m" : undefined;
  },
  id: idOf,
};
