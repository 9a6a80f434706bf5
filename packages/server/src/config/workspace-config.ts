import { knownTypes } from "@pintle/events/gateway";
import { isPlainObject } from "./env.ts";
import { fitId } from "./id.ts";

/*
 * RudderStack keeps what is configured in its dashboard in a file `workspaceConfig.json`: sources, and in each of them the
 * destinations that are connected to it. Here it becomes a configuration of Pintle.
 */

/** What a `workspaceConfig.json` becomes. */
export interface Translation {
  /** As `pintle.config.json` would say it. It is still to be checked. */
  readonly config: { readonly sources: Entry[]; readonly destinations: Readonly<Record<string, Entry>> };
  /** What could not be carried over, one line each. */
  readonly omitted: readonly string[];
}

type Entry = Readonly<Record<string, unknown>>;

/** Whether a JSON file is one of RudderStack: its sources contain their destinations, or say of what definition they are. */
export function isWorkspaceConfig(input: unknown): input is Entry {
  if (!isPlainObject(input) || !Array.isArray(input.sources)) return false;
  return input.sources.some(
    (source) =>
      isPlainObject(source) &&
      (source.sourceDefinition !== undefined ||
        (Array.isArray(source.destinations) && source.destinations.some(isPlainObject))),
  );
}

/** Pure; it refuses nothing: what makes no sense is left out and named, or left to the checks of the configuration. */
export function translateWorkspace(input: Entry): Translation {
  const omitted: string[] = [];
  const sources: Entry[] = [];
  const destinations: Record<string, Entry> = {};
  /** Name in the configuration by id: a destination of several sources stands in the file several times. */
  const names = new Map<string, string | undefined>();

  for (const source of objects(input.sources)) {
    const name = text(source.name) || text(source.id);
    const label = `source ${JSON.stringify(name)}`;
    if (source.deleted === true) continue;
    const connected: string[] = [];
    for (const destination of objects(source.destinations)) {
      if (destination.deleted === true) continue;
      const id = text(destination.id) || text(destination.name);
      if (!names.has(id)) {
        const own = text(destination.name) || id;
        const unique = Object.hasOwn(destinations, own) ? `${own} (${id})` : own;
        const entry = translateDestination(destination, unique, omitted);
        names.set(id, entry === undefined ? undefined : unique);
        if (entry !== undefined) destinations[unique] = entry;
      }
      const known = names.get(id);
      if (known !== undefined) connected.push(known);
    }
    if (text(source.writeKey) === "") {
      omitted.push(`${label}: it has no write key, so no SDK sends to it`);
      continue;
    }
    if (isPlainObject(source.dgSourceTrackingPlanConfig) && source.dgSourceTrackingPlanConfig.trackingPlan) {
      omitted.push(`${label}: its tracking plan`);
    }
    sources.push({
      ...idOf(source),
      name,
      writeKey: source.writeKey,
      ...(source.enabled === false ? { enabled: false } : {}),
      destinations: connected,
    });
  }
  return { config: { sources, destinations }, omitted };
}

function translateDestination(destination: Entry, name: string, omitted: string[]): Entry | undefined {
  const definition = isPlainObject(destination.destinationDefinition) ? destination.destinationDefinition : {};
  const type = text(definition.name);
  const omit = (what: string) => void omitted.push(`destination ${JSON.stringify(name)}: ${what}`);
  const translate = Object.hasOwn(translators, type) ? translators[type] : undefined;
  if (translate === undefined) {
    omit(`Pintle has no destination of its type, ${text(definition.displayName) || type || "which is not named"}`);
    return undefined;
  }
  const settings = new Settings(isPlainObject(destination.config) ? destination.config : {});
  const own = translate(settings, omit);
  if (own === undefined) return undefined;
  if (objects(destination.transformations).length > 0) {
    omit("its transformation: write it as `transform` of the destination");
  }
  const common = { ...consentOf(settings, omit), ...eventsOf(settings) };
  for (const key of settings.untouched()) omit(`its setting ${key}`);
  const { type: ownType, ...rest } = own;
  return {
    type: ownType,
    ...idOf(destination),
    ...(destination.enabled === false ? { enabled: false } : {}),
    ...rest,
    ...common,
  };
}

/** The settings of a destination, which remember what was asked for. */
class Settings {
  readonly #values: Entry;
  readonly #asked = new Set<string>();

  constructor(values: Entry) {
    this.#values = values;
  }

  get(key: string): unknown {
    this.#asked.add(key);
    return this.#values[key];
  }

  /** Settings that say something and that nobody has asked for. */
  untouched(): string[] {
    return Object.entries(this.#values).flatMap(([key, value]) =>
      this.#asked.has(key) || meaningless.has(key) || saysNothing(value) ? [] : [key],
    );
  }
}

