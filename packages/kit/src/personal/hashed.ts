import { createHash } from "node:crypto";
import type { Note } from "../adjustment.ts";
import { type EmailOptions, normalised, type PhoneOptions, type PlaceOptions } from "./normalised.ts";

/** Records that a field was left out. */
interface Noted {
  readonly note?: Note;
}

type Hash<Options> = (value: unknown, options?: Options & Noted) => string | undefined;

/**
 * Personal fields as advertising services want them: normalised (see `normalised`), then SHA-256 of
 * the UTF-8 in hex, small letters. A value of 64 hex digits was already hashed by its sender. A
 * value that cannot be normalised is left out, and noted as `invalid_value`; an absent value stays
 * absent.
 */
export const hashed: {
  readonly email: Hash<EmailOptions>;
  readonly phone: Hash<PhoneOptions>;
  readonly name: Hash<object>;
  readonly city: Hash<object>;
  readonly state: Hash<PlaceOptions>;
  readonly country: Hash<object>;
  readonly postalCode: Hash<PlaceOptions>;
  readonly birthday: Hash<object>;
  readonly gender: Hash<object>;
  readonly id: Hash<object>;
} = {
  email: hashOf("email", normalised.email),
  phone: hashOf("phone", normalised.phone),
  name: hashOf("name", normalised.name),
  city: hashOf("city", normalised.city),
  state: hashOf("state", normalised.state),
  country: hashOf("country", normalised.country),
  postalCode: hashOf("postalCode", normalised.postalCode),
  birthday: hashOf("birthday", normalised.birthday),
  gender: hashOf("gender", normalised.gender),
  id: hashOf("id", normalised.id),
};

function hashOf<Options extends object>(
  name: string,
  normalise: (value: unknown, options?: Options) => string | undefined,
): Hash<Options> {
  return (value, options) => {
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value === "string" && /^[0-9a-f]{64}$/i.test(value.trim())) return value.trim().toLowerCase();
    const text = normalise(value, options);
    if (text === undefined) {
      options?.note?.("invalid_value", name);
      return undefined;
    }
    return createHash("sha256").update(text).digest("hex");
  };
}
