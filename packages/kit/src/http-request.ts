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
   * The position of each body item's event, where that is not one item for each event: `classify`
   * gets it.
   */
  readonly items?: readonly number[];
  /**
   * What was changed of an event to suit the service: its position, a reason as for `refuse`, and
   * which field.
   */
  readonly adjusted?: readonly (readonly [position: number, reason: string, detail?: string])[];
  /**
   * Where the service's pace is kept for each channel, list or kind of request by itself: which one
   * it is. @default one for all
   */
  readonly paceKey?: string;
  /** Compresses the body and says so in `Content-Encoding`. @default false */
  readonly gzip?: boolean;
}
