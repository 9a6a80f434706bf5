import { isObject } from "@pintle/events";
import { readPath } from "./path.ts";
import { sourceValue, type TemplateScope, userPathProblem, type ValueSource } from "./scope.ts";
import { readTemplate, rendered, type Template, TemplateError } from "./template.ts";

/**
 * A rule that makes a value from an event, as written in a configuration: texts, numbers, lists and
 * objects, in which some texts stand for values of the event.
 */
export type Mapping =
  | { readonly kind: "constant"; readonly value: string | number | boolean | null }
  | { readonly kind: "now" }
  | { readonly kind: "source"; readonly source: ValueSource }
  | { readonly kind: "template"; readonly template: Template }
  | { readonly kind: "list"; readonly items: readonly Mapping[] }
  | { readonly kind: "object"; readonly entries: readonly (readonly [key: string, value: Mapping])[] };

/** A problem in a mapping, and its place. */
export interface MappingProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** A mapping deeper than this was not written by hand. */
const deepest = 64;

/**
 * Reads a mapping. In it
 *
 * - a text that is exactly a path, `$.traits.email`, `$.products[*].sku`, `$user.email`, `$` or
 *   `$now`, stands for the value there, with its type; `$now` is the time of the attempt, in RFC
 *   3339;
 * - a text with `{{path}}` in it is a template;
 * - `$$.x` is the text `$.x`, and everything else is as it stands.
 *
 * @param problem is told of each part that cannot be read
 */
export function readMapping(value: unknown, problem: (found: MappingProblem) => void): Mapping {
  return new MappingReader(problem).read(value, []);
}

const nothing: Mapping = { kind: "constant", value: null };

class MappingReader {
  readonly #problem: (found: MappingProblem) => void;

  constructor(problem: (found: MappingProblem) => void) {
    this.#problem = problem;
  }

  read(value: unknown, path: readonly (string | number)[]): Mapping {
    if (path.length > deepest) return this.#refuse(path, `A mapping is at most ${deepest} levels deep`);
    if (typeof value === "string") return this.#readText(value, path);
    if (value === null || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) {
      return { kind: "constant", value };
    }
    if (Array.isArray(value)) {
      return { kind: "list", items: value.map((item, index) => this.read(item, [...path, index])) };
    }
    if (!isPlain(value)) {
      return this.#refuse(path, "A mapping is made of texts, numbers, true, false, null, lists and objects");
    }
    const entries = Object.entries(value).map(([key, inner]) => [key, this.read(inner, [...path, key])] as const);
    return { kind: "object", entries };
  }

  #readText(text: string, path: readonly (string | number)[]): Mapping {
    if (text.startsWith("$$")) return { kind: "constant", value: text.slice(1) };
    if (text === "$now") return { kind: "now" };
    if (/^\$(?:$|[.[]|\p{L})/u.test(text)) return this.#readSource(text, path);
    try {
      const template = readTemplate(text);
      if (template.every((part) => typeof part === "string")) return { kind: "constant", value: template.join("") };
      return { kind: "template", template };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return this.#refuse(path, error.message);
    }
  }

  #readSource(text: string, path: readonly (string | number)[]): Mapping {
    const isUser = /^\$user(?:$|[.[])/.test(text);
    const way = readPath(text, isUser ? "$user".length : 1);
    const shown = JSON.stringify(text);
    if (!isUser && /^\$\p{L}/u.test(text)) {
      return this.#refuse(
        path,
        `${shown} names nothing: there are paths like $.traits.email, $user.email and $now; the text itself is $${text}`,
      );
    }
    if (way.end < text.length) {
      return this.#refuse(
        path,
        `${shown} is no path from its character ${way.end + 1} on: write $.name, $.list[0], $.list[*].name or $['any name']; the text itself is $${text}`,
      );
    }
    const problem = isUser ? userPathProblem(way.path) : undefined;
    if (problem !== undefined) return this.#refuse(path, `${shown}: ${problem}`);
    return { kind: "source", source: { from: isUser ? "user" : "event", path: way.path } };
  }

  #refuse(path: readonly (string | number)[], message: string): Mapping {
    this.#problem({ path, message });
    return nothing;
  }
}

/** An object of its own, as JSON has them. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * The value that a mapping makes from an event. Absent values are left out of lists and objects;
 * `undefined` if everything is absent. Parts of the event are shared with it, and must not be
 * changed.
 */
export function mapped(mapping: Mapping, scope: TemplateScope): unknown {
  switch (mapping.kind) {
    case "constant":
      return mapping.value;
    case "now":
      return new Date(scope.now).toISOString();
    case "source":
      return sourceValue(mapping.source, scope);
    case "template":
      return rendered(mapping.template, scope);
    case "list":
      return mapping.items.map((item) => mapped(item, scope)).filter((value) => value !== undefined);
    case "object":
      // Not by assignment: a key `__proto__` is a key like any other.
      return Object.fromEntries(
        mapping.entries.flatMap(([key, inner]) => {
          const value = mapped(inner, scope);
          return value === undefined ? [] : [[key, value]];
        }),
      );
  }
}
