import { isSecret, kindNamed } from "@pintle/kit/host";
import type { z } from "zod";
import { isPlainObject, isReference } from "./env.ts";
import { type ConfigProblem, formatPath, quoted } from "./problem.ts";
import { didYouMean } from "./suggestion.ts";

/**
 * Turns what zod found into problems. `input` is the configuration as it was written: values are
 * shown from it, so that what came from the environment shows as a reference. `schema` knows the
 * keys that are allowed.
 */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  schema: z.core.$ZodType,
  prefix: readonly PropertyKey[] = [],
): ConfigProblem[] {
  const others = (issue: z.core.$ZodIssue) => issues.filter(({ path }) => path.join() === issue.path.join());
  const isOfAnotherKind = (issue: z.core.$ZodIssue) => others(issue).some(({ code }) => code === "invalid_type");
  return issues
    .filter((issue) => issue.code === "invalid_type" || !isOfAnotherKind(issue))
    .filter((issue) => !isBoundOfIntegers(issue) || others(issue).length === 1)
    .flatMap((issue) => describeIssue(issue, input, schema, prefix));
}

/**
 * Whether it says no more than that a whole number is beyond 2^53: a bound that the schema has of
 * its own says it better.
 */
function isBoundOfIntegers(issue: z.core.$ZodIssue): boolean {
  return "note" in issue && (issue.code === "too_big" || issue.code === "too_small");
}

function describeIssue(
  issue: z.core.$ZodIssue,
  input: unknown,
  schema: z.core.$ZodType,
  prefix: readonly PropertyKey[],
): ConfigProblem[] {
  const path = [...prefix, ...issue.path];
  const value = valueAt(input, path);
  const isHidden = path.some((key) => secretName.test(String(key))) || isSecret(schema, issue.path);
  const got = `got ${show(value, isHidden)}`;
  const expected = (kind: string) =>
    value === undefined ? `is missing; expected ${kind}` : `expected ${kind}, ${got}`;
  const problem = (message: string) => [{ path: formatPath(path), message }];

  switch (issue.code) {
    case "invalid_type":
      return problem(expected(kindNamed(issue.expected)));
    case "invalid_value": {
      const allowed = issue.values.map((allowed) => JSON.stringify(allowed)).join(", ");
      const hint = typeof value === "string" ? didYouMean(value, issue.values.map(String)) : "";
      return problem(`expected ${issue.values.length === 1 ? "" : "one of "}${allowed}, ${got}${hint}`);
    }
    case "unrecognized_keys": {
      const allowed = keysAt(schema, issue.path);
      return issue.keys.map((key) => unknownKey([...path, key], allowed));
    }
    case "invalid_union": {
      const isOther = (inner: z.core.$ZodIssue) => inner.code === "invalid_type" && inner.path.length === 0;
      // The branch that takes this kind of value knows better what is wrong with it than the union
      // does.
      const [near, ...others] = issue.errors.filter((branch) => !branch.some(isOther));
      if (near !== undefined && others.length === 0) {
        const issues = near.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
        return describeIssues(issues, input, schema, prefix);
      }
      const kinds = issue.errors
        .flat()
        .flatMap((inner) => (inner.code === "invalid_type" ? [kindNamed(inner.expected)] : []));
      if (near !== undefined || kinds.length === 0) return problem(`${lowerFirst(issue.message)}, ${got}`);
      return problem(expected(kinds.join(" or ")));
    }
    default:
      return problem(`${lowerFirst(issue.message)}, ${got}`);
  }
}

export function unknownKey(path: readonly PropertyKey[], allowed: readonly string[] | undefined): ConfigProblem {
  const key = String(path.at(-1));
  const hint = allowed === undefined ? "" : `${didYouMean(key, allowed)} (allowed: ${allowed.join(", ")})`;
  return { path: formatPath(path), message: `unknown key${hint}` };
}

/**
 * The keys of the object schema that stands at `path` in `schema`; `undefined` where that cannot be
 * known.
 */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] | undefined {
  let here: z.core.$ZodType | undefined = unwrap(schema);
  for (const key of path) here = here && unwrap(step(here, key));
  const def = here?._zod.def;
  return def?.type === "object" ? Object.keys((def as z.core.$ZodObjectDef).shape) : undefined;
}

function step(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType | undefined {
  const def = schema._zod.def;
  if (def.type === "object") return (def as z.core.$ZodObjectDef).shape[String(key)];
  if (def.type === "array") return (def as z.core.$ZodArrayDef).element;
  if (def.type === "record") return (def as z.core.$ZodRecordDef).valueType;
  return undefined;
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let here = schema;
  while (here !== undefined && "innerType" in here._zod.def) here = here._zod.def.innerType as z.core.$ZodType;
  return here;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let here = input;
  for (const key of path) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<PropertyKey, unknown>)[key];
  }
  return here;
}

/**
 * Settings whose values are likely to be secret even where they are written into the file in the
 * clear.
 */
const secretName = /key|token|secret|passw|auth|credential|headers/i;

/** A value for a message: short, on one line. */
function show(value: unknown, isHidden: boolean): string {
  if (isReference(value)) return `the value of the environment variable ${value.env}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isPlainObject(value)) return "an object";
  if (typeof value !== "string") return typeof value === "function" ? "a function" : String(value);
  if (value !== "" && isHidden) return "a string (hidden)";
  return quoted(value.replace(/\/\/[^/@]*@/, "//[redacted]@"));
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
