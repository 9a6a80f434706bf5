import { fieldsOf } from "./merge-context.ts";
import { quote } from "./quote.ts";
import { shallow } from "./shallow.ts";

type JsonFields = Readonly<Record<string, unknown>>;

/**
 * Fields that lie under those of many messages. They keep their JSON: what a message has of its own
 * is spliced into it, and nothing is encoded that is the same for all.
 */
export class HeldFields {
  readonly #fields: JsonFields;
  readonly #isEmpty: boolean;
  readonly #level: number;
  /** Names and members, made when they are first needed; and all members together. */
  #each: readonly (readonly [name: string, member: string])[] | undefined;
  #members: string | undefined;
  /** The names that were left out last, and the members without them: nearly always the same. */
  #over = "";
  #rest = "";
  /** The fields that have fields themselves. */
  readonly #inner = new Map<string, HeldFields | undefined>();

  /**
   * @param fields that JSON can carry, and that nobody writes to any more
   * @param level in how many objects and lists they lie
   */
  constructor(fields: JsonFields, level = 0) {
    this.#fields = fields;
    this.#isEmpty = Object.keys(fields).length === 0;
    this.#level = level;
  }

  /** The JSON of all fields, without the braces. */
  get members(): string {
    this.#members ??= this.#without({});
    return this.#members;
  }

  /**
   * The same with fields of a message's own over it, deeply: as JSON of `mergeContext(fields,
   * own)`.
   *
   * @param omitted name of a field of `own` that is left out
   */
  merged(given: object, omitted?: string): string {
    const own = (fieldsOf(given) ?? {}) as JsonFields;
    const over = this.#isEmpty ? "" : this.#reach(own);
    if (over === "" && !(omitted !== undefined && omitted in own)) {
      const json = shallow(JSON.stringify(own), this.#level);
      // Boxed texts and numbers are objects to JavaScript, but not to JSON.
      if (json.startsWith("{")) return join(this.members, json.slice(1, -1));
    }
    if (over !== this.#over) {
      this.#rest = this.#without(own);
      this.#over = over;
    }
    let members = over === "" ? this.members : this.#rest;
    for (const name of Object.keys(own)) {
      const value = own[name];
      if (value === undefined || name === omitted) continue;
      const json = this.#json(name, value);
      if (json !== undefined) members = join(members, `${quote(name)}:${json}`);
    }
    return members;
  }

  /** The names of fields that both have, quoted. */
  #reach(own: JsonFields): string {
    let over = "";
    for (const name of Object.keys(own)) if (has(this.#fields, name) && has(own, name)) over += quote(name);
    return over;
  }

  /** `undefined` for what JSON leaves out. */
  #json(name: string, value: unknown): string | undefined {
    if (typeof value === "string") return quote(value);
    const inner = this.#innerOf(name);
    const own = inner === undefined ? undefined : fieldsOf(value);
    if (inner !== undefined && own !== undefined) return `{${inner.merged(own)}}`;
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined ? undefined : shallow(json, this.#level + 1);
  }

  #innerOf(name: string): HeldFields | undefined {
    if (!has(this.#fields, name)) return undefined;
    let inner = this.#inner.get(name);
    if (inner === undefined && !this.#inner.has(name)) {
      const fields = fieldsOf(this.#fields[name]);
      inner = fields === undefined ? undefined : new HeldFields(fields as JsonFields, this.#level + 1);
      this.#inner.set(name, inner);
    }
    return inner;
  }

  #without(own: JsonFields): string {
    this.#each ??= Object.entries(this.#fields).map(([name, value]) => [
      name,
      `${quote(name)}:${shallow(JSON.stringify(value), this.#level + 1)}`,
    ]);
    let members = "";
    for (const [name, member] of this.#each) if (!has(own, name)) members = join(members, member);
    return members;
  }
}

/** What is undefined is not encoded, and hides nothing. */
function has(fields: JsonFields, name: string): boolean {
  return Object.hasOwn(fields, name) && fields[name] !== undefined;
}

function join(members: string, more: string): string {
  if (members === "") return more;
  return more === "" ? members : `${members},${more}`;
}
