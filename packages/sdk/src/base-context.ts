import type { Context } from "@pintle/events";
import { mergeContext, mergeValue } from "./merge-context.ts";
import { shallow } from "./shallow.ts";
import { version } from "./version.ts";

/** Identifies this SDK in every message; not the caller's to change. */
const library = `"library":${JSON.stringify({ name: "@pintle/sdk", version })}`;
/** More than a program has places that make messages. */
const mostPartly = 32;
const empty = `,"context":{${library}`;

/**
 * A context that lies under the contexts of messages: that of the options, or of a scope. It keeps its JSON, because it is the same for many
 * messages, and what a message has of its own is mostly something else.
 */
export class BaseContext {
  readonly fields: Context;
  /** The JSON of all fields behind `library`, made when it is first needed, and left open. */
  #open: string | undefined;
  /** The same for a part of the fields, by the names of those that are left out. */
  readonly #partly = new Map<string, string>();

  /** @param fields that JSON can carry, and that nobody writes to any more */
  constructor(fields: Context) {
    this.fields = fields;
  }

  /** All of it, for a message that has nothing of its own. */
  get open(): string {
    if (this.#open === undefined) {
      const { library: _, ...fields } = this.fields;
      const json = shallow(JSON.stringify(fields));
      this.#open = json === "{}" ? empty : `${empty},${json.slice(1, -1)}`;
    }
    return this.#open;
  }

  has(field: string): boolean {
    return Object.hasOwn(this.fields, field);
  }

  /** The JSON of a context whose fields `over` are its own: deeply over those of the base, which is encoded where it reaches. */
  merged(own: Context, over: readonly string[]): string {
    const rest: Record<string, unknown> = { ...own };
    for (const field of over) {
      if (field === "__proto__") return this.mergedAll(own);
      rest[field] = mergeValue(this.fields[field], own[field]);
    }
    return join(this.#without(over), shallow(JSON.stringify(rest)));
  }

  /** What is left of it where a message has these fields as well: mostly the same ones, because it is the program that makes messages. */
  #without(fields: readonly string[]): string {
    const key = fields.join("\0");
    let open = this.#partly.get(key);
    if (open === undefined) {
      const left = Object.fromEntries(Object.entries(this.fields).filter(([field]) => !fields.includes(field)));
      open = new BaseContext(left).open;
      if (this.#partly.size >= mostPartly) this.#partly.clear();
      this.#partly.set(key, open);
    }
    return open;
  }

  /** The same, whatever `own` is. */
  mergedAll(own: Context): string {
    const { library: _, ...fields } = mergeContext(this.fields, own);
    return join(empty, shallow(JSON.stringify(fields)));
  }
}

/** The member `context` of a message, with a comma in front: `own` over `base`, deeply, and `library`. */
export function contextMember(own: Context | null | undefined, base: BaseContext | undefined): string {
  const open = base?.open ?? empty;
  if (own === undefined || own === null) return `${open}}`;
  if (!("library" in own) && !("toJSON" in own)) {
    const over = base === undefined ? [] : reach(own, base);
    const json = over.length === 0 || base === undefined ? JSON.stringify(own) : undefined;
    // Ours goes in front of the others: a copy of the object, to add it, takes three times as long as the rest. (Boxed
    // texts and numbers are objects to JavaScript, but not to JSON.)
    if (json === undefined) return base!.merged(own, over);
    shallow(json);
    if (json.startsWith("{")) return join(open, json);
  }
  return (base ?? new BaseContext({})).mergedAll(own);
}

/** The fields that both have. */
function reach(own: Context, base: BaseContext): readonly string[] {
  let over: string[] | undefined;
  for (const field of Object.keys(own)) {
    // What is undefined is not encoded, and hides nothing.
    if (base.has(field) && own[field] !== undefined) {
      over ??= [];
      over.push(field);
    }
  }
  return over ?? none;
}

const none: readonly string[] = [];

function join(open: string, object: string): string {
  return object === "{}" ? `${open}}` : `${open},${object.slice(1)}`;
}
