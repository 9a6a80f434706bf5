import { isObject } from "@pintle/events";
/** An object of a `workspaceConfig.json`. */
export type WorkspaceObject = Readonly<Record<string, unknown>>;

/**
 * The `config` of a destination in a `workspaceConfig.json`. It remembers which settings were asked
 * for.
 */
export class RudderStackSettings {
  readonly #values: WorkspaceObject;
  readonly #asked = new Set<string>();

  constructor(values: WorkspaceObject) {
    this.#values = values;
  }

  /** Settings that were asked for and are of another kind than they should be. */
  readonly malformed: string[] = [];

  get(key: string): unknown {
    this.#asked.add(key);
    return this.#values[key];
  }

  /** A text, `""` where there is none. */
  text(key: string): string {
    const value = this.get(key);
    if (!isText(value)) this.#refuse(key, value, "a text");
    return text(value);
  }

  /** What a switch says; `undefined`: nothing. */
  flag(key: string): boolean | undefined {
    const value = this.get(key);
    if (isAbsent(value) || value === "") return undefined;
    const said = readFlag(value);
    if (said === undefined) this.#refuse(key, value, "true or false");
    return said;
  }

  /** A switch that is off where nothing is said. */
  isOn(key: string): boolean {
    return this.flag(key) === true;
  }

  /** Reads one of some texts, `""` where there is none. */
  choice(key: string, choices: readonly string[]): string {
    const chosen = this.text(key);
    if (chosen !== "" && !choices.includes(chosen)) this.#refuse(key, chosen, `one of ${choices.join(", ")}`);
    return chosen;
  }

  /** Objects in a list, of which each has a text, or nothing, under `keys`. */
  list(key: string, keys: readonly string[]): WorkspaceObject[] {
    return this.#listOf(key, this.get(key), keys);
  }

  /**
   * The same, or several such lists by kinds of sources. @param others further keys of the objects,
   * which are no texts
   */
  lists(key: string, keys: readonly string[], others: readonly string[]): WorkspaceObject[] {
    const value = this.get(key);
    if (!isObject(value)) return this.#listOf(key, value, keys, others);
    return Object.entries(value).flatMap(([kind, list]) => this.#listOf(`${key}.${kind}`, list, keys, others));
  }

  /** Texts under `key` in the objects of a list that stands in such an object. */
  textsIn(entry: WorkspaceObject, list: string, key: string): string[] {
    return this.#listOf(list, entry[list], [key]).map((each) => text(each[key]));
  }

  #listOf(where: string, value: unknown, keys: readonly string[], others: readonly string[] = []): WorkspaceObject[] {
    if (isAbsent(value) || value === "") return [];
    if (!Array.isArray(value)) {
      this.#refuse(where, value, "a list");
      return [];
    }
    for (const [index, each] of value.entries()) {
      if (!isObject(each)) this.#refuse(`${where}[${index}]`, each, "an object");
      else if (!saysNothing(each) && ![...keys, ...others].some((key) => Object.hasOwn(each, key))) {
        this.#refuse(`${where}[${index}]`, each, `an object with ${[...keys, ...others].join(" or ")}`);
      } else {
        for (const key of keys) if (!isText(each[key])) this.#refuse(`${where}[${index}].${key}`, each[key], "a text");
      }
    }
    return objects(value);
  }

  #refuse(key: string, value: unknown, wanted: string): void {
    this.malformed.push(`its setting ${key}: ${kindOf(value)}, where ${wanted} belongs`);
  }

  /** Settings that say something and that nobody has asked for. */
  untouched(): string[] {
    return Object.entries(this.#values).flatMap(([key, value]) =>
      this.#asked.has(key) || meaningless.has(key) || saysNothing(value) ? [] : [key],
    );
  }
}

/**
 * Settings that have no meaning here: how RudderStack's dashboard and SDKs see a destination, and
 * where and when its warehouses stage their files. Pintle loads events as they come, over the
 * connection to the database.
 */
const meaningless: ReadonlySet<string> = new Set([
  "eventDelivery",
  "eventDeliveryTS",
  "connectionMode",
  "useNativeSDK",
  "syncFrequency",
  "syncStartAt",
  "excludeWindow",
  "useRudderStorage",
  "bucketProvider",
  "bucketName",
  "containerName",
  "prefix",
  "endPoint",
  "accessKeyID",
  "accessKey",
  "secretAccessKey",
  "accountName",
  "accountKey",
  "credentials",
  "useSSL",
  "roleBasedAuth",
  "iamRoleARN",
  "useSASTokens",
  "sasToken",
  "cleanupObjectStorageFiles",
]);

function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  if (Array.isArray(value)) return value.every(saysNothing);
  return isObject(value) && Object.values(value).every(saysNothing);
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function isText(value: unknown): boolean {
  return isAbsent(value) || typeof value === "string" || typeof value === "number";
}

/**
 * What a switch of a source or destination says, which is on where nothing is said; `undefined`:
 * neither.
 */
export function readFlag(value: unknown): boolean | undefined {
  if (isAbsent(value) || value === true || value === "true") return true;
  return value === false || value === "false" ? false : undefined;
}

/** Whether it was deleted there and stands in the file still. */
export function isDeleted({ deleted }: WorkspaceObject): boolean {
  return deleted === true || deleted === "true";
}

export function objects(value: unknown): WorkspaceObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/**
 * What kind of thing stands somewhere, for messages: never the thing itself, which may be a secret.
 */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return { string: "a text", number: "a number", boolean: "true or false" }[typeof value as string] ?? "an object";
}
