import { laneWeb } from "../lane-web.ts";
import { fetchTransport } from "../transport/fetch.ts";
import { gzipWeb } from "../transport/gzip-web.ts";
import { uuidWeb } from "../uuid-web.ts";
import type { Environment } from "./environment.ts";
import { monotonic, realQueueMicrotask } from "./real.ts";
import { after, hold } from "./timers.ts";

/** What every runtime with the web's interfaces has. Nothing is looked up at import. */
export const webEnvironment: Environment = {
  get runtime() {
    // Workers, Deno and browsers say who they are here, with a version after a slash.
    const agent = (globalThis as { navigator?: { userAgent?: unknown } }).navigator?.userAgent;
    return typeof agent === "string" && agent !== "" ? agent : "web";
  },
  now: () => Date.now(),
  monotonic,
  after,
  hold,
  soon: (callback) => realQueueMicrotask(callback),
  random: () => Math.random(),
  uuid: uuidWeb,
  lane: laneWeb,
  loadTransport: async () => fetchTransport,
  gzip: gzipWeb,
  lifecycle: undefined,
};
