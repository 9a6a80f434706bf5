// The parts of the kit that the data plane and its commands need without any schema, and so without
// zod, which takes longer to load than everything else in a command. Not covered by semantic
// versioning.
export { bytesIn } from "./bytes-text.ts";
export { requestKey, requestKeys, takeRequest } from "./chosen-request.ts";
export { durationIn } from "./duration-text.ts";
export { type Hiding, hiding, redacted, secretForms } from "./hiding.ts";
export { rateBounds } from "./rate-bounds.ts";
export { TimeoutError } from "./send-errors.ts";
