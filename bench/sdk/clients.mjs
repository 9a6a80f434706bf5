// The SDKs of Node as this benchmark needs them: with their default options, or with batches and
// queues of a given size. `pending()` says how many events wait for an answer, as the SDK itself
// tells it.
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Events that may wait for an answer while events are offered as fast as they are taken. */
const window = 10_000;

export const clients = {
  async pintle(url, { queueBytes, queueEvents } = {}) {
    const { Pintle } = await import("@pintle/sdk");
    const maxQueueBytes = queueBytes ?? (queueEvents === undefined ? undefined : queueEvents * 2_000);
    const client = new Pintle("key", url, { logger: quiet, maxQueueBytes });
    return {
      window,
      track: (event) => client.track(event),
      pending: () => client.stats().pending,
      held: () => client.stats().bytes,
      close: () => client.close({ timeout: "60s" }),
    };
  },

  async rudder(url, { batch, queueEvents } = {}) {
    const { default: Analytics } = await import("@rudderstack/rudder-sdk-node");
    let pending = 0;
    const settled = () => pending--;
    const client = new Analytics("key", {
      dataPlaneUrl: url,
      logLevel: "error",
      // Without it the first failure ends the process.
      errorHandler() {},
      ...(batch === undefined ? {} : { flushAt: batch }),
      ...(queueEvents === undefined ? {} : { maxInternalQueueSize: queueEvents }),
    });
    return {
      window,
      track(event) {
        pending++;
        client.track(event, settled);
      },
      pending: () => pending,
      close: () => client.flush(),
    };
  },

  async segment(url, { batch } = {}) {
    const { Analytics } = await import("@segment/analytics-node");
    let pending = 0;
    const settled = () => pending--;
    const client = new Analytics({ writeKey: "key", host: url, ...(batch === undefined ? {} : { flushAt: batch }) });
    client.on("error", () => {});
    return {
      window,
      track(event) {
        pending++;
        client.track(event, settled);
      },
      pending: () => pending,
      close: () => client.closeAndFlush({ timeout: 60_000 }),
    };
  },

  async posthog(url, { batch, queueEvents } = {}) {
    const { PostHog } = await import("posthog-node");
    let pending = 0;
    const client = new PostHog("key", {
      host: url,
      ...(batch === undefined ? {} : { flushAt: batch, maxBatchSize: batch }),
      ...(queueEvents === undefined ? {} : { maxQueueSize: queueEvents }),
    });
    client.on("error", () => {});
    client.on("flush", (messages) => {
      pending -= messages.length;
    });
    return {
      // It drops the oldest of 1,000.
      window: 900,
      track({ userId, event, properties, context }) {
        pending++;
        client.capture({ distinctId: userId, event, properties: { ...properties, context } });
      },
      pending: () => pending,
      close: () => client.shutdown(60_000),
    };
  },
};
