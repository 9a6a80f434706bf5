export { parseJson, stringifyJson } from "@pintle/events";
export type { DeliveredEvent } from "@pintle/events/gateway";
export { z } from "zod";
export { bytes } from "./bytes.ts";
export { type CaseResult, type CaseTable, readCases, runCases } from "./cases.ts";
export {
  type ChosenRequest,
  chosenRequest,
  requestKey,
  requestKeys,
  type TransformRequest,
  takeRequest,
} from "./chosen-request.ts";
export {
  classifyAnswer,
  classifyError,
  longestRetryAfter,
  RequestError,
  retryAfter,
  TimeoutError,
} from "./classify.ts";
export { type DeliverySettings, deliveryShape } from "./delivery-settings.ts";
export {
  type BatchLimits,
  type Connection,
  type Delivery,
  type DestinationDefinition,
  type DestinationType,
  defineDestination,
  type EventSource,
  type OpenDefinition,
  type Tools,
  type Trial,
  type TrialTools,
} from "./destination.ts";
export { type DurationLimits, duration } from "./duration.ts";
export { type Hiding, hiding, redacted, type ShownRequest, secretForms } from "./hiding.ts";
export { type Attempt, type EventRequest, type HttpDefinition, keptAnswerBytes } from "./http-destination.ts";
export { type Answer, dead, delivered, type Outcome, retry } from "./outcome.ts";
export { kindNamed, plainWords } from "./plain-words.ts";
export { rate, rateBounds } from "./rate.ts";
export { isSecret, secret, secretsOf } from "./secret.ts";
export { type HttpRequest, type PoolOptions, poolSender, type Sender, type SendLimits } from "./sender.ts";
export type { Commit, Place, PlacedPosition, Position } from "./transaction.ts";
