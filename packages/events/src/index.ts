export { isBlank } from "./blank.ts";
export { brand } from "./brand.ts";
export { CodedError } from "./coded-error.ts";
export type {
  AppInfo,
  CampaignInfo,
  DeviceInfo,
  KnownContext,
  LibraryInfo,
  LocationInfo,
  NetworkInfo,
  OSInfo,
  PageInfo,
  ReferrerInfo,
  ScreenInfo,
} from "./context.ts";
export { errorMessage } from "./error-message.ts";
export { describe, EventError, type EventErrorCode, eventErrors } from "./event-error.ts";
export type { Address, Company, KnownProperties, KnownTraits, OpenFields } from "./fields.ts";
export { isObject } from "./is-object.ts";
export { jsonStringEnd } from "./json-string.ts";
export {
  type Alias,
  type CommonFields,
  type Context,
  type Group,
  type Id,
  type Identify,
  type Identity,
  type Integrations,
  type Message,
  type MessageType,
  messageTypes,
  type Page,
  type Properties,
  type Screen,
  type Track,
  type Traits,
  type ViewFields,
} from "./message.ts";
export { murmur2, partitionOf } from "./murmur2.ts";
export { deepest, deepestEvent, isJsonDeeperThan } from "./nesting.ts";
export { mostDigits, parseJson } from "./parse-json.ts";
export { letJsonTakeBigInt, stringifyJson } from "./stringify-json.ts";
export { parseTimestamp, readTime, type Time, toRfc3339 } from "./timestamp.ts";
export { hashUserKey, idText, userKey } from "./user-key.ts";
