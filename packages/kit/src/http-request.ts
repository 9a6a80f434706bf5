/** One HTTP request, complete: a destination's `requests` makes it, a `Sender` sends it. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute, `http:` or `https:`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A request that a type of destination makes of events. */
export interface EventRequest extends HttpRequest {
  /** Positions of the events that it carries. @default all */
  readonly events?: readonly number[];
  /**
   * The position of each body item's event, unless there is exactly one item for each event.
   * `classify` gets it.
   */
  readonly items?: readonly number[];
  /**
   * The changes made to events to suit the service: the event's position, a reason as for `refuse`,
   * and the field.
   */
  readonly adjusted?: readonly (readonly [position: number, reason: string, detail?: string])[];
  /**
   * The channel, list or kind of request, if the service's rate limits apply to each separately.
   * @default one for all
   */
  readonly paceKey?: string;
  /** Compresses the body and says so in `Content-Encoding`. @default false */
  readonly gzip?: boolean;
}