/**
 * Settings that have no meaning here: how RudderStack's dashboard and SDKs see a destination, and where and when its warehouses stage their
 * files. Pintle loads events as they come, over the connection to the database.
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
  return isPlainObject(value) && Object.values(value).every(saysNothing);
}

type Translate = (settings: Settings, omit: (what: string) => void) => Entry | undefined;

/** By the name of the destination's definition. */
const translators: Readonly<Record<string, Translate>> = {
  WEBHOOK(settings, omit) {
    const method = (text(settings.get("webhookMethod")) || "POST").toUpperCase();
    if (!["POST", "PUT", "PATCH"].includes(method)) {
      omit(`all of it: the webhook of Pintle sends no ${method}`);
      return undefined;
    }
    const headers = Object.fromEntries(
      objects(settings.get("headers")).flatMap(({ from, to }) => (text(from) === "" ? [] : [[text(from), text(to)]])),
    );
    let url = text(settings.get("webhookUrl"));
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed !== undefined && parsed.username + parsed.password !== "") {
      const user = `${decoded(parsed.username)}:${decoded(parsed.password)}`;
      headers.authorization ??= `Basic ${Buffer.from(user).toString("base64")}`;
      parsed.username = "";
      parsed.password = "";
      url = parsed.href;
    }
    return {
      type: "webhook",
      url,
      ...(method === "POST" ? {} : { method }),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
    };
  },

  POSTGRES(settings, omit) {
    const part = (key: string) => encodeURIComponent(text(settings.get(key)));
    const login = [part("user"), part("password")].filter(Boolean).join(":");
    const host = text(settings.get("host"));
    const port = text(settings.get("port"));
    const url = `postgres://${login === "" ? "" : `${login}@`}${host}${port === "" ? "" : `:${port}`}/${part("database")}`;
    const mode = text(settings.get("sslMode"));
    const tls = { disable: "off", require: "no-verify", "verify-ca": "verify" }[mode];
    if (mode === "verify-ca" && text(settings.get("serverCA")) !== "") {
      omit("its serverCA: save the certificate as a file and name that file as `ca`");
    }
    for (const key of ["clientCert", "clientKey"]) if (text(settings.get(key)) !== "") omit(`its ${key}`);
    if (settings.get("useSSH") === true) omit("its SSH tunnel");
    for (const key of ["sshHost", "sshPort", "sshUser", "sshPublicKey"]) settings.get(key);
    const namespace = text(settings.get("namespace"));
    const jsonPaths = text(settings.get("jsonPaths"))
      .split(",")
      .map((path) => path.trim())
      .filter(Boolean);
    const flags = {
      skipTracks: settings.get("skipTracksTable") === true,
      skipUsers: settings.get("skipUsersTable") === true,
      underscoreDivideNumbers: settings.get("underscoreDivideNumbers") === true,
    };
    const contextTraits = settings.get("allowUsersContextTraits");
    return {
      type: "postgres",
      url,
      ...(tls === undefined ? {} : { tls }),
      ...(namespace === "" ? {} : { namespace }),
      ...(jsonPaths.length === 0 ? {} : { jsonPaths }),
      ...(typeof contextTraits === "boolean" ? { contextTraits } : {}),
      ...Object.fromEntries(Object.entries(flags).filter(([, isSet]) => isSet)),
    };
  },
};

/** Event filtering there concerns tracks alone: all other types pass. */
function eventsOf(settings: Settings): Entry {
  const option = settings.get("eventFilteringOption");
  const namesOf = (key: string) =>
    objects(settings.get(key))
      .map(({ eventName }) => text(eventName).trim())
      .filter(Boolean);
  const allowed = namesOf("whitelistedEvents");
  const denied = namesOf("blacklistedEvents");
  if (option === "whitelistedEvents" && allowed.length > 0) {
    return { only: { types: knownTypes.filter((type) => type !== "track"), events: allowed } };
  }
  return option === "blacklistedEvents" && denied.length > 0 ? { except: { events: denied } } : {};
}

/** One consent manager can be carried over: which one wrote an event's consents, Pintle does not ask. */
function consentOf(settings: Settings, omit: (what: string) => void): Entry {
  const found: { ids: string[]; strategy: "and" | "or" }[] = [];
  const add = (ids: string[], strategy: "and" | "or") => {
    const given = ids.map((id) => id.trim()).filter(Boolean);
    if (given.length > 0) found.push({ ids: given, strategy });
  };
  const management = settings.get("consentManagement");
  for (const { consents, resolutionStrategy, provider } of objects(
    isPlainObject(management) ? Object.values(management).flat() : management,
  )) {
    const ids = objects(consents).map(({ consent }) => text(consent));
    add(ids, resolutionStrategy === "or" || (resolutionStrategy !== "and" && provider === "ketch") ? "or" : "and");
  }
  const oneTrust = objects(settings.get("oneTrustCookieCategories")).map((one) => text(one.oneTrustCookieCategory));
  const ketch = objects(settings.get("ketchConsentPurposes")).map((one) => text(one.purpose));
  if (found.length === 0) {
    add(oneTrust, "and");
    add(ketch, "or");
  }
  const different = new Map(found.map((consent) => [JSON.stringify(consent), consent]));
  if (different.size > 1) omit("its consents: they differ by consent manager or kind of source; write one `consent`");
  const [consent] = different.values();
  if (consent === undefined || different.size > 1) return {};
  return { consent: consent.strategy === "and" ? { ids: consent.ids } : consent };
}

/** Names change in a dashboard, ids do not. */
function idOf({ id }: Entry): { id?: string } {
  const fitted = fitId(text(id));
  return fitted === "" ? {} : { id: fitted };
}

/** A `%` that encodes nothing stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function objects(value: unknown): Entry[] {
  return Array.isArray(value) ? value.filter(isPlainObject) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}
