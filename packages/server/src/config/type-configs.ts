// Made by `npm run build` of the schemas of the destinations' settings.
import type { EnvReference } from "./env.ts";

/** The settings of a destination of one of the types that Pintle has. */
export type TypeConfig = FileConfig | HttpConfig | PostgresConfig | RelayConfig | WebhookConfig;

/** How events are delivered, whatever the type of the destination. */
interface DeliveryConfig {
  /**
   * Where a new destination begins: `"end"` (the default) with what is accepted from now on,
   * `"start"` with the oldest event that is still kept.
   */
  readonly from?: "start" | "end" | EnvReference;
  /**
   * How long an event is tried again, from its first attempt, before it becomes a dead letter.
   * @default "3d"
   */
  readonly maxAge?: number | string | EnvReference;
  /**
   * Whether each user's events arrive in their order, later ones waiting for one that fails;
   * `false`: nothing waits for anything.
   * @default true
   */
  readonly order?: boolean;
  /**
   * How long an event that fails waits at most while others are delivered, `{ max: "15s" }` (the
   * default): so long its user's next events wait, too.
   */
  readonly retry?: { readonly max?: number | string | EnvReference };
}

/** Appends each event to a file, as a line of JSON. */
export interface FileConfig extends DeliveryConfig {
  readonly type: "file";
  /**
   * The file; a relative path starts at the folder of the configuration file. Folders are made.
   * New files are for their owner alone.
   */
  readonly path: string | EnvReference;
  /** Closes the file, under another name, before it gets larger than this: `"100MB"`. */
  readonly rotateSize?: number | string | EnvReference;
  /** Closes the file at the end of each such time, in UTC: `"1h"` closes it at the full hour. */
  readonly rotateEvery?: number | string | EnvReference;
  /** Compresses a file when it is closed. @default true */
  readonly gzip?: boolean;
}

/** Calls any HTTP API, with a request that is made of the event by a mapping. */
export interface HttpConfig extends DeliveryConfig {
  readonly type: "http";
  /**
   * Where requests go, `https://api.example.com/people/{{userId}}`: `{{...}}` may stand in path
   * and query.
   */
  readonly url: string | EnvReference;
  /** Or `"PUT"`, `"PATCH"`, and `"GET"` or `"DELETE"`, which carry no body. @default "POST" */
  readonly method?: "POST" | "PUT" | "PATCH" | "GET" | "DELETE" | EnvReference;
  /** Added to the URL: `{ plan: "$.traits.plan", v: 2 }`. @default {} */
  readonly query?: Readonly<Record<string, unknown>>;
  /**
   * Added to each request. Their values are treated as secrets: they are in no log, status or dead
   * letter.
   * @default {}
   */
  readonly headers?: Readonly<Record<string, string | EnvReference>>;
  /**
   * `{ basic: { username, password } }`, `{ bearer: token }`, or `{ apiKey: { header: name, value
   * } }`, where `query` may stand for `header`.
   */
  readonly auth?:
    | { readonly basic: { readonly username: string | EnvReference; readonly password: string | EnvReference } }
    | { readonly bearer: string | EnvReference }
    | {
        readonly apiKey:
          | { readonly header: string | EnvReference; readonly value: string | EnvReference }
          | { readonly query: string | EnvReference; readonly value: string | EnvReference };
      };
  /**
   * How the body is written: `"json"`, `"form"`, `"xml"`, or in a `batch` `"ndjson"`, a line for
   * each event.
   * @default "json"
   */
  readonly format?: "json" | "form" | "xml" | "ndjson" | EnvReference;
  /** The name of the outermost element. @default "event" */
  readonly xmlRoot?: string | EnvReference;
  /** What the body is: `{ mail: "$.traits.email", vip: true }`. Without it the whole event. */
  readonly body?: unknown;
  /**
   * Sends events together, up to `events` (100) and `bytes` (`"500KB"`, before compression): as a
   * list, `wrap: "array"`, or under a key, `wrap: "events"`.
   */
  readonly batch?: {
    readonly events?: number;
    readonly bytes?: number | string | EnvReference;
    readonly wrap?: string | EnvReference;
  };
  /**
   * What answers mean that mean something else here: `{ "409": "delivered", "4xx": "retry" }`.
   * @default {}
   */
  readonly answers?: Readonly<Record<string, "delivered" | "dead" | "retry" | "retry-destination" | EnvReference>>;
  /**
   * The header that tells repeats, with the event's `messageId`; `null`: none. A GET has none.
   * @default "idempotency-key"
   */
  readonly idempotencyHeader?: string | EnvReference | null;
  /**
   * Signs each request, so that its receiver knows who sent it: `whsec_` and base64; several while
   * keys are rotated.
   */
  readonly signingKey?: string | EnvReference | readonly (string | EnvReference)[];
  /** Compresses bodies, `Content-Encoding: gzip`. @default false */
  readonly gzip?: boolean;
  /** Time for one request, from connecting to the end of the answer. @default "10s" */
  readonly timeout?: number | string | EnvReference;
  /** Requests at a time, each with a connection of its own. @default 16 */
  readonly concurrency?: number;
  /** Connects to public addresses only: for URLs that others may choose. @default false */
  readonly blockPrivate?: boolean;
}

