export { checkMessage } from "./check-message.ts";
