import { describe } from "@pintle/events";
import { ConfigError } from "../errors.ts";
import type { WritableMessage } from "../writable-message.ts";
import { checkNames } from "./check-names.ts";

/** Old names and new ones. See {@link rename}. */
export interface Renames {
  /** New names of events, in `track`. */
  readonly events?: Readonly<Record<string, string>> | undefined;
  /** New names of fields at the top of `properties`. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** New names of fields at the top of `traits`. */
  readonly traits?: Readonly<Record<string, string>> | undefined;
}

/**
 * Gives events, properties and traits other names, as a `beforeSend`. A field whose new name is
 * taken by another field takes its place.
 *
 * @throws ConfigError for new names that are no texts, or empty
 * @example
 * ```ts
 * import { Pintle, type Renames, rename } from "@pintle/sdk";
 *
 * const names: Renames = { events: { "Order Completed": "Purchase" }, properties: { total: "revenue" } };
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { beforeSend: rename(names) });
 *
 * client.track({ userId: "123", event: "Order Completed", properties: { total: 12 } });
 * await client.close();
 * ```
 */
export function rename(renames: Renames): (message: WritableMessage) => WritableMessage {
  checkNames("rename", renames, ["events", "properties", "traits"]);
  const { events = {}, properties = {}, traits = {} } = renames;
  for (const [part, names] of Object.entries({ events, properties, traits })) {
    for (const [from, to] of Object.entries(names)) {
      if (typeof to !== "string" || to === "")
        throw new ConfigError(`rename.${part}[${JSON.stringify(from)}]`, to, describe(to), "a name");
    }
  }
  return (message) => {
    if (message.type === "track") message.event = renamed(message.event, events);
    const fields: Record<string, unknown> = message;
    for (const [part, names] of [["properties", properties] as const, ["traits", traits] as const]) {
      const value = fields[part];
      if (typeof value === "object" && value !== null) fields[part] = withNames(value, names);
    }
    return message;
  };
}

function renamed(name: string, names: Readonly<Record<string, string>>): string {
  return (Object.hasOwn(names, name) ? names[name] : undefined) ?? name;
}

/** The fields that keep their names first, so that those that are given others go before them. */
function withNames(fields: object, names: Readonly<Record<string, string>>): object {
  const all = Object.entries(fields);
  const isRenamed = ([name]: [string, unknown]): boolean => renamed(name, names) !== name;
  const kept = all.filter((each) => !isRenamed(each));
  const moved = all.filter(isRenamed).map(([name, value]) => [renamed(name, names), value] as const);
  return Object.fromEntries([...kept, ...moved]);
}
