import { isObject } from "@pintle/events";
/** Where a schema cannot be made a type of. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

type Schema = Readonly<Record<string, unknown>>;
type Path = readonly string[];

/** Writes JSON Schemas as TypeScript, and remembers which definitions they refer to. */
export class TypeWriter {
  readonly #definitions: Readonly<Record<string, unknown>>;
  /**
   * Names of types by the definition that they stand for, in the order in which they were referred
   * to.
   */
  readonly #names = new Map<string, string>();
  readonly #taken: Set<string>;

  constructor(definitions: Readonly<Record<string, unknown>>, taken: readonly string[]) {
    this.#definitions = definitions;
    this.#taken = new Set(taken);
  }

  /** The types that stand for definitions; to be asked for when everything else is written. */
  types(): readonly string[] {
    const types: string[] = [];
    // Grows while it is read: a definition may refer to others.
    for (const [definition, name] of this.#names) {
      const schema = this.#definitions[definition];
      types.push(`${comment(schema, 0)}export type ${name} = ${this.type(schema, 0, ["$defs", definition])};`);
    }
    return types;
  }

  /** An event of the plan: its properties are an object, whatever its schema leaves open. */
  event(name: string, schema: unknown): string {
    const isOpen = this.type(schema, 1, [name]) === "unknown";
    return this.member(name, isOpen ? { ...(schema as Schema), type: "object" } : schema, true, 1, [name]);
  }

  /** One line or more of an interface. */
  member(name: string, schema: unknown, isRequired: boolean, depth: number, path: Path): string {
    const type = this.type(schema, depth, path);
    return `${comment(schema, depth)}${indent(depth)}${keyText(name)}${isRequired ? "" : "?"}: ${type};`;
  }

  type(schema: unknown, depth: number, path: Path): string {
    if (schema === true) return "unknown";
    if (schema === false) return "never";
    if (!isObject(schema)) throw problem(path, "is no schema");
    if (schema.$ref !== undefined) return this.#reference(schema.$ref, path);
    if ("const" in schema) return literal(schema.const, path);
    if (schema.enum !== undefined)
      return union(list(schema.enum, [...path, "enum"]).map((each) => literal(each, path)));
    for (const key of ["anyOf", "oneOf"]) {
      if (schema[key] === undefined) continue;
      const choices = list(schema[key], [...path, key]);
      return union(choices.map((each, i) => this.type(each, depth, [...path, key, String(i)])));
    }
    if (schema.allOf !== undefined) {
      const parts = list(schema.allOf, [...path, "allOf"]).map((each, i) =>
        this.type(each, depth, [...path, "allOf", String(i)]),
      );
      const own = schema.properties === undefined ? [] : [this.#object(schema, depth, path)];
      return [...own, ...parts].map(grouped).join(" & ") || "unknown";
    }
    const types = schema.type ?? (schema.properties === undefined ? undefined : "object");
    if (types === undefined) return "unknown";
    const all = Array.isArray(types) ? types : [types];
    return union(all.map((type) => this.#simple(type, schema, depth, path)));
  }

  #simple(type: unknown, schema: Schema, depth: number, path: Path): string {
    switch (type) {
      case "string":
        // The SDK sends a Date as such a text.
        return schema.format === "date-time" || schema.format === "date" ? "string | Date" : "string";
      case "number":
      case "integer":
        return "number";
      case "boolean":
      case "null":
        return type;
      case "array":
        return this.#array(schema, depth, path);
      case "object":
        return this.#object(schema, depth, path);
      default:
        throw problem([...path, "type"], `is ${JSON.stringify(type)}, which is no type of JSON Schema`);
    }
  }

  #array({ items, prefixItems }: Schema, depth: number, path: Path): string {
    // Before 2020-12 a list in `items` was what `prefixItems` is now.
    const tuple = prefixItems ?? (Array.isArray(items) ? items : undefined);
    if (tuple !== undefined) {
      const parts = list(tuple, path).map((each, i) => this.type(each, depth, [...path, "items", String(i)]));
      return `readonly [${parts.join(", ")}]`;
    }
    return `readonly ${grouped(this.type(items ?? true, depth, [...path, "items"]))}[]`;
  }

  #object(schema: Schema, depth: number, path: Path): string {
    // An object of which nothing is said may have anything in it.
    const { properties = {}, required = [], additionalProperties = schema.properties === undefined } = schema;
    if (!isObject(properties)) throw problem([...path, "properties"], "is no object");
    const needed = list(required, [...path, "required"]);
    const members = Object.entries(properties).map(([name, each]) =>
      this.member(name, each, needed.includes(name), depth + 1, [...path, name]),
    );
    // Named by `required` alone, it may be anything.
    for (const name of needed) {
      if (!Object.hasOwn(properties, String(name)))
        members.push(this.member(String(name), true, true, depth + 1, path));
    }
    if (additionalProperties !== undefined && additionalProperties !== false) {
      // An index signature has to allow what stands beside it.
      const type =
        members.length > 0 ? "unknown" : this.type(additionalProperties, depth + 1, [...path, "additionalProperties"]);
      members.push(`${indent(depth + 1)}[property: string]: ${type};`);
    }
    return members.length === 0 ? "Record<never, never>" : `{\n${members.join("\n")}\n${indent(depth)}}`;
  }

