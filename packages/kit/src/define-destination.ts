import { userKey } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { z } from "zod";
import { addressProblem, addressShape } from "./addresses.ts";
import type { BatchLimits, Connection, DestinationType, RawConnection, Tools, Trial, TrialTools } from "./contract.ts";
import { type DeliverySettings, deliveryShape } from "./delivery-settings.ts";
import type { HttpDefinition, RawHttpDefinition } from "./http-definition.ts";
import { HttpConnection } from "./http-destination.ts";
import { type RawEvent, rawEvent } from "./raw-event.ts";
import { secretsOf } from "./secret.ts";

interface CommonDefinition<Settings> {
  readonly type: string;
  readonly displayName: string;
  /** See `DestinationType.names`. @default none */
  readonly names?: readonly string[];
  readonly description: string;
  /**
   * A schema for every key, each with a description: they are the destination's documentation.
   * Other keys are refused.
   */
  readonly settings: { readonly [Key in keyof Settings]-?: z.ZodType<Settings[Key]> };
  /**
   * The problem with a combination of settings that are each valid on their own, if there is one: a
   * key, and what to do.
   */
  readonly check?: (settings: Settings) => { readonly key: string; readonly message: string } | undefined;
  /** @default one event in each batch */
  readonly batch?: BatchLimits | ((settings: Settings) => BatchLimits);
  /** @default 1 */
  readonly concurrency?: (settings: Settings) => number;
}

/** A destination that does not use HTTP. */
export interface OpenDefinition<Settings> extends CommonOpenDefinition<Settings> {
  readonly raw?: false;
  open(settings: Settings, tools: Tools): Promise<Connection>;
}

/** A definition that takes whole events, as their JSON. */
export interface RawOpenDefinition<Settings> extends CommonOpenDefinition<Settings> {
  readonly raw: true;
  open(settings: Settings, tools: Tools): Promise<RawConnection>;
}

interface CommonOpenDefinition<Settings> extends CommonDefinition<Settings> {
  /** See `DestinationType.transactional`. @default false */
  readonly transactional?: boolean;
  /** See `DestinationType.trial`. @default events delivered by a trial stay there */
  trial?(settings: Settings, tools: TrialTools): Promise<Trial<Settings>>;
}

export type DestinationDefinition<Settings> =
  | OpenDefinition<Settings>
  | RawOpenDefinition<Settings>
  | (CommonDefinition<Settings> & HttpDefinition<Settings>)
  | (CommonDefinition<Settings> & RawHttpDefinition<Settings>);

/** The settings as parsed by their schemas. */
export type SettingsOf<Shape extends Readonly<Record<string, z.ZodType>>> = {
  -readonly [Key in keyof Shape]: z.output<Shape[Key]>;
};

/** Whether it is a schema, also one of another copy of zod. */
function isSchema(value: unknown): boolean {
  return typeof value === "object" && value !== null && "_zod" in value;
}

const single: BatchLimits = { events: 1, bytes: 0, whole: false };

/**
 * Defines a type of destination: either by `requests`, a pure function from events and settings to
 * HTTP requests, in which case the kit owns connections, time-outs and the meaning of answers; or
 * by `open`, for everything that is no HTTP.
 *
 * @throws TypeError when the settings are no object of schemas, one of them has no description, or
 * the name of the type is none
 */
