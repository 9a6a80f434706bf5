// The other parts of the kit that the data plane needs, about schemas of settings. Not covered by
// semantic versioning.
export { deliveryShape } from "./delivery-settings.ts";
export { kindNamed, plainWords } from "./plain-words.ts";
export { rate } from "./rate.ts";
export { isSecret, secretsOf } from "./secret.ts";
export { defaultText } from "./value-text.ts";