  #reference(reference: unknown, path: Path): string {
    const [, definition] = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(String(reference)) ?? [];
    const key = definition === undefined ? undefined : unescapePointer(definition);
    if (key === undefined || !Object.hasOwn(this.#definitions, key)) {
      throw problem([...path, "$ref"], `is ${JSON.stringify(reference)}, which is nothing in $defs of this file`);
    }
    let name = this.#names.get(key);
    if (name === undefined) {
      name = this.#typeName(key);
      this.#names.set(key, name);
    }
    return name;
  }

  /** `PostalAddress` of `postal address`, with a number behind it where there is one already. */
  #typeName(key: string): string {
    const words = key.match(/[\p{L}\p{N}]+/gu) ?? [];
    const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
    const base = /^\p{L}/u.test(joined) ? joined : `Type${joined}`;
    let name = base;
    for (let number = 2; this.#taken.has(name); number++) name = `${base}${number}`;
    this.#taken.add(name);
    return name;
  }
}

function problem(path: Path, what: string): SchemaError {
  return new SchemaError(`${path.join(".")} ${what}`);
}

function list(value: unknown, path: Path): readonly unknown[] {
  if (!Array.isArray(value)) throw problem(path, "is no list");
  return value;
}

/** Each once, in order. */
function union(types: readonly string[]): string {
  const parts = new Set(types.flatMap((type) => (type === "string | Date" ? ["string", "Date"] : [type])));
  return parts.has("unknown") ? "unknown" : [...parts].join(" | ") || "never";
}

/** The type as a part of a longer one. */
function grouped(type: string): string {
  return /^\w+$/.test(type) || type.startsWith("{") ? type : `(${type})`;
}

function literal(value: unknown, path: Path): string {
  if (isObject(value) || Array.isArray(value)) throw problem(path, "has a constant that is a list or an object");
  return JSON.stringify(value);
}

function comment(schema: unknown, depth: number): string {
  if (!isObject(schema)) return "";
  const text = [schema.title, schema.description].filter((each) => typeof each === "string" && each !== "").join(": ");
  const lines = text.split("\n").map((line) => line.trim().replaceAll("*/", "*\\/"));
  if (schema.deprecated === true) lines.push("@deprecated");
  const all = lines.filter((line) => line !== "");
  if (all.length === 0) return "";
  if (all.length === 1) return `${indent(depth)}/** ${all[0]} */\n`;
  return [`${indent(depth)}/**`, ...all.map((line) => `${indent(depth)} * ${line}`), `${indent(depth)} */`, ""].join(
    "\n",
  );
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

/** RFC 6901. */
function unescapePointer(text: string): string {
  return decodeURIComponent(text).replaceAll("~1", "/").replaceAll("~0", "~");
}

function indent(depth: number): string {
  return "  ".repeat(depth);
}
