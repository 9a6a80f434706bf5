// npm run bench -- context [--rounds 24]: what a call costs under a context, in processor time,
// beside one without, in one run and by turns. The median of the rounds' ratios; at most 1.2.
import { parseArgs } from "node:util";
import { Pintle } from "@pintle/sdk";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "24" } } });
const rounds = Number(values.rounds);
const calls = 5_000;
const warmUp = 6;

const context = {
  ip: "203.0.113.9",
  userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
  page: { url: "https://shop.example.com/a?b=c", path: "/a", search: "?b=c" },
  app: { name: "shop", version: "1.4.2" },
};
const own = {
  "no context of its own": undefined,
  "other fields of its own": { locale: "de", device: { id: "d", type: "web" } },
  "some of the same fields": { locale: "de", app: { build: "7" } },
};
const ways = {
  without: (fields) => cost(make(), fields),
  withContext(fields) {
    const client = make();
    return client.withContext(context, () => cost(client, fields));
  },
  defaultContext: (fields) => cost(make({ defaultContext: context }), fields),
};

for (const [title, fields] of Object.entries(own)) {
  const results = [];
  for (let round = -warmUp; round < rounds; round++) {
    const result = Object.fromEntries(Object.entries(ways).map(([way, run]) => [way, run(fields)]));
    if (round >= 0) results.push(result);
  }
  const ratio = (way) => median(results.map((result) => result[way] / result.without)).toFixed(2);
  const plain = median(results.map(({ without }) => without)).toFixed(1);
  console.log(
    `${title.padEnd(24)} ${plain} us without; withContext ${ratio("withContext")}, defaultContext ${ratio("defaultContext")} times that`,
  );
}
// Queued messages have nowhere to go.
process.exit(0);

function make(options) {
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const transport = () => new Promise(() => {});
  return new Pintle("key", "http://127.0.0.1:1", {
    logger,
    transport,
    interval: "1h",
    batchSize: 20_000,
    maxQueueBytes: 1e9,
    ...options,
  });
}

/** Microseconds for a call. */
function cost(client, context) {
  const events = Array.from({ length: calls }, (_, i) => ({
    userId: `user-${i % 997}`,
    event: "Order Completed",
    properties: {
      orderId: `o-${i}`,
      revenue: 25.5,
      currency: "EUR",
      products: [{ id: "p-1", price: 8.5, quantity: 3 }],
    },
    ...(context === undefined ? {} : { context }),
  }));
  const began = process.cpuUsage();
  for (const event of events) client.track(event);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / calls;
}

function median(figures) {
  return figures.sort((a, b) => a - b)[figures.length >> 1];
}
