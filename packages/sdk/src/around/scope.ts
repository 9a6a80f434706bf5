import type { Context, Id, Integrations, Message, Properties } from "@pintle/events";
import { isNoId, plainId } from "@pintle/events/strict";
import { baseContext } from "../base-context.ts";
import type { HeldFields } from "../held-fields.ts";
import { mergeContext } from "../merge-context.ts";
import type { MessageFields } from "../message-fields.ts";

/**
 * What a piece of a program knows of all messages that it sends: who they are about, where they
 * come from, which properties they have. See {@link Pintle.withScope}.
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
  /** The group of `group` calls; in the others it is `context.groupId`. */
  readonly groupId?: Id | undefined;
  /** Properties of `track`, `page` and `screen`. */
  readonly properties?: Properties | undefined;
  readonly integrations?: Integrations | undefined;
  readonly context?: Context | undefined;
}

const parts = ["properties", "integrations", "context"] as const;

/** A part of a scope that JSON cannot carry. */
export class ContextError extends Error {
  override readonly name = "ContextError";
}

type ScopeFields = Record<string, unknown>;

/**
 * A scope as it holds for one client at one place: over its defaults and every enclosing scope, and
 * a copy, so that what the program changes later is not sent.
 */
export class HeldScope {
  readonly #scope: Scope;
  readonly #base: HeldFields | undefined;
  /** The context with the group's id: for all but `group` calls, which have it as a field. */
  readonly #grouped: HeldFields | undefined;
  /** Whether it holds more than a context. */
  readonly #isMore: boolean;

  /** @param scope that JSON can carry, and that nobody writes to any more */
  constructor(scope: Scope) {
    const { groupId, context, ...others } = scope;
    this.#scope = scope;
    this.#base = context === undefined ? undefined : baseContext(context);
    this.#grouped = isNoId(groupId) ? this.#base : baseContext({ groupId: String(groupId), ...context });
    this.#isMore = this.#grouped !== this.#base || Object.values(others).some((part) => !isNoId(part));
  }

  /**
   * A scope within this one.
   *
   * @param wrong is told of each part that JSON cannot carry, and that is left out
   */
  within(inner: Scope, wrong: (error: ContextError) => void): HeldScope {
    const outer = this.#scope;
    const ids = { userId: plainId(inner.userId), anonymousId: plainId(inner.anonymousId) };
    const groupId = plainId(inner.groupId) ?? outer.groupId;
    const merged: ScopeFields = { ...outer, ...identityOver(ids, outer), groupId };
    for (const part of parts) {
      if (inner[part] === undefined) continue;
      try {
        merged[part] = mergeContext(outer[part] ?? {}, copyOf(inner[part], part));
      } catch (error) {
        wrong(error as ContextError);
      }
    }
    return new HeldScope(merged);
  }

  /** What lies under the context of a message of that type. */
  baseFor(type: Message["type"]): HeldFields | undefined {
    return type === "group" ? this.#base : this.#grouped;
  }

  /** Adds what the message leaves open. The message wins, deeply. */
  complete(message: MessageFields): void {
    if (!this.#isMore) return;
    const { type } = message;
    const { groupId, properties, integrations } = this.#scope;
    Object.assign(message, identityOver(message, this.#scope));
    if (type === "group") message.groupId ??= groupId;
    if (type === "track" || type === "page" || type === "screen") under(message, "properties", properties);
    under(message, "integrations", integrations);
  }
}

/**
 * The ids of `own`, completed by those of `outer`: a visitor's `anonymousId` around, and the
 * `userId` where they log in. An id that is another than that of `outer` is somebody else's, to
 * whom nothing of its identity belongs.
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
        userId: isNoId(userId) ? outer.userId : userId,
        anonymousId: isNoId(anonymousId) ? outer.anonymousId : anonymousId,
      };
}

function isAnother(own: unknown, outer: unknown): boolean {
  return !isNoId(own) && !isNoId(outer) && String(own) !== String(outer);
}

function under(message: MessageFields, part: "properties" | "integrations", scoped: object | undefined): void {
  if (scoped === undefined) return;
  const own = message[part];
  if (isNoId(own)) message[part] = scoped;
  // What is no object is refused by the checks.
  else if (typeof own === "object" && !Array.isArray(own)) message[part] = mergeContext(scoped, own as object);
}

function copyOf(given: unknown, part: string): ScopeFields {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(given));
  } catch (cause) {
    throw new ContextError(`the ${part} given to a scope is nothing that JSON can carry`, { cause });
  }
  if (typeof copy === "object" && copy !== null && !Array.isArray(copy)) return copy as ScopeFields;
  throw new ContextError(`the ${part} given to a scope is no object`);
}