export function defineDestination<Settings>(definition: DestinationDefinition<Settings>): DestinationType<Settings> {
  const { type, displayName, description, names = [], concurrency = () => 1 } = definition;
  const limits = definition.batch ?? single;
  const batch = typeof limits === "function" ? limits : () => limits;
  if (!/^[a-z0-9-]+$/.test(type)) {
    throw new TypeError(`The name of a destination type is a-z, 0-9 and -, got type: ${JSON.stringify(type)}`);
  }
  if (!("open" in definition) && (definition.requests === undefined) === (definition.converse === undefined)) {
    throw new TypeError(`The destination type "${type}" is defined by one of requests, converse and open`);
  }
  if (isSchema(definition.settings)) {
    const right = '{ url: z.url().describe("...") }';
    throw new TypeError(
      `The settings of the destination type "${type}" are an object of schemas, ${right}, not one schema`,
    );
  }
  const addresses = "open" in definition ? undefined : definition.addresses;
  const ofAddress = addresses === undefined ? {} : addressShape(addresses);
  const taken = Object.keys(ofAddress).find((key) => Object.hasOwn(definition.settings, key));
  if (taken !== undefined) {
    throw new TypeError(
      `The setting "${taken}" of the destination type "${type}" is made of its addresses: leave it out`,
    );
  }
  const shape: Readonly<Record<string, z.ZodType>> = { ...definition.settings, ...ofAddress };
  for (const [key, schema] of Object.entries(shape)) {
    if (!isSchema(schema)) {
      throw new TypeError(`The setting "${key}" of the destination type "${type}" is no schema of zod`);
    }
    if (!z.globalRegistry.get(schema)?.description) {
      throw new TypeError(
        `The setting "${key}" of the destination type "${type}" has no description: add .describe("...")`,
      );
    }
  }
  const settings = z.strictObject({ ...shape, ...deliveryShape }).superRefine((values, context) => {
    const problem =
      (addresses === undefined ? undefined : addressProblem(values)) ?? definition.check?.(values as Settings);
    if (problem !== undefined) context.addIssue({ code: "custom", path: [problem.key], message: problem.message });
  }) as unknown as DestinationType<Settings>["settings"];
  const open =
    "open" in definition
      ? async (values: Settings, tools: Tools) =>
          definition.raw === true ? takingBoth(await definition.open(values, tools)) : definition.open(values, tools)
      : async (values: Settings, tools: Tools) => {
          const options = {
            settings: values,
            limits: batch(values),
            // Where events can fail singly, a batch holds one of each user.
            inOrder: batch(values).whole && (values as Partial<DeliverySettings>).order !== false,
            concurrency: concurrency(values),
            secrets: [...secretsOf(settings, values), ...(tools.secrets ?? [])],
            keys: [...(tools.destinationName === undefined ? [] : [tools.destinationName]), displayName, ...names],
            tools,
          };
          return definition.raw === true
            ? rawHttp(new HttpConnection(definition, { ...options, userOf: (event) => userOf(event.parsed()) }))
            : new HttpConnection(definition, { ...options, userOf });
        };
  const transactional = "open" in definition && definition.transactional === true;
  const isHttp = !("open" in definition);
  const takesRequests = !("open" in definition) && definition.takesRequests === true;
  const common = {
    raw: definition.raw === true,
    takesRequests,
    type,
    displayName,
    names,
    description,
    settings,
    batch,
    transactional,
    isHttp,
    concurrency,
    open,
  };
  if (!("open" in definition)) return { ...common, ...forgettingOf(definition) };
  if (definition.trial === undefined) return common;
  return { ...common, trial: (values, tools) => definition.trial!(values, tools) };
}

function userOf({ userId, anonymousId }: DeliveredEvent): string {
  return userKey({ userId, anonymousId });
}

function forgettingOf<Settings>({
  forget,
}: Pick<HttpDefinition<Settings>, "forget">): Pick<DestinationType<Settings>, "forgets" | "forgetByHand"> {
  if (forget === undefined) return {};
  if (!("manual" in forget)) return { forgets: "by requests" };
  return { forgets: "by hand", forgetByHand: (people, settings) => forget.manual(people, settings) };
}

function rawHttp<Settings>(connection: HttpConnection<Settings, RawEvent>): Connection {
  return {
    ...takingBoth(connection),
    tryOut: (event) => connection.tryOut(event),
    forget: (people) => connection.forget(people),
  };
}

/** Takes events as objects, too: what a transformation gave, and what is tried out. */
function takingBoth(connection: RawConnection): Connection {
  return {
    deliver: (events, delivery) => connection.deliver(events.map(rawEvent), delivery),
    deliverRaw: (events, delivery) => connection.deliver(events, delivery),
    ...(connection.position === undefined
      ? {}
      : { position: (...asked: Parameters<NonNullable<Connection["position"]>>) => connection.position!(...asked) }),
    close: () => connection.close(),
  };
}
