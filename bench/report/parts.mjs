/**
 * The parts of a bench that `--only` names, separated by commas; all of them without it. An unknown
 * one ends the program, with the names that there are.
 */
export function partsOf(only, names) {
  if (only === undefined) return new Set(names);
  const wanted = only.split(",").map((name) => name.trim());
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length === 0) return new Set(wanted);
  console.error(`--only: there is no part ${JSON.stringify(unknown[0])}; there are ${names.join(", ")}`);
  process.exit(2);
}

/** The number of a flag; anything that is not a number above zero ends the program. */
export function numberOf(flag, text) {
  const number = Number(text);
  if (text !== "" && Number.isFinite(number) && number > 0) return number;
  console.error(`--${flag}: ${JSON.stringify(text)} is not a number above 0`);
  process.exit(2);
}
