import type {
  Alias,
  CommonFields,
  Group,
  Identify,
  Identity,
  Message,
  MessageType,
  Page,
  Properties,
  Screen,
  Track,
} from "@pintle/events";
import { callForeign, describeThrown, isThenable } from "../foreign.ts";
import { isStandardSchema, type StandardSchema, type ValidationIssue } from "./standard-schema.ts";

/**
 * A tracking plan as a type: for each name of an event its properties. `$identify`, `$group` and
 * `$alias` stand for the traits of those calls, `$page` and `$screen` for the properties of theirs;
 * what a plan does not name is free.
 *
 * A bound on itself, because an interface has no index signature and would not fit `Record<string,
 * ...>`.
 *
 * @example
 * ```ts
 * import { Pintle } from "@pintle/sdk";
 *
 * interface ShopPlan {
 *   "Order Completed": { orderId: string; revenue: number };
 *   "Signed Up": { plan?: "Free" | "Pro" };
 *   $identify: { email: string; plan?: "Free" | "Pro" };
 * }
 *
 * const client = new Pintle<ShopPlan>(WRITE_KEY, DATA_PLANE_URL);
 * client.track({ userId: "123", event: "Order Completed", properties: { orderId: "o-1", revenue: 25.5 } });
 * client.identify({ userId: "123", traits: { email: "name@example.com" } });
 * await client.close();
 * ```
 */
export type TrackingPlan<Plan> = { readonly [Event in keyof Plan]: object };

/** Where there is no plan: any event, any properties. See {@link TrackingPlan}. */
export type AnyPlan = Readonly<Record<string, Properties>>;

/**
 * A validator for the properties of each event, or of some. The plan's type follows from the
 * validators.
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
  : {
      readonly [Event in Exclude<keyof Plan & string, PlannedCall>]: Identity &
        CommonFields & { readonly type: "track"; readonly event: Event } & Planned<"properties", Plan[Event]>;
    }[Exclude<keyof Plan & string, PlannedCall>];

/** The messages of the other calls that a plan allows. See {@link TrackingPlan}. */
export type IdentifyOf<Plan> = CallOf<Plan, Identify, "traits">;
export type GroupOf<Plan> = CallOf<Plan, Group, "traits">;
export type AliasOf<Plan> = CallOf<Plan, Alias, "traits">;
export type PageOf<Plan> = CallOf<Plan, Page, "properties">;
export type ScreenOf<Plan> = CallOf<Plan, Screen, "properties">;

/** The messages that a plan allows. */
export type MessageOf<Plan> =
  | IdentifyOf<Plan>
  | TrackOf<Plan>
  | PageOf<Plan>
  | ScreenOf<Plan>
  | GroupOf<Plan>
  | AliasOf<Plan>;

/** How a plan names the calls that have no event. */
type PlannedCall = `$${Exclude<MessageType, "track">}`;

type CallOf<Plan, M extends Message, Field extends "traits" | "properties"> = string extends keyof Plan
  ? M
  : `$${M["type"]}` extends infer Call extends keyof Plan
    ? M extends unknown
      ? Omit<M, Field> & Planned<Field, Plan[Call]>
      : never
    : M;

/** A field of which a plan says what it holds. It may be left out if all of that may. */
type Planned<Field extends string, Value> =
  Record<never, never> extends Value
    ? { readonly [Name in Field]?: Value | undefined }
    : { readonly [Name in Field]: Value };

/**
 * The fields of a message whose type is known: what the shorthands (`client.track(...)`) take.
 * Keeps unions apart.
 */
export type FieldsOf<M> = M extends unknown ? Omit<M, "type"> : never;

/** Why a message is not as planned. */
export interface PlanViolation {
  /** Path of the field at fault, for example `properties.revenue` or `traits.email`. */
  readonly field: string;
  /** The validator's words. */
  readonly message: string;
}

/** The name of the first event whose validator is none; `undefined` where all are. */
export function findInvalidValidator(validators: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(validators).find((event) => !isStandardSchema(validators[event]));
}

/**
 * Runs the validator for the message's event, or for its call, on its properties or traits (`{}`
 * where there are none). A message without a validator is as planned. What a validator makes of the
 * fields (defaults, conversions) is not used: it checks and changes nothing.
 *
 * Never throws. A validator that throws, or that answers later (`enqueue` answers now), fails the
 * message.
 */
export function findPlanViolation(
  validators: Readonly<Record<string, StandardSchema | undefined>>,
  message: {
    readonly type: string;
    readonly event?: unknown;
    readonly properties?: unknown;
    readonly traits?: unknown;
  },
): PlanViolation | undefined {
  const { type, event } = message;
  const name = type === "track" ? event : `$${type}`;
  if (typeof name !== "string" || !Object.hasOwn(validators, name)) return undefined;
  // An event cannot be called as a call is.
  if (type === "track" && /^\$(?:identify|page|screen|group|alias)$/.test(name)) return undefined;
  const part = type === "track" || type === "page" || type === "screen" ? "properties" : "traits";
  let found: PlanViolation | undefined;
  const tell = (text: string, path: ValidationIssue["path"] = []): void => {
    const keys = path.map((segment) => (typeof segment === "object" ? segment.key : segment));
    found = { field: [part, ...keys.map(String)].join("."), message: text };
  };
  callForeign(
    () => {
      const result = validators[name]?.["~standard"].validate(message[part] ?? {});
      if (isThenable(result)) {
        tell("its validator is asynchronous; use one that answers at once");
        return result;
      }
      // What it answers is its own as well: reading it may throw.
      const issues = result?.issues ?? [];
      const [first] = issues;
      const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
      if (first !== undefined) tell(`${first.message}${more}`, first.path);
      return undefined;
    },
    (thrown) => {
      // Later nobody asks any more: it was told that the validator is asynchronous.
      if (found === undefined) tell(`its validator threw: ${describeThrown(thrown)}`);
    },
  );
  return found;
}
