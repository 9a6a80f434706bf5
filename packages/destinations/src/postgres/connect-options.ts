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
 * How a URL is connected to. TLS with a check of the certificate is the rule, but for this machine itself.
 *
 * @throws TypeError that does not show the URL, which has a password in it
 */
export function connectOptions({ url, tls, ca, timeout }: ServerSettings): PgClientOptions {
  const { protocol, hostname, port, username, password, pathname, searchParams } = parse(url);
  if (protocol !== "postgres:" && protocol !== "postgresql:")
    throw new TypeError(`The url of a PostgreSQL server begins with postgres://, not ${protocol}//`);
  for (const name of searchParams.keys())
    if (!parameters.has(name))
      throw new TypeError(
        `The url has the parameter ${JSON.stringify(name)}, which is not known: known are ${[...parameters].join(", ")}`,
      );
  const host = searchParams.get("host") ?? (decode(hostname).replace(/^\[|\]$/g, "") || "localhost");
  const mode = tls ?? modeOf(searchParams.get("sslmode") ?? undefined, host);
  const given = (text: string | null): string | undefined => (text === null || text === "" ? undefined : text);
  return {
    host,
    port: Number(searchParams.get("port") ?? (port || 5432)),
    user: given(searchParams.get("user")) ?? given(decode(username)),
    password: given(searchParams.get("password")) ?? given(decode(password)),
    database: given(searchParams.get("dbname")) ?? given(decode(pathname.slice(1))),
    ssl: mode === "off" ? false : { rejectUnauthorized: mode === "verify", ...(ca === undefined ? {} : { ca }) },
    connectionTimeoutMillis: timeout,
    application_name: searchParams.get("application_name") ?? "pintle",
    keepAlive: true,
  };
}

function parse(url: string): URL {
  try {
    // libpq allows a user without a host, which a URL cannot have.
    return new URL(url.replace(/^(\w+:\/\/[^/?#]*@)(?=[/?])/, "$1localhost"));
  } catch {
    throw new TypeError("The url of a PostgreSQL server is like postgres://user:password@host:5432/database");
  }
}

function modeOf(sslmode: string | undefined, host: string): "verify" | "off" {
  if (sslmode !== undefined) return sslmode === "disable" ? "off" : "verify";
  return isLocal(host) ? "off" : "verify";
}

function isLocal(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function decode(text: string): string {
  return decodeURIComponent(text);
}
