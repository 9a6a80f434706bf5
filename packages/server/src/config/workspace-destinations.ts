import { knownTypes } from "@pintle/events/gateway";
import { type Settings, text } from "./workspace-settings.ts";

type Entry = Readonly<Record<string, unknown>>;

export type Translate = (settings: Settings, omit: (what: string) => void) => Entry | undefined;

/** By the name of the destination's definition. */
export const translators: Readonly<Record<string, Translate>> = {
  WEBHOOK(settings, omit) {
    const method = (settings.text("webhookMethod") || "POST").toUpperCase();
    if (!["POST", "PUT", "PATCH", "GET", "DELETE"].includes(method)) {
      omit(`all of it: the webhook of Pintle sends no ${method}`);
      return undefined;
    }
    const given = settings.list("headers", ["from", "to"]);
    const named = given.filter(({ from }) => text(from) !== "");
    if (given.some(({ from, to }) => text(from) === "" && text(to) !== "")) omit("its header without a name");
    // An object with `env` alone is a variable of the environment here; the name of a header may be written in any case.
    const nameOf = (from: unknown) => (named.length === 1 && text(from) === "env" ? "Env" : text(from));
    const headers = Object.fromEntries(named.map(({ from, to }) => [nameOf(from), text(to)]));
    let url = settings.text("webhookUrl");
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
    const part = (key: string) => encodeURIComponent(settings.text(key));
    const login = [part("user"), part("password")].filter(Boolean).join(":");
    const host = settings.text("host");
    const port = settings.text("port");
    const url = `postgres://${login === "" ? "" : `${login}@`}${host}${port === "" ? "" : `:${port}`}/${part("database")}`;
    const mode = settings.text("sslMode");
    const tls = { disable: "off", require: "no-verify", "verify-ca": "verify" }[mode];
    if (mode !== "" && tls === undefined) omit("its sslMode, which is none of disable, require, verify-ca");
    if (mode === "verify-ca" && settings.text("serverCA") !== "") {
      omit("its serverCA: save the certificate as a file and name that file as `ca`");
    }
    for (const key of ["clientCert", "clientKey"]) if (settings.text(key) !== "") omit(`its ${key}`);
    if (settings.isOn("useSSH")) omit("its SSH tunnel");
    for (const key of ["sshHost", "sshPort", "sshUser", "sshPublicKey"]) settings.get(key);
    const namespace = settings.text("namespace");
    const jsonPaths = settings
      .text("jsonPaths")
      .split(",")
      .map((path) => path.trim())
      .filter(Boolean);
    const flags = {
      skipTracks: settings.isOn("skipTracksTable"),
      skipUsers: settings.isOn("skipUsersTable"),
      rudderEvent: settings.isOn("storeFullEvent"),
      underscoreDivideNumbers: settings.isOn("underscoreDivideNumbers"),
    };
    const contextTraits = settings.flag("allowUsersContextTraits");
    return {
      type: "postgres",
      url,
      ...(tls === undefined ? {} : { tls }),
      ...(namespace === "" ? {} : { namespace }),
      ...(jsonPaths.length === 0 ? {} : { jsonPaths }),
      ...(contextTraits === undefined ? {} : { contextTraits }),
      ...Object.fromEntries(Object.entries(flags).filter(([, isSet]) => isSet)),
    };
  },
};

/** Event filtering there concerns tracks alone: all other types pass. */
export function eventsOf(settings: Settings): Entry {
  const option = settings.choice("eventFilteringOption", ["disable", "whitelistedEvents", "blacklistedEvents"]);
  const namesOf = (key: string) =>
    settings
      .list(key, ["eventName"])
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
export function consentOf(settings: Settings, omit: (what: string) => void): Entry {
  const found: { ids: string[]; strategy: "and" | "or" }[] = [];
  const add = (ids: string[], strategy: "and" | "or") => {
    const given = ids.map((id) => id.trim()).filter(Boolean);
    if (given.length > 0) found.push({ ids: given, strategy });
  };
  for (const each of settings.lists("consentManagement", ["provider", "resolutionStrategy"], ["consents"])) {
    const { resolutionStrategy, provider } = each;
    const strategy =
      resolutionStrategy === "or" || (resolutionStrategy !== "and" && provider === "ketch") ? "or" : "and";
    add(settings.textsIn(each, "consents", "consent"), strategy);
  }
  const textsOf = (key: string, inner: string) => settings.list(key, [inner]).map((each) => text(each[inner]));
  const oneTrust = textsOf("oneTrustCookieCategories", "oneTrustCookieCategory");
  const ketch = textsOf("ketchConsentPurposes", "purpose");
  if (found.length === 0) {
    add(oneTrust, "and");
    add(ketch, "or");
  }
  const different = new Map(found.map((consent) => [JSON.stringify(consent), consent]));
  if (different.size > 1) {
    omit(
      "its consents: they differ by consent manager or kind of source; it is not enabled until you write one `consent`",
    );
    return { enabled: false };
  }
  const [consent] = different.values();
  if (consent === undefined) return {};
  return { consent: consent.strategy === "and" ? { ids: consent.ids } : consent };
}

/** A `%` that encodes nothing stands for itself. */
function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
