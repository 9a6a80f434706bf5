// What the data plane needs of the kit besides: how settings, requests and answers are shown, and
// what it adds to them. No part of what versions promise.
export { requestKey, requestKeys, takeRequest } from "./chosen-request.ts";
export { deliveryShape } from "./delivery-settings.ts";
export { type Hiding, hiding, redacted, secretForms } from "./hiding.ts";
export { kindNamed, plainWords } from "./plain-words.ts";
export { rate, rateBounds } from "./rate.ts";
export { isSecret, secretsOf } from "./secret.ts";
export { TimeoutError } from "./send-errors.ts";
export { defaultText } from "./value-text.ts";
