// The SDKs, each with its default options but for what its documentation says has to be set. Loaded
// in a process of its own.
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

export const subjects = {
  /** No SDK: how late the loop of such a program is on this machine anyway. */
  async none() {
    let bytes = 0;
    return {
      track(event) {
        bytes += JSON.stringify(event).length;
      },
      close: async () => bytes,
      held: () => 0,
    };
  },

  async pintle(url, { durable } = {}) {
    const { Pintle } = await import("@pintle/sdk");
    const client = new Pintle("key", url, { logger: quiet, ...(durable === undefined ? {} : { durable }) });
    return {
      track: (event) => client.track(event),
      close: () => client.close({ timeout: "60s" }),
      held: () => client.stats().bytes,
    };
  },

  async rudder(url) {
    const { default: Analytics } = await import("@rudderstack/rudder-sdk-node");
    // Without an errorHandler the first failure ends the process.
    const client = new Analytics("key", { dataPlaneUrl: url, logLevel: "error", errorHandler() {} });
    return { track: (event) => client.track(event), close: () => client.flush() };
  },

  async segment(url) {
    const { Analytics } = await import("@segment/analytics-node");
    const client = new Analytics({ writeKey: "key", host: url });
    client.on("error", () => {});
    return { track: (event) => client.track(event), close: () => client.closeAndFlush({ timeout: 60_000 }) };
  },

  async posthog(url) {
    const { PostHog } = await import("posthog-node");
    const client = new PostHog("key", { host: url });
    client.on("error", () => {});
    return {
      track: ({ userId, event, properties, context }) =>
        client.capture({ distinctId: userId, event, properties: { ...properties, context } }),
      close: () => client.shutdown(60_000),
    };
  },
};
