export { describe, EventError, type EventErrorCode, eventErrors } from "./event-error.ts";
export {
  type Alias,
  type CommonFields,
  type Context,
  type Group,
  type Identify,
  type Integrations,
  type Message,
  type MessageType,
  messageTypes,
  type Page,
  type Properties,
  type Screen,
  type Track,
  type Traits,
} from "./message.ts";
export { murmur2, partitionOf } from "./murmur2.ts";
export { isRfc3339, parseTimestamp } from "./timestamp.ts";
export { hashUserKey, idText, isBlank, userKey } from "./user-key.ts";
