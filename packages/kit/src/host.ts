// What the data plane needs of the kit besides, about schemas of settings. No part of what versions
// promise.
export { deliveryShape } from "./delivery-settings.ts";
export { kindNamed, plainWords } from "./plain-words.ts";
export { rate } from "./rate.ts";
export { isSecret, secretsOf } from "./secret.ts";
export { defaultText } from "./value-text.ts";
