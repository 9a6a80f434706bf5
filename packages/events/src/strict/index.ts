export { checkMessage, isNoId } from "./check-message.ts";
export { plainId, plainTime } from "./plain-values.ts";
