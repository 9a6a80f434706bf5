import type { Environment } from "../environment.ts";
import { laneWeb } from "../lane-web.ts";
import { LoadingOutbox } from "../outbox/loading-outbox.ts";
import { monotonic, realQueueMicrotask } from "../real.ts";
import { loadingLog } from "../report/loading-log.ts";
import { after, hold } from "../timers.ts";
import { uuidWeb } from "../uuid-web.ts";

/** One piece of code, so that it comes with one request. */
export const loadSending = (): Promise<typeof import("./web-sending.ts")> => import("./web-sending.ts");

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
  openLog: (...given) => loadingLog(async () => (await loadSending()).openLog(...given)),
  openOutbox: (...given) => new LoadingOutbox(...given, async () => (await loadSending()).openPipeline),
  loadTransport: async () => (await loadSending()).fetchTransport,
  gzip: async (bytes) => (await loadSending()).gzipWeb(bytes),
  lifecycle: undefined,
};
