import type { TransformRequest } from "@pintle/kit";

/**
 * An event as a transformation gets it and gives it back: what the client sent, complete, as JSON
 * makes it. Changing it in place is fine, it is a copy.
 */
export interface TransformEvent {
  type: string;
  messageId: string;
  /**
   * What a function that gives this event chooses for its request, where the destination is a
   * webhook.
   */
  $request?: TransformRequest;
  // biome-ignore lint/suspicious/noExplicitAny: clients send what they like; a function that had to narrow each step would be unreadable
  [field: string]: any;
}

/** What a transformation is told besides the event. */
export interface TransformContext {
  /** The source that accepted the event. */
  readonly source: { readonly id: string; readonly name: string };
  /** Name of the destination. */
  readonly destination: string;
}

/** One event, several, or none. */
export type TransformResult = TransformEvent | readonly TransformEvent[] | null;

/**
 * Changes events on their way to one destination. `null` filters the event. A list sends several in
 * its place, with the ids `<id>:0`, `<id>:1` and so on. What it throws makes a dead letter of the
 * event.
 */
export type Transform = (
  event: TransformEvent,
  context: TransformContext,
) => TransformResult | Promise<TransformResult>;
