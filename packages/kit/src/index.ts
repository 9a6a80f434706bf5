// The tools to write a destination with.
export { parseJson, stringifyJson } from "@pintle/events";
export type { DeliveredEvent } from "@pintle/events/gateway";
export { z } from "zod";
export type { Addresses } from "./addresses.ts";
export { type Note, type Notes, notes } from "./adjustment.ts";
export type { AnswerContext, Attempt } from "./attempt.ts";
export { bytes } from "./bytes.ts";
export { type CaseResult, type CaseTable, readCases, runCases } from "./cases.ts";
export { type ChosenRequest, chosenRequest, type TransformRequest } from "./chosen-request.ts";
export { classifyAnswer, classifyError } from "./classify.ts";
export { type Commerce, type CommerceOptions, commerce } from "./commerce/commerce.ts";
export { type CommerceEvent, commerceName, mappedName } from "./commerce/event-names.ts";
export type { ProductFields } from "./commerce/product.ts";
export type {
  BatchLimits,
  Connection,
  Delivery,
  DestinationType,
  EventSource,
  RawConnection,
  SentRequest,
  Tools,
  Trial,
  TrialTools,
  TriedOut,
} from "./contract.ts";
export type { Conversation, Question } from "./conversation.ts";
export {
  type DestinationDefinition,
  defineDestination,
  type OpenDefinition,
  type RawOpenDefinition,
  type SettingsOf,
} from "./define-destination.ts";
export { loadDriver } from "./driver.ts";
export { type DurationLimits, duration } from "./duration.ts";
export { type EventFields, field } from "./field/field.ts";
export type { Campaign, PageFields } from "./field/page.ts";
export type { PostalAddress } from "./field/person.ts";
export type { Fields } from "./field/usable.ts";
export { headerValue, settableHeader } from "./header-rules.ts";
export type { ShownRequest } from "./hiding.ts";
export type { HttpDefinition, RawHttpDefinition, TryOut } from "./http-definition.ts";
export type { EventRequest, HttpRequest } from "./http-request.ts";
export { idempotencyKey } from "./idempotency-key.ts";
export { type JwtOptions, signJwt } from "./jwt.ts";
export {
  type Adjustment,
  type Again,
  type Answer,
  again,
  type Dead,
  type Delivered,
  dead,
  delivered,
  type Filtered,
  filtered,
  type OneOf,
  type Outcome,
  oneOf,
  type Retry,
  retry,
  type Verdict,
} from "./outcome.ts";
export type { Pace } from "./pacer.ts";
export type { ForgetByHand, ForgetRequests, Person } from "./person.ts";
export { hashed } from "./personal/hashed.ts";
export { type EmailOptions, normalised, type PhoneOptions, type PlaceOptions } from "./personal/normalised.ts";
export { jsonLines, jsonList, type RawEvent, rawEvent } from "./raw-event.ts";
export { refuse } from "./refusal.ts";
export { secret } from "./secret.ts";
export type { Sender } from "./sender.ts";
export { type ClipLimit, clip } from "./shape/clip.ts";
export { type FlattenOptions, flatten } from "./shape/flatten.ts";
export { jsonBytes } from "./shape/json-bytes.ts";
export { prune, type Scalar, scalars } from "./shape/prune.ts";
export { type Mapping, type MappingProblem, mapped, readMapping } from "./template/mapping.ts";
export { scopeOf, type TemplateScope } from "./template/scope.ts";
export {
  asText,
  type Placeholder,
  placed,
  readTemplate,
  rendered,
  type Template,
  TemplateError,
} from "./template/template.ts";
export { type TimeWindow, window } from "./time-window.ts";
export type { TokenDefinition } from "./token.ts";
export type { Commit, Place, PlacedPosition, Position } from "./transaction.ts";
export { waitIn, waitOf } from "./wait.ts";
