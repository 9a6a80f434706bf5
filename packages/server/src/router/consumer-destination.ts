import type { DestinationType, EventSource } from "@pintle/kit";
import { ServerError } from "../errors.ts";
import type { Destination } from "../model/destination.ts";
import type { EventFilter } from "../model/event-filter.ts";
import type { Source } from "../model/source.ts";
import type { EventTransform, Throttle } from "./transform/event-transform.ts";

/** A destination as the router needs it. */
export interface ConsumerDestination {
  readonly id: string;
  readonly rudderStackId?: string;
  readonly name: string;
  readonly type: DestinationType;
  readonly filter?: EventFilter | undefined;
  /** What the type's schema made of its keys in the configuration. */
  readonly settings: {
    readonly from?: "start" | "end" | undefined;
    readonly maxAge: number;
    readonly order?: boolean | undefined;
    readonly retry?: { readonly max: number } | undefined;
  };
  /** What of them is to be hidden beside what the type marks as secret. */
  readonly secrets?: readonly string[] | undefined;
  /** The sources that are connected to it, by id. */
  readonly sources: ReadonlyMap<string, EventSource>;
  /** What its events go through after the filter. It ends with the consumer. */
  readonly transform?: EventTransform | undefined;
  readonly throttle?: Throttle | undefined;
}

/**
 * What the configuration says of a destination, with its type and the sources that are connected to
 * it.
 *
 * @throws ServerError for a type that is not known
 */
export function consumerDestination(
  { id, rudderStackId, name, type: typeName, settings, filter }: Destination,
  sources: readonly Source[],
  types: ReadonlyMap<string, DestinationType>,
): ConsumerDestination {
  const type = types.get(typeName);
  if (type === undefined)
    throw new ServerError(
      "PINTLE_CONFIG_INVALID",
      `the destination "${name}" has the type "${typeName}", which is not known`,
    );
  const connected = sources.filter(({ destinations }) => destinations.includes(id));
  return {
    id,
    ...(rudderStackId === undefined ? {} : { rudderStackId }),
    name,
    type,
    settings: type.settings.parse(settings),
    filter,
    sources: new Map(
      connected.map(({ id, name, rudderStackId }) => [
        id,
        { id, name, ...(rudderStackId === undefined ? {} : { rudderStackId }) },
      ]),
    ),
  };
}
