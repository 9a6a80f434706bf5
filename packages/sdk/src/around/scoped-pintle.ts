import type { Id, Identity, Message } from "@pintle/events";
import type {
  AliasOf,
  AnyPlan,
  FieldsOf,
  GroupOf,
  IdentifyOf,
  MessageOf,
  PageOf,
  ScreenOf,
  TrackOf,
} from "../plan/plan.ts";
import type { Receipt } from "../receipt.ts";
import type { Scope } from "./scope.ts";

/** Fields that need not be given, because the scope has them. */
type GivenBy<S> =
  | (S extends Identity ? "userId" | "anonymousId" : never)
  | (S extends { readonly groupId: Id } ? "groupId" : never);

type Within<M, S> = M extends unknown
  ? Omit<M, GivenBy<S>> & { readonly [Field in keyof M & GivenBy<S>]?: M[Field] | undefined }
  : never;

/**
 * The calls of a client within a scope, which leave out what the scope has. See {@link
 * Pintle.withScope}.
 *
 * @example
 * ```ts
 * import type { Scope, ScopedPintle } from "@pintle/sdk";
 *
 * interface Visit extends Scope {
 *   readonly userId: string;
 * }
 * function pay(events: ScopedPintle<Visit>): void {
 *   events.track({ event: "Paid" });
 * }
 * client.withScope({ userId: "123" }, pay);
 * ```
 */
export interface ScopedPintle<S extends Scope = Scope, Plan = AnyPlan> {
  /** See `Pintle.identify`. */
  identify(message: Within<FieldsOf<IdentifyOf<Plan>>, S>): Receipt;
  /** See `Pintle.track`. */
  track(message: Within<FieldsOf<TrackOf<Plan>>, S>): Receipt;
  /** See `Pintle.page`. */
  page(message: Within<FieldsOf<PageOf<Plan>>, S>): Receipt;
  /** See `Pintle.screen`. */
  screen(message: Within<FieldsOf<ScreenOf<Plan>>, S>): Receipt;
  /** See `Pintle.group`. */
  group(message: Within<FieldsOf<GroupOf<Plan>>, S>): Receipt;
  /** See `Pintle.alias`. */
  alias(message: Within<FieldsOf<AliasOf<Plan>>, S>): Receipt;
  /** See `Pintle.enqueue`. */
  enqueue(message: Within<MessageOf<Plan>, S>): Receipt;
}

/**
 * Calls that are not bound to where they are made: they go on being in the scope where the runtime
 * cannot carry it.
 */
export function scopedCalls<S extends Scope, Plan>(
  offer: (type: Message["type"] | undefined, message: unknown) => Receipt,
): ScopedPintle<S, Plan> {
  const call =
    (type?: Message["type"]) =>
    (message: unknown): Receipt =>
      offer(type, message);
  return {
    identify: call("identify"),
    track: call("track"),
    page: call("page"),
    screen: call("screen"),
    group: call("group"),
    alias: call("alias"),
    enqueue: call(),
  };
}
