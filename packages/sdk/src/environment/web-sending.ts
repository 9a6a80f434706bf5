import type { OpenOutbox } from "../environment.ts";
import { Pipeline } from "../outbox/pipeline.ts";

/** What the web's environment loads with the first message. */
export { openLog } from "../report/problem-log.ts";
export { fetchTransport } from "../transport/fetch.ts";
export { gzipWeb } from "../transport/gzip-web.ts";
export const openPipeline: OpenOutbox = (...given) => new Pipeline(...given);
