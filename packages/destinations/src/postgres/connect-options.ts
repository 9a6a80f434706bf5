import type { PgClientOptions } from "./pg-driver.ts";

export interface ServerSettings {
  readonly url: string;
  readonly tls: "verify" | "no-verify" | "off" | undefined;
  /** Certificates in PEM. */
  readonly ca: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Parameters of a URL that have a meaning here; any other is refused rather than ignored. */
const parameters: ReadonlySet<string> = new Set([
  "host",
  "port",
  "user",
  "password",
  "dbname",
  "sslmode",
  "application_name",
]);

/**
 * The connection options of a URL. TLS with certificate verification is the default, except on this
 * machine.
 *
 * @throws TypeError that does not show the URL, which has a password in it
 */
export function connectOptions({ url, tls, ca, timeout }: ServerSettings): PgClientOptions {
  const { protocol, hostname, port, username, password, pathname, search } = parse(url);
  if (protocol !== "postgres:" && protocol !== "postgresql:")
    throw new TypeError(`The url of a PostgreSQL server begins with postgres://, not ${protocol}//`);
  // A plus is a plus, as libpq has it: only in forms it is a space.
  const given = new URLSearchParams(search.replaceAll("+", "%2B"));
  for (const name of given.keys())
    if (!parameters.has(name))
      throw new TypeError(
        `The url has the parameter ${JSON.stringify(name)}, which is not known: known are ${[...parameters].join(", ")}`,
      );
  const of = (name: string, otherwise: string): string | undefined => given.get(name) || decode(otherwise) || undefined;
  const host = given.get("host") ?? (decode(hostname).replace(/^\[|\]$/g, "") || "localhost");
  const mode = tls ?? modeOf(given.get("sslmode") ?? undefined, host);
  return {
    host,
    port: portOf(given.get("port") || port || "5432"),
    user: of("user", username),
    password: of("password", password),
    database: of("dbname", pathname.slice(1)),
    ssl: mode === "off" ? false : { rejectUnauthorized: mode === "verify", ...(ca === undefined ? {} : { ca }) },
    connectionTimeoutMillis: timeout,
    application_name: given.get("application_name") ?? "pintle",
    keepAlive: true,
  };
}

function parse(url: string): URL {
  // In a URL these end the user and the password. What follows would be taken for something else,
  // and shown in an error.
  if (url.includes("#")) throw new TypeError(`The url has a "#", and a database has no fragment: ${encoded}`);
  if (/^\w+:\/\/[^@/?]*(?:\/[^?]*@|[^?]*\?(?:[^&=]*@|[^?]*&[^&=]*@))/.test(url))
    throw new TypeError(`The url has a "/" or a "?" before an "@": ${encoded}`);
  try {
    // libpq allows a user without a host, which a URL cannot have.
    return new URL(url.replace(/^(\w+:\/\/[^/?#]*@)(?=[/?])/, "$1localhost"));
  } catch {
    throw new TypeError(
      `The url of a PostgreSQL server is like postgres://user:password@host:5432/database; ${encoded}`,
    );
  }
}

/** What to do about characters that mean something in a URL. */
const encoded =
  "in a user, a password and the name of a database, special characters are percent-encoded: # is %23, / is %2F, ? is %3F, @ is %40, : is %3A, % is %25";

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new TypeError("The port in the url is a number from 1 to 65535");
  return port;
}

function modeOf(sslmode: string | undefined, host: string): "verify" | "off" {
  if (sslmode !== undefined) return sslmode === "disable" ? "off" : "verify";
  return isLocal(host) ? "off" : "verify";
}

function isLocal(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError(`The url has a "%" that encodes nothing: ${encoded}`);
  }
}
