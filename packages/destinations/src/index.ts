export {
  loadDestinationType,
  loadDestinationTypes,
  loadTranslators,
  type TypeName,
  type TypeTranslator,
  typeNames,
} from "./destination-types.ts";
export type { FileSettings } from "./file/file.ts";
export type { PostgresSettings } from "./postgres/postgres.ts";
export type { RelaySettings } from "./relay/relay.ts";
export type { WebhookSettings } from "./webhook/webhook.ts";
