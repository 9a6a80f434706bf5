import { at, type Fields, firstId, firstText, objectOf, textOf } from "./usable.ts";

/** A person's address, as far as the traits have it. */
export interface PostalAddress {
  readonly street: string | undefined;
  readonly city: string | undefined;
  readonly state: string | undefined;
  readonly postalCode: string | undefined;
  readonly country: string | undefined;
}

/** Takes a text with one `@`, and a dot behind it; as long as RFC 5321 allows. */
export function emailAddressOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text !== undefined && text.length <= 254 && /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(text) ? text : undefined;
}

export function emailOf(traits: Fields, properties: Fields): string | undefined {
  return emailAddressOf(at(traits, "email")) ?? emailAddressOf(at(properties, "email"));
}

export function phoneOf(traits: Fields, properties: Fields): string | undefined {
  return firstId(traits, "phone", "phoneNumber", "phone_number", "mobile") ?? firstId(properties, "phone");
}

/** First, last and full name, each derived from the others if it is missing. */
export function namesOf(traits: Fields): {
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly whole: string | undefined;
} {
  const given = firstText(traits, "name");
  const [word, ...rest] = given?.split(/\s+/) ?? [];
  const first = firstText(traits, "firstName", "first_name", "firstname");
  const last = firstText(traits, "lastName", "last_name", "lastname");
  const joined = [first, last].filter((part) => part !== undefined).join(" ");
  return {
    first: first ?? word,
    last: last ?? (rest.join(" ") || undefined),
    whole: given ?? (joined === "" ? undefined : joined),
  };
}

export function streetAddressOf(traits: Fields): PostalAddress {
  const address = objectOf(at(traits, "address"));
  return {
    street: firstText(address, "street") ?? firstText(traits, "street"),
    city: firstText(address, "city") ?? firstText(traits, "city"),
    state: firstText(address, "state") ?? firstText(traits, "state", "region"),
    postalCode: firstId(address, "postalCode", "postal_code") ?? firstId(traits, "postalCode", "postal_code", "zip"),
    country: firstText(address, "country") ?? firstText(traits, "country"),
  };
}

/** A company as an object; a text becomes its name. */
export function companyOf(traits: Fields): Fields | undefined {
  const given = at(traits, "company");
  const name = textOf(given);
  if (name !== undefined) return { name };
  const company = objectOf(given);
  return Object.keys(company).length === 0 ? undefined : company;
}