/** Loads events into tables of a PostgreSQL database, each event exactly once. */
export interface PostgresConfig extends DeliveryConfig {
  readonly type: "postgres";
  /** Server and database: `postgres://user:password@host:5432/database`. */
  readonly url: string | EnvReference;
  /**
   * `"verify"`: TLS, the certificate and its name are checked; `"no-verify"`: TLS without a check;
   * `"off"`: none. Without it, what the URL and the host say.
   */
  readonly tls?: "verify" | "no-verify" | "off" | EnvReference;
  /** File with the certificates (PEM) that `"verify"` trusts, in place of the system's. */
  readonly ca?: string | EnvReference;
  /** The schema, by the rules for names; without it, the name of the source. */
  readonly namespace?: string | EnvReference;
  /**
   * `"tables"`: one for each event; `"single"`: one for all, with the event as JSON.
   * @default "tables"
   */
  readonly layout?: "tables" | "single" | EnvReference;
  /**
   * Paths that become JSON columns instead of being flattened: `"track.properties.cart"`, or a
   * whole section, `"track.properties"`.
   * @default []
   */
  readonly jsonPaths?: readonly (string | EnvReference)[];
  /** No rows in `tracks`, but for events without a table of their own. @default false */
  readonly skipTracks?: boolean;
  /** No rows in `users`. @default false */
  readonly skipUsers?: boolean;
  /**
   * `context.traits` are columns without a prefix, too, in `identifies` and `users`.
   * @default true
   */
  readonly contextTraits?: boolean;
  /** The whole event in a JSON column `rudder_event`. @default false */
  readonly rudderEvent?: boolean;
  /**
   * New names escape the reserved words that RudderStack escapes; without it, in a schema that it
   * made.
   */
  readonly rudderStackNames?: boolean;
  /**
   * A fraction that meets a column of whole numbers is cut off, as RudderStack does, instead of
   * widening the column.
   * @default false
   */
  readonly rudderStackTypes?: boolean;
  /** Digits stand apart from letters in names: `v2` becomes `v_2`. @default false */
  readonly underscoreDivideNumbers?: boolean;
  /** An event with more columns becomes a dead letter, `columns`. @default 200 */
  readonly maxColumns?: number;
  /** Time for each statement, and for connecting. @default "1m" */
  readonly timeout?: number | string | EnvReference;
}

/** Forwards whole events to another data plane. */
export interface RelayConfig extends DeliveryConfig {
  readonly type: "relay";
  /** The data plane's address, as SDKs have it: `/v1/batch` is added. */
  readonly url: string | EnvReference;
  /** Write key of a source of that data plane. */
  readonly writeKey: string | EnvReference;
  /**
   * Most `events` (100, at most 20,000) and `bytes` (`"500KB"`, at most `"4MB"`, before
   * compression) of a request.
   * @default { events: 100, bytes: "500KB" }
   */
  readonly batch?: { readonly events?: number; readonly bytes?: number | string | EnvReference };
  /** Compresses bodies. @default true */
  readonly gzip?: boolean;
  /** Time for one request, from connecting to the end of the answer. @default "30s" */
  readonly timeout?: number | string | EnvReference;
  /** Requests at a time, each with a connection of its own. @default 4 */
  readonly concurrency?: number;
}

/** Sends each event as the JSON body of an HTTP request. */
export interface WebhookConfig extends DeliveryConfig {
  readonly type: "webhook";
  /** Where events are sent to, `http://` or `https://`. */
  readonly url: string | EnvReference;
  /**
   * Or `"PUT"`, `"PATCH"`; `"GET"` and `"DELETE"` send properties as the query, and no body.
   * @default "POST"
   */
  readonly method?: "POST" | "PUT" | "PATCH" | "GET" | "DELETE" | EnvReference;
  /**
   * Added to each request. Their values are treated as secrets: they are in no log, status or dead
   * letter.
   * @default {}
   */
  readonly headers?: Readonly<Record<string, string | EnvReference>>;
  /**
   * Signs each request, so that its receiver knows who sent it: `whsec_` and base64; several while
   * keys are rotated.
   */
  readonly signingKey?: string | EnvReference | readonly (string | EnvReference)[];
  /**
   * Sends events together, as a JSON array of up to `events` (100) and `bytes` (`"500KB"`, before
   * compression).
   */
  readonly batch?: { readonly events?: number; readonly bytes?: number | string | EnvReference };
  /** Compresses bodies, `Content-Encoding: gzip`. @default false */
  readonly gzip?: boolean;
  /** Time for one request, from connecting to the end of the answer. @default "10s" */
  readonly timeout?: number | string | EnvReference;
  /** Requests at a time, each with a connection of its own. @default 16 */
  readonly concurrency?: number;
  /** Connects to public addresses only: for URLs that others may choose. @default false */
  readonly blockPrivate?: boolean;
  /**
   * Besides that of `url`, where a transformation may send events to, with all headers:
   * `https://api.example.com`.
   * @default []
   */
  readonly origins?: readonly (string | EnvReference)[];
}
