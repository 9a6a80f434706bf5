import { textOf } from "../field/usable.ts";

/** States and territories of the USA, by their codes. */
const states: Readonly<Record<string, string>> = {
  al: "alabama",
  ak: "alaska",
  az: "arizona",
  ar: "arkansas",
  ca: "california",
  co: "colorado",
  ct: "connecticut",
  de: "delaware",
  dc: "districtofcolumbia",
  fl: "florida",
  ga: "georgia",
  hi: "hawaii",
  id: "idaho",
  il: "illinois",
  in: "indiana",
  ia: "iowa",
  ks: "kansas",
  ky: "kentucky",
  la: "louisiana",
  me: "maine",
  md: "maryland",
  ma: "massachusetts",
  mi: "michigan",
  mn: "minnesota",
  ms: "mississippi",
  mo: "missouri",
  mt: "montana",
  ne: "nebraska",
  nv: "nevada",
  nh: "newhampshire",
  nj: "newjersey",
  nm: "newmexico",
  ny: "newyork",
  nc: "northcarolina",
  nd: "northdakota",
  oh: "ohio",
  ok: "oklahoma",
  or: "oregon",
  pa: "pennsylvania",
  ri: "rhodeisland",
  sc: "southcarolina",
  sd: "southdakota",
  tn: "tennessee",
  tx: "texas",
  ut: "utah",
  vt: "vermont",
  va: "virginia",
  wa: "washington",
  wv: "westvirginia",
  wi: "wisconsin",
  wy: "wyoming",
  pr: "puertorico",
};
const stateCodes: ReadonlyMap<string, string> = new Map(Object.entries(states).map(([code, name]) => [name, code]));

/** Names of countries besides their English ones. */
const otherNames: Readonly<Record<string, string>> = {
  usa: "us",
  unitedstatesofamerica: "us",
  uk: "gb",
  greatbritain: "gb",
};
let countryCodes: ReadonlyMap<string, string> | undefined;

/** A text in small letters, of letters and digits only. */
export function lettersOf(value: unknown): string | undefined {
  return (
    textOf(value)
      ?.toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}]/gu, "") || undefined
  );
}

/** Two letters, of a code or the English name of a country. */
export function countryOf(value: unknown): string | undefined {
  const letters = lettersOf(value);
  if (letters === undefined) return undefined;
  countryCodes ??= namesOfCountries();
  if (Object.hasOwn(otherNames, letters)) return otherNames[letters];
  return /^[a-z]{2}$/.test(letters) ? letters : countryCodes.get(letters);
}

function namesOfCountries(): ReadonlyMap<string, string> {
  const names = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  return new Map(
    codes.flatMap((code) => {
      const name = lettersOf(names.of(code.toUpperCase()));
      return name === undefined ? [] : [[name, code] as const];
    }),
  );
}

/** Two letters for a state of the USA, or if the country is not known to be another one. */
export function stateOf(value: unknown, country: unknown): string | undefined {
  const letters = lettersOf(value);
  const code = countryOf(country);
  if (letters === undefined || (code !== undefined && code !== "us")) return letters;
  return stateCodes.get(letters) ?? letters;
}

/** Takes out blanks and dashes; keeps the first five digits for the USA. */
export function postalCodeOf(value: unknown, country: unknown): string | undefined {
  const text = (typeof value === "number" || typeof value === "bigint" ? String(value) : textOf(value))?.toLowerCase();
  const code = countryOf(country);
  const isAmerican = code === "us" || (code === undefined && /^\d{5}-\d{4}$/.test(text ?? ""));
  const bare = text?.replace(/[\s\p{Pd}]/gu, "");
  return (isAmerican ? bare?.slice(0, 5) : bare) || undefined;
}
