export { daysTo } from "../days-to.ts";
export { checkEvent, checkEvents, type EventFault } from "./check-event.ts";
export { arrivalTime, isClockReading } from "./client-times.ts";
export { type Arrival, completeEvent, type DeliveredEvent } from "./complete-event.ts";
export { knownType, knownTypes } from "./known-type.ts";
export { cleanMessageId } from "./message-id.ts";
export { rudderId } from "./rudder-id.ts";
