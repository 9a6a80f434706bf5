import { hashUserKey } from "@pintle/events";
import { checkConnections } from "../connection-options.ts";
import { OpenTelemetry, type OpenTelemetryApi } from "../diagnostics/open-telemetry.ts";
import type { Environment } from "../environment.ts";
import { Pipeline } from "../outbox/pipeline.ts";
import { monotonic, realQueueMicrotask } from "../real.ts";
import { openLog } from "../report/problem-log.ts";
import { checkDurable } from "../store/durable/durable-options.ts";
import { after, hold } from "../timers.ts";
import { gzipNode } from "../transport/gzip-node.ts";
import { uuid } from "../uuid.ts";
import { ProcessLifecycle } from "./process-lifecycle.ts";

/**
 * A variable, and the comments below, keep bundlers from looking for it: it is there or not where
 * the program runs.
 */
const openTelemetryApi: string = "@opentelemetry/api";

const telemetry: OpenTelemetry = new OpenTelemetry(
  () => import(/* webpackIgnore: true */ /* @vite-ignore */ openTelemetryApi) as Promise<OpenTelemetryApi>,
);

/** Node, and runtimes that are like it (Bun, Deno). */
export const nodeEnvironment: Environment = {
  get runtime() {
    const { bun, deno, node } = process.versions;
    if (bun !== undefined) return `bun/${bun}`;
    return deno === undefined ? `node/${node}` : `deno/${deno}`;
  },
  now: () => Date.now(),
  monotonic,
  after,
  hold,
  soon: (callback) => realQueueMicrotask(callback),
  random: () => Math.random(),
  uuid,
  lane: (userKey) => hashUserKey(userKey) | 0,
  openLog,
  openOutbox: (...given) => new Pipeline(...given),
  async loadTransport({ connections, concurrency }) {
    const { createNodeTransport } = await import("../transport/node.ts");
    return telemetry.untraced(createNodeTransport(connections ?? { concurrency }));
  },
  connections: checkConnections,
  durable: checkDurable,
  gzip: gzipNode,
  lifecycle: new ProcessLifecycle(process),
  telemetry,
};
