import type { EventSource } from "@pintle/destinations/kit";

/** What the thread of a transformation is given when it starts. */
export interface TransformerData {
  /** Absolute path of the configuration. */
  readonly file: string;
  /** What it held when it was accepted. */
  readonly text: string;
  /** Name of the destination in it. */
  readonly destination: string;
  /** Two words: the position in its batch of the event that runs, -1 when none does; and how many have begun. */
  readonly marks: SharedArrayBuffer;
}

/** A batch. The next one is not sent before it is done. */
export interface ToTransformer {
  readonly events: readonly { readonly json: string; readonly source: EventSource }[];
}

export type FromTransformer =
  /** A list of `Transformed`, one for each event, as JSON. */
  | { readonly kind: "done"; readonly results: string }
  /** The configuration cannot be imported, or has no such transformation. */
  | { readonly kind: "unusable"; readonly message: string };
