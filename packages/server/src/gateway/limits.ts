/** The gateway's bounds. Times are milliseconds. */
export interface GatewayLimits {
  /** Bytes of a body after decompression. @default 4_096_000, RudderStack's */
  readonly bodyBytes: number;
  /** Events in a batch. @default 20_000 */
  readonly events: number;
  /**
   * Bytes of all bodies that are being received or wait for the disk, together. @default 67_108_864
   */
  readonly bytesInFlight: number;
  /**
   * Connections at a time; beyond, the one that has been idle longest is closed. @default 10_000
   */
  readonly connections: number;
  /** Bytes of a request's head. @default 16_384 */
  readonly headBytes: number;
  /** Headers of a request. @default 200 */
  readonly headers: number;
  /**
   * Milliseconds from the first byte of a request, or from connecting, to the end of its head.
   * @default 10_000
   */
  readonly headTime: number;
  /** Milliseconds from the first byte of a request to the end of its body. @default 60_000 */
  readonly requestTime: number;
  /**
   * How long a connection may wait for its next request. Longer than load balancers wait. @default
   * 75_000
   */
  readonly idleTime: number;
  /** How long a body may be on its way while others find no room. @default 5_000 */
  readonly patience: number;
}

export const defaultLimits: GatewayLimits = {
  bodyBytes: 4_096_000,
  events: 20_000,
  bytesInFlight: 67_108_864,
  connections: 10_000,
  headBytes: 16_384,
  headers: 200,
  headTime: 10_000,
  requestTime: 60_000,
  idleTime: 75_000,
  patience: 5_000,
};
