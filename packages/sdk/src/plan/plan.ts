import type { Message, Properties, Track } from "@pintle/events";
import { callForeign, describeThrown, isThenable } from "../foreign.ts";
import { isStandardSchema, type StandardSchema, type ValidationResult } from "./standard-schema.ts";

/**
 * A tracking plan as a type: for each name of an event its properties.
 *
 * A bound on itself, because an interface has no index signature and would not fit `Record<string, ...>`.
 *
 * @example
 * ```ts
 * import { Pintle } from "@pintle/sdk";
 *
 * interface ShopPlan {
 *   "Order Completed": { orderId: string; revenue: number };
 *   "Signed Up": { plan?: "Free" | "Pro" };
 * }
 *
 * const client = new Pintle<ShopPlan>(WRITE_KEY, DATA_PLANE_URL);
 * client.track({ userId: "123", event: "Order Completed", properties: { orderId: "o-1", revenue: 25.5 } });
 * await client.close();
 * ```
 */
export type TrackingPlan<Plan> = { readonly [Event in keyof Plan]: object };

/** Where there is no plan: any event, any properties. See {@link TrackingPlan}. */
export type AnyPlan = Readonly<Record<string, Properties>>;

/**
 * A validator for the properties of each event, or of some. The plan's type follows from the validators.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Pintle, type PlanValidators } from "@pintle/sdk";
 * import { z } from "zod";
 *
 * const plan = {
 *   "Order Completed": z.object({ orderId: z.string(), revenue: z.number().min(0) }),
 * } satisfies PlanValidators<{ "Order Completed": { orderId: string; revenue: number } }>;
 * const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { plan });
 *
 * const receipt = client.track({ userId: "123", event: "Order Completed", properties: { orderId: "o-1", revenue: -1 } });
 * assert.equal(receipt.accepted, false);
 * await client.close();
 * ```
 */
export type PlanValidators<Plan> = { readonly [Event in keyof Plan]?: StandardSchema<Plan[Event], unknown> };

/**
 * The `track` messages that a plan allows.
 *
 * @example
 * ```ts
 * import { type MessageOf, Pintle, type TrackOf } from "@pintle/sdk";
 *
 * interface ShopPlan {
 *   "Signed Up": { plan?: "Free" | "Pro" };
 * }
 * const signedUp: TrackOf<ShopPlan> = { type: "track", userId: "123", event: "Signed Up", properties: { plan: "Pro" } };
 * const messages: MessageOf<ShopPlan>[] = [signedUp, { type: "page", userId: "123", name: "Welcome" }];
 *
 * const client = new Pintle<ShopPlan>(WRITE_KEY, DATA_PLANE_URL);
 * for (const message of messages) client.enqueue(message);
 * await client.close();
 * ```
 */
export type TrackOf<Plan> = string extends keyof Plan
  ? Track
  : { readonly [Event in keyof Plan & string]: PlannedTrack<Event, Plan[Event]> }[keyof Plan & string];

/** The messages that a plan allows: a plan is about `track` alone. */
export type MessageOf<Plan> = Exclude<Message, Track> | TrackOf<Plan>;

/** Properties may be left out if all of them may. */
type PlannedTrack<Event extends string, EventProperties> = Omit<Track, "event" | "properties"> & {
  readonly event: Event;
} & (Record<never, never> extends EventProperties
    ? { readonly properties?: EventProperties | undefined }
    : { readonly properties: EventProperties });

/** The fields of a message whose type is known: what the shorthands (`client.track(...)`) take. Keeps unions apart. */
export type FieldsOf<M> = M extends unknown ? Omit<M, "type"> : never;

/** Why a message is not as planned. */
export interface PlanViolation {
  /** Path of the field at fault, for example `properties.revenue`. */
  readonly field: string;
  readonly value: unknown;
  /** The validator's words. */
  readonly message: string;
}

/** The name of the first event whose validator is none; `undefined` where all are. */
export function findInvalidValidator(validators: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(validators).find((event) => !isStandardSchema(validators[event]));
}

/**
 * Runs the validator for the message's event on its properties (`{}` where there are none). An event without a validator
 * is as planned, and so is every message but `track`. What a validator makes of the properties (defaults,
 * conversions) is not used: it checks and changes nothing.
 *
 * Never throws. A validator that throws, or that answers later (`enqueue` answers now), fails the message.
 */
export function findPlanViolation(
  validators: Readonly<Record<string, StandardSchema | undefined>>,
  message: { readonly type: string; readonly event?: unknown; readonly properties?: unknown },
): PlanViolation | undefined {
  const { type, event, properties = {} } = message;
  if (type !== "track" || typeof event !== "string" || !Object.hasOwn(validators, event)) return undefined;
  // What it answers is its own as well: reading it may throw.
  let found: PlanViolation | undefined;
  callForeign(
    () => {
      const result = validators[event]?.["~standard"].validate(properties);
      found = isThenable(result)
        ? violation(properties, [], "its validator is asynchronous; use one that answers at once")
        : firstIssue(properties, result);
      return result;
    },
    (thrown) => {
      // Later nobody asks any more: it was told that the validator is asynchronous.
      found ??= violation(properties, [], `its validator threw: ${describeThrown(thrown)}`);
    },
  );
  return found;
}

function firstIssue(properties: unknown, result: ValidationResult<unknown> | undefined): PlanViolation | undefined {
  const issue = result?.issues?.[0];
  if (result?.issues === undefined || issue === undefined) return undefined;
  const more = result.issues.length > 1 ? ` (and ${result.issues.length - 1} more)` : "";
  return violation(properties, pathOf(issue.path), `${issue.message}${more}`);
}

function pathOf(path: readonly (PropertyKey | { readonly key: PropertyKey })[] = []): readonly PropertyKey[] {
  return path.map((segment) => (typeof segment === "object" ? segment.key : segment));
}

function violation(properties: unknown, path: readonly PropertyKey[], message: string): PlanViolation {
  let value = properties;
  for (const key of path) value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return { field: ["properties", ...path.map(String)].join("."), value, message };
}
