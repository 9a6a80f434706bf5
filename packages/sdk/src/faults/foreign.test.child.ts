/**
 * Programs that foreign.test.ts runs, each in a process of its own: `node foreign.test.child.js
 * NAME URL WAY...`.
 */

import { flushAfterRequest } from "../around/flush-per-request.ts";
import { requestContext } from "../around/request-context.ts";
import Analytics from "../compat/rudder-sdk-node/index.ts";
import { type Config, Pintle } from "../index.ts";
import { Pintle as WebPintle } from "../web.ts";

const [name = "", url = "", ...ways] = process.argv.slice(2);
let how = "";

/** Fails in the way that the test asks for. Typed as whatever is wanted. */
const fail = ((): unknown => {
  const error = new Error("a function of the program fails");
  if (how === "throws") throw error;
  if (how === "throws what has no text") throw { toString: null };
  if (how === "throws a symbol as its message") throw Object.assign(new Error(), { message: Symbol("s") });
  if (how === "rejects") return Promise.reject(error);
  if (how === "rejects with nothing") return Promise.reject();
  if (how === "gives a thenable that rejects") {
    // biome-ignore lint/suspicious/noThenProperty: that is what it is about
    return { then: (_: unknown, reject: (error: unknown) => void) => reject(error) };
  }
  if (how === "gives a thenable that throws") {
    return {
      // biome-ignore lint/suspicious/noThenProperty: that is what it is about
      get then(): never {
        throw error;
      },
    };
  }
  throw new Error(`no way to fail: ${how}`);
}) as () => never;

/** A getter: a promise in a field is the program's own, whether the SDK reads it or not. */
const failToRead = (): never => (how.startsWith("throws") ? fail() : (undefined as never));

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Delivers, drops and refuses messages, and tells everybody of it. */
async function use(config: Config, Client: typeof Pintle | typeof WebPintle = Pintle): Promise<void> {
  const client = new Client("key", url, { logger: quiet, verbose: true, interval: 0, maxAge: 100, ...config });
  for (const event of ["accepted", "delivered", "dropped", "refused", "error"] as const) client.on(event, fail);
  client.track({ userId: "1", event: "Paid" });
  client.track({ userId: "", event: "Refused" });
  await client.flush({ timeout: 50 });
  client.track({ userId: "1", event: "Late" });
  await client.close({ timeout: 50 });
  client.track({ userId: "1", event: "Too late" });
}

const programs: Readonly<Record<string, () => Promise<unknown>>> = {
  listeners: () => use({}),
  logger: () => use({ logger: { debug: fail, info: fail, warn: fail, error: fail } }),
  waitUntil: () => use({ waitUntil: fail }),
  beforeSend: () => use({ beforeSend: fail }),
  transport: () => use({ transport: fail }),
  "transport, on fetch": () => use({ transport: fail }, WebPintle),
  "an answer": () =>
    use({
      transport: async () => ({
        status: 503,
        get headers() {
          return failToRead();
        },
        body: "",
      }),
    }),
  "a header of an answer": () =>
    use({ transport: async () => ({ status: 429, headers: { "Retry-After": 5, toString: fail } as never, body: "" }) }),
  validator: () => use({ plan: { Paid: { "~standard": { version: 1, vendor: "test", validate: fail } } } }),
  "a validator's answer": () =>
    use({
      plan: {
        Paid: {
          "~standard": {
            version: 1,
            vendor: "test",
            validate: () => ({
              get issues() {
                return failToRead();
              },
            }),
          },
        },
      },
    }),

  async "a message"() {
    const client = new Pintle("key", url, { logger: quiet });
    const getter = {
      get value() {
        return failToRead();
      },
    };
    const messages: unknown[] = [
      { userId: "1", event: "e", properties: { deep: { toJSON: failToRead } } },
      { userId: "1", event: "e", properties: getter },
      new Proxy({}, { get: failToRead }),
      new Proxy({ userId: "1", event: "e" }, { getPrototypeOf: failToRead, ownKeys: failToRead, has: failToRead }),
      { userId: "1", event: "e", context: new Proxy({}, { has: failToRead, ownKeys: failToRead }) },
      { userId: new Proxy({}, { getPrototypeOf: failToRead, get: failToRead }), event: "e" },
    ];
    for (const message of messages) client.track(message as { userId: string; event: string });
    await client.close({ timeout: 50 });
  },

  async "the adapters' options"() {
    // Where adapters complain.
    console.error = fail;
    requestContext({}, () => ({ ip: "1", url: undefined, header: () => undefined }), { ip: fail });
    const client = new Pintle("key", url, { logger: quiet });
    await flushAfterRequest(client, fail);
    await client.close();
  },

  async "a callback of RudderStack's SDK"() {
    const analytics = new Analytics("key", {
      dataPlaneUrl: url,
      errorHandler: fail,
      pintle: { logger: quiet, maxAge: 100 },
    });
    analytics.track({ userId: "1", event: "Paid" }, fail);
    await analytics.flush(fail).catch(() => {});
    await analytics.pintle?.close({ timeout: 50 });
  },

  async "the signal of a flush"() {
    const client = new Pintle("key", url, { logger: quiet });
    client.track({ userId: "1", event: "Paid" });
    await client.flush({ signal: {} as AbortSignal, timeout: 100 });
    await client.close({ timeout: 50 });
  },
};

const program = programs[name];
if (program === undefined) throw new Error(`no program ${JSON.stringify(name)}`);
for (how of ways) {
  await program();
  // Whatever rejects later has had the time to.
  await new Promise((resolve) => setImmediate(resolve));
  console.log(how);
}
