/** How connections are made, on runtimes where that is the SDK's to say. */
export interface ConnectionSettings {
  /** Connections at most; further requests wait for one, within their own `timeout`. */
  readonly concurrency: number;
  /** The proxy; the environment's unless given. */
  readonly proxy?: string | false | undefined;
  readonly agent?: object | undefined;
  /** Texts in PEM, or bytes. */
  readonly ca?: readonly unknown[] | undefined;
}
