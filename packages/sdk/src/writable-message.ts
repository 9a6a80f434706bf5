import type { Message } from "@pintle/events";

/**
 * A message that may be changed: what `beforeSend` is given, its own copy.
 *
 * @example
 * ```ts
 * import { Pintle, type WritableMessage } from "@pintle/sdk";
 *
 * function beforeSend(message: WritableMessage): WritableMessage | null {
 *   if (message.type === "track" && message.event === "Heartbeat") return null;
 *   message.context ??= {};
 *   message.context.region = "eu";
 *   delete message.context.ip;
 *   return message;
 * }
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { beforeSend });
 * client.track({ userId: "123", event: "Paid", context: { ip: "203.0.113.9" } });
 * await client.close();
 * ```
 */
export type WritableMessage = Writable<Message>;

type Writable<M> = M extends Message
  ? {
      -readonly [Field in keyof M]: Field extends "properties" | "traits" | "context" | "integrations"
        ? WritableFields | undefined
        : M[Field];
    }
  : never;

// biome-ignore lint/suspicious/noExplicitAny: it is read and written by a program that knows what it sent
type WritableFields = { [field: string]: any };
