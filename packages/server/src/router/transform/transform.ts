import type { DeliveredEvent } from "@pintle/events/gateway";

/**
 * An event as a transformation gets it and gives it back: what the client sent, complete, as JSON makes it. Changing it in
 * place is fine, it is a copy.
 */
export interface TransformEvent {
  type: string;
  messageId: string;
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
 * Changes events on their way to one destination. `null` filters the event. A list sends several in its place, with the ids
 * `<id>:0`, `<id>:1` and so on. What it throws makes a dead letter of the event.
 */
export type Transform = (
  event: TransformEvent,
  context: TransformContext,
) => TransformResult | Promise<TransformResult>;

/** What became of one event. */
export type Transformed =
  | { readonly kind: "deliver"; readonly events: readonly DeliveredEvent[] }
  | { readonly kind: "filtered" }
  | { readonly kind: "failed"; readonly detail: string };

/** Calls a transformation and makes of its result what goes out. Never rejects. */
export async function applyTransform(
  transform: Transform,
  json: string,
  context: TransformContext,
): Promise<Transformed> {
  const event = JSON.parse(json) as TransformEvent;
  const { messageId } = event;
  try {
    const result: unknown = await transform(event, context);
    if (result === null) return { kind: "filtered" };
    if (!Array.isArray(result)) return { kind: "deliver", events: [copyOf(result, messageId)] };
    if (result.length === 0) return { kind: "filtered" };
    return { kind: "deliver", events: result.map((each, index) => copyOf(each, `${messageId}:${index}`)) };
  } catch (error) {
    return { kind: "failed", detail: describe(error) };
  }
}

/** As JSON, and with the id that makes repeats the same: whoever could choose it would make two events one. */
function copyOf(result: unknown, messageId: string): DeliveredEvent {
  if (typeof result !== "object" || result === null || Array.isArray(result)) {
    const got =
      result === undefined ? "nothing" : Array.isArray(result) ? "a list within a list" : JSON.stringify(result);
    throw new TypeError(`it gave ${got?.slice(0, 100)}; it has to return an event, a list of events, or null`);
  }
  const copy: unknown = JSON.parse(JSON.stringify({ ...result, messageId }));
  return copy as DeliveredEvent;
}

/** One line, with the place in the configuration where one can be found. */
function describe(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}`;
  const place = error instanceof Error ? /\bat .*?([^/\\() ]+:\d+:\d+)\)?$/m.exec(error.stack ?? "")?.[1] : undefined;
  const line = text.replaceAll(/\s+/g, " ").slice(0, 400);
  return place === undefined || place.startsWith("transform.") ? line : `${line} (${place})`;
}
