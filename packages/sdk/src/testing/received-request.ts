/** A message as it arrived: what a data plane sees. See {@link FakeDataPlane}. */
export interface ReceivedMessage {
  readonly type: string;
  readonly messageId: string;
  readonly [field: string]: unknown;
}

/** A request as it arrived. See {@link FakeDataPlane}. */
export interface ReceivedRequest {
  /** 0 for the first request, counted over the life of the data plane. */
  readonly index: number;
  readonly method: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The write key of the `Authorization` header. */
  readonly writeKey: string | undefined;
  /** Bytes on the wire, before decompression. */
  readonly wireBytes: number;
  /** The body, decompressed. */
  readonly text: string;
  /** The messages in the body; none where it could not be understood. */
  readonly messages: readonly ReceivedMessage[];
  /** Why the body could not be understood. */
  readonly problem?: string;
  /** Milliseconds since 1970, when the body had been read to its end. */
  readonly at: number;
  /** The status that it was given; absent while there is none, and after a hang or a reset. */
  readonly status?: number;
}
