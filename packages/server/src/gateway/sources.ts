import { hash } from "node:crypto";
import { SourceRateLimit } from "./rate-limit.ts";

/** A source as the gateway needs it. */
export interface GatewaySource {
  /** `[a-z0-9_-]{1,64}`; stands in every record. */
  readonly id: string;
  readonly name: string;
  /** All are accepted alike, so that a key can be rotated. */
  readonly writeKeys: readonly string[];
  readonly enabled: boolean;
  /** Events a second; absent: no limit. */
  readonly rateLimit?: number;
}

/** A source with its running limit. */
export interface KnownSource {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly limit: SourceRateLimit | undefined;
}

/** What an `Authorization` header stood for when it was last looked up. */
export interface RememberedKey {
  readonly authorization: string;
  /** Stands for all sources of then: an update makes it worthless. */
  readonly sources: object;
  readonly source: KnownSource;
}

/**
 * The sources by the SHA-256 of their write keys: how long a look-up takes says nothing about how
 * much of a key was right, and no key stays in memory (but that of a connection, with it).
 */
export class Sources {
  #byKey: ReadonlyMap<string, KnownSource> = new Map();
  #limits: ReadonlyMap<string, SourceRateLimit> = new Map();

  constructor(sources: readonly GatewaySource[]) {
    this.update(sources);
  }

  /**
   * Takes the place of all sources at once. A source whose limit did not change keeps what it has
   * used of it.
   */
  update(sources: readonly GatewaySource[]): void {
    const byKey = new Map<string, KnownSource>();
    const limits = new Map<string, SourceRateLimit>();
    for (const { id, name, enabled, rateLimit, writeKeys } of sources) {
      let limit: SourceRateLimit | undefined;
      if (rateLimit !== undefined) {
        const before = this.#limits.get(id);
        limit = before?.eventsPerSecond === rateLimit ? before : new SourceRateLimit(rateLimit);
        limits.set(id, limit);
      }
      const known: KnownSource = { id, name, enabled, limit };
      for (const key of writeKeys) byKey.set(digest(key), known);
    }
    this.#byKey = byKey;
    this.#limits = limits;
  }

  find(writeKey: string): KnownSource | undefined {
    return this.#byKey.get(digest(writeKey));
  }

  /**
   * The source of an `Authorization` header; `undefined` for an unknown key, `null` where there is
   * none. A header that the same connection has sent before is not looked up again: what it is
   * compared with is what its own client has sent.
   */
  ofConnection(
    connection: { key: RememberedKey | undefined },
    authorization: string | undefined,
  ): KnownSource | undefined | null {
    const { key } = connection;
    if (key !== undefined && key.authorization === authorization && key.sources === this.#byKey) return key.source;
    const writeKey = writeKeyOf(authorization);
    if (authorization === undefined || writeKey === undefined) return null;
    const source = this.find(writeKey);
    connection.key = source === undefined ? undefined : { authorization, sources: this.#byKey, source };
    return source;
  }
}

function digest(writeKey: string): string {
  return hash("sha256", writeKey, "base64");
}

const basic = /^basic +([a-z0-9+/_=-]+) *$/i;

/**
 * The write key of an `Authorization` header: the user of Basic authentication (RFC 7617), whose
 * password is ignored. `undefined` for any other scheme, for credentials without a colon, and for
 * an empty user.
 */
export function writeKeyOf(authorization: string | undefined): string | undefined {
  const credentials = authorization === undefined ? undefined : basic.exec(authorization)?.[1];
  if (credentials === undefined) return undefined;
  const text = Buffer.from(credentials, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon > 0 ? text.slice(0, colon) : undefined;
}
