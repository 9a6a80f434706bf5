import { loadDriver } from "@pintle/kit";

/*
 * What is used of the driver `pg`. It is loaded when a destination needs it, so that nobody else
 * has to install it, and described here, so that nobody else needs its types.
 */

export interface PgResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number | null;
  /** The first word of the command tag. */
  readonly command: string;
}

/** The driver's interface for statements with a protocol of their own. */
export interface PgSubmittable {
  submit(connection: PgProtocol): void;
}

export interface PgProtocol {
  query(text: string): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
  readonly stream: { write(bytes: Uint8Array): unknown; destroy(): void };
}

export interface PgClient {
  readonly connection: PgProtocol;
  connect(): Promise<unknown>;
  query(text: string, values?: readonly unknown[]): Promise<PgResult | readonly PgResult[]>;
  query<Statement extends PgSubmittable>(statement: Statement): Statement;
  end(): Promise<void>;
  on(event: "error" | "end", listener: (error?: Error) => void): this;
}

/** The options that `pg` takes. */
export interface PgClientOptions {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: string | undefined;
  readonly ssl: false | { readonly ca?: string; readonly rejectUnauthorized: boolean; readonly servername?: string };
  readonly connectionTimeoutMillis: number;
  readonly application_name: string;
  readonly keepAlive: true;
}

export type PgConnect = (options: PgClientOptions) => PgClient;

/** @throws Error that says how to install it */
export async function loadPg(load: () => Promise<unknown> = () => import("pg")): Promise<PgConnect> {
  const module = await loadDriver("postgres", "pg@8.23.1", load);
  const { default: pg } = module as { default: { Client: new (options: PgClientOptions) => PgClient } };
  return (options) => new pg.Client(options);
}
