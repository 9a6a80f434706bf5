import { type Context, type Id, type Integrations, isBlank, type Message, type Properties } from "@pintle/events";
import { plainId } from "@pintle/events/strict";
import { BaseContext } from "../base-context.ts";
import { mergeContext } from "../merge-context.ts";
import type { MessageFields } from "../message-fields.ts";

/**
 * What a piece of a program knows of all messages that it sends: who they are about, where they come from, which properties they have. See
 * {@link Pintle.withScope}.
 *
 * @example
 * ```ts
 * import type { Scope } from "@pintle/sdk";
 *
 * const scope: Scope = { userId: "123", groupId: "company-1", properties: { plan: "Pro" }, context: { ip: "203.0.113.9" } };
 *
 * client.withScope(scope, () => client.page({ userId: "123", name: "Basket" }));
 * ```
 */
export interface Scope {
  readonly userId?: Id | undefined;
  readonly anonymousId?: Id | undefined;
  /** That of `group` calls; in the others it is `context.groupId`. */
  readonly groupId?: Id | undefined;
  /** Of `track`, `page` and `screen`. */
  readonly properties?: Properties | undefined;
  readonly integrations?: Integrations | undefined;
  readonly context?: Context | undefined;
}

const parts = ["properties", "integrations", "context"] as const;

/** A part of a scope that JSON cannot carry. */
export class ContextError extends Error {
  override readonly name = "ContextError";
}

type Fields = Record<string, unknown>;

/**
 * A scope as it holds for one client at one place: over its defaults and every enclosing scope, and a copy, so that what the program
 * changes later is not sent.
 */
export class HeldScope {
  readonly #ids: Pick<Scope, "userId" | "anonymousId">;
  readonly #groupId: Scope["groupId"];
  readonly #properties: Properties | undefined;
  readonly #integrations: Integrations | undefined;
  readonly #base: BaseContext | undefined;
  /** With the group's id: for all but `group` calls, which have it as a field. */
  readonly #grouped: BaseContext | undefined;
  /** Whether it holds more than a context. */
  readonly #isMore: boolean;

  private constructor(scope: Scope) {
    const { userId, anonymousId, groupId, properties, integrations, context } = scope;
    this.#ids = { userId, anonymousId };
    this.#groupId = groupId;
    this.#properties = properties;
    this.#integrations = integrations;
    this.#base = context === undefined ? undefined : new BaseContext(context);
    this.#grouped = isNone(groupId) ? this.#base : new BaseContext({ groupId: String(groupId), ...context });
    this.#isMore = [userId, anonymousId, groupId, properties, integrations].some((part) => !isNone(part));
  }

  /** That of a client without any scope. */
  static of(defaultContext: Context | undefined): HeldScope {
    return new HeldScope({ context: defaultContext });
  }

  /**
   * A scope within this one.
   *
   * @param wrong is told of each part that JSON cannot carry, and that is left out
   */
  within(inner: Scope, wrong: (error: ContextError) => void): HeldScope {
    const outer: Scope = {
      ...this.#ids,
      groupId: this.#groupId,
      properties: this.#properties,
      integrations: this.#integrations,
      context: this.#base?.fields,
    };
    const userId = plainId(inner.userId);
    const anonymousId = plainId(inner.anonymousId);
    const merged: Fields = {
      ...outer,
      ...identityOver({ userId, anonymousId }, outer),
      groupId: plainId(inner.groupId) ?? outer.groupId,
    };
    for (const part of parts) {
      if (inner[part] === undefined) continue;
      try {
        const own = copyOf(inner[part], part);
        merged[part] = outer[part] === undefined ? own : mergeContext(outer[part], own);
      } catch (error) {
        wrong(error as ContextError);
      }
    }
    return new HeldScope(merged);
  }

  /** What lies under the context of a message of that type. */
  baseFor(type: Message["type"]): BaseContext | undefined {
    return type === "group" ? this.#base : this.#grouped;
  }

  /** Adds what the message leaves open. The message wins, deeply. */
  complete(message: MessageFields): void {
    if (!this.#isMore) return;
    Object.assign(message, identityOver(message, this.#ids));
    const { type } = message;
    if (type === "group") message.groupId ??= this.#groupId;
    if (type === "track" || type === "page" || type === "screen") under(message, "properties", this.#properties);
    under(message, "integrations", this.#integrations);
  }
}

/**
 * The ids of `own`, completed by those of `outer`: a visitor's `anonymousId` around, and the `userId` where they log in. An id that is another
 * than that of `outer` is somebody else's, to whom nothing of its identity belongs.
 */
function identityOver(
  own: { readonly userId?: unknown; readonly anonymousId?: unknown },
  outer: Pick<Scope, "userId" | "anonymousId">,
): { userId: unknown; anonymousId: unknown } {
  const { userId, anonymousId } = own;
  const isOther = isAnother(userId, outer.userId) || isAnother(anonymousId, outer.anonymousId);
  return isOther
    ? { userId, anonymousId }
    : {
        userId: isNone(userId) ? outer.userId : userId,
        anonymousId: isNone(anonymousId) ? outer.anonymousId : anonymousId,
      };
}

function isAnother(own: unknown, outer: unknown): boolean {
  return !isNone(own) && !isNone(outer) && String(own) !== String(outer);
}

/** As for the checks: an id that nobody sees is none. */
function isNone(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && isBlank(value));
}

function under(message: MessageFields, part: "properties" | "integrations", scoped: object | undefined): void {
  if (scoped === undefined) return;
  const own = message[part];
  if (isNone(own)) message[part] = scoped;
  // What is no object is refused by the checks.
  else if (typeof own === "object" && !Array.isArray(own)) message[part] = mergeContext(scoped, own as object);
}

function copyOf(given: unknown, part: string): Fields {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(given));
  } catch (cause) {
    throw new ContextError(`the ${part} given to a scope is nothing that JSON can carry`, { cause });
  }
  if (typeof copy === "object" && copy !== null && !Array.isArray(copy)) return copy as Fields;
  throw new ContextError(`the ${part} given to a scope is no object`);
}
