import type { DestinationType } from "@pintle/kit";
import { file } from "./file/file.ts";
import { postgres } from "./postgres/postgres.ts";
import { relay } from "./relay/relay.ts";
import { webhook } from "./webhook/webhook.ts";

export { type FileSettings, file } from "./file/file.ts";
export { type PostgresSettings, postgres } from "./postgres/postgres.ts";
export { type RelaySettings, relay } from "./relay/relay.ts";
export { type WebhookSettings, webhook } from "./webhook/webhook.ts";

/** Every type of destination that a configuration can name, by its `type`. */
export const destinationTypes: ReadonlyMap<string, DestinationType> = new Map(
  [webhook, relay, file, postgres].map((type): [string, DestinationType] => [type.type, type as DestinationType]),
);
