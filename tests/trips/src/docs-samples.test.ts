/**
 * The first lines of the README and every sample of docs/sdk.md, compiled and run against a data
 * plane, and what arrived at its destination.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DataPlane } from "./support/data-plane.ts";
import { type CompiledSamples, compileSamples, readPage, samplesIn } from "./support/docs-sample.ts";
import { readEventFile } from "./support/event-file.ts";
import { onFolder, until } from "./support/until.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Events that a sample leads to, with the fields that it is about. */
const expected: Readonly<Record<string, readonly Fields[]>> = {
  // Ends without a close.
  readme: [{ type: "track", userId: "123", event: "Signed Up", properties: { plan: "Free" } }],
  "plan-calls": [
    { type: "identify", userId: "123", traits: { email: "name@example.com", plan: "Free" } },
    { type: "page", userId: "123", name: "Pizza", properties: { section: "shop" } },
    { type: "group", userId: "123", groupId: "1", traits: { seats: 5 } },
  ],
  package: [
    { type: "identify", userId: "123", traits: { name: "Ann", plan: "Free" } },
    { type: "track", userId: "123", event: "Signed Up", properties: { plan: "Free" } },
  ],
  "first-event": [{ type: "track", userId: "test-user", event: "test-snippet" }],
  options: [{ type: "track", userId: "test-user", event: "test-snippet" }],
  identify: [
    {
      type: "identify",
      userId: "123",
      traits: { name: "Name Surname", email: "name@example.com", plan: "Free", manager: 12 },
    },
  ],
  track: [{ type: "track", userId: "123", event: "Signed Up", properties: { plan: "Free" } }],
  order: [
    {
      type: "track",
      userId: "123",
      event: "Order Completed",
      timestamp: "2026-11-01T10:00:00.000Z",
      properties: {
        orderId: "o-1",
        currency: "EUR",
        revenue: 25.5,
        discount: 0,
        products: [{ id: "p-1", sku: "SKU-1", name: "Pizza", price: 8.5, quantity: 3 }],
      },
    },
  ],
  page: [{ type: "page", userId: "12345", name: "Pizza", properties: { url: "https://dominos.com" } }],
  screen: [{ type: "screen", anonymousId: "device-7", name: "Basket", category: "Shop" }],
  group: [{ type: "group", userId: "12345", groupId: "1", traits: { name: "Company", description: "Facebook" } }],
  alias: [{ type: "alias", previousId: "12345", userId: "45678" }],
  context: [
    {
      type: "track",
      event: "Store Found",
      integrations: { All: true, Salesforce: false },
      context: {
        app: { name: "shop", version: "1.4.2" },
        locale: "de-AT",
        location: { latitude: 0, longitude: 6.7 },
      },
    },
  ],
  scope: [
    { userId: "123", event: "Basket Filled", properties: { plan: "Pro" }, context: { groupId: "company-1" } },
    { userId: "123", event: "Paid", properties: { plan: "Pro", amount: 12 }, context: { groupId: "company-1" } },
  ],
  receipt: [{ event: "Paid", properties: { amount: 12 } }],
  refused: [{ userId: "123", event: "Paid" }],
  stats: [{ event: "Counted" }],
  events: [{ event: "Watched" }],
  networks: [{ event: "Paid" }],
  flush: Array.from({ length: 1000 }, (_, i) => ({ userId: String(i), event: "Imported" })),
  ready: Array.from({ length: 1000 }, (_, i) => ({ userId: String(i), event: "Imported" })),
  durable: [{ userId: "123", event: "Paid", properties: { amount: 12 } }],
  "before-send": [{ userId: "123", event: "Paid", context: { ip: "0.0.0.0" } }],
  "ready-made": [{ userId: "123", event: "Purchase", properties: { revenue: 12, password: "[redacted]" } }],
  enrich: [{ userId: "123", event: "Paid", context: { tier: "gold" } }],
  "plan-type": [
    { event: "Order Completed", properties: { orderId: "o-1", revenue: 25.5 } },
    { event: "Signed Up" },
    // The compiler refuses it; without a validator, the running program does not.
    { event: "Order Complete" },
  ],
  "plan-validators": [{ event: "Order Completed", properties: { orderId: "o-1", revenue: 25.5 } }],
  // Has a data plane of its own, and asserts by itself.
  testing: [],
};

/** The samples of the page on the Go SDK, each of which has its counterpart here. */
const counterparts = ["first-event", "options", "identify", "track", "page", "group", "alias"];

/** What stands in the README before its first heading. */
const [firstScreen = ""] = (await readPage("../README.md")).split("\n## ");

const samples = [
  ...samplesIn(firstScreen),
  ...samplesIn(await readPage("../packages/sdk/README.md")),
  ...samplesIn(await readPage("sdk.md")),
];

describe("README.md and docs/sdk.md", () => {
  let plane: DataPlane;
  let compiled: CompiledSamples;

  before(async () => {
    // A source and a destination for each sample keep their events apart.
    const sources = samples.map(({ name }) => ({ name, writeKey: `wk_${name}`, destinations: [`file-${name}`] }));
    const destinations = Object.fromEntries(
      samples.map(({ name }) => [`file-${name}`, { type: "file", path: `./${name}.jsonl` }]),
    );
    compiled = await compileSamples(samples);
    plane = await DataPlane.start({ sources, destinations });
  });

  after(async () => {
    await plane?.[Symbol.asyncDispose]();
    await compiled?.[Symbol.asyncDispose]();
  });

  test("every sample is expected to lead to something, and the other way round", () => {
    assert.deepEqual(samples.map(({ name }) => name).sort(), Object.keys(expected).sort());
    for (const name of counterparts) assert.ok(name in expected, name);
  });

  for (const { name, line } of samples) {
    test(`${name}, line ${line}`, async () => {
      // What a sample writes goes with the folder of the data plane.
      const env = { WRITE_KEY: `wk_${name}`, DATA_PLANE_URL: plane.url, EVENTS_DIR: plane.path("durable-events") };
      const { code, output } = await compiled.run(name, env);
      assert.equal(code, 0, output);
      const wanted = expected[name] ?? [];
      const file = plane.path(`${name}.jsonl`);
      const arrived = await until(
        `the events of the sample ${name}`,
        async () => {
          const events = await readEventFile(file);
          return events.length >= wanted.length && events;
        },
        { hints: [onFolder(plane.path("."))], state: () => output },
      );
      // Different users travel in parallel, so the order is theirs alone.
      assert.deepEqual(
        arrived.map((event, i) => project(event, wanted[i] ?? {})).sort(byText),
        [...wanted].sort(byText),
      );
    });
  }
});

/** The part of an event that is looked at: the data plane adds to it. */
function project(event: Fields, shape: Fields): Fields {
  return Object.fromEntries(
    Object.entries(shape).map(([key, wanted]) => {
      const value = event[key];
      return [key, key === "context" ? project(value as Fields, wanted as Fields) : value];
    }),
  );
}

function byText(left: Fields, right: Fields): number {
  const [a, b] = [JSON.stringify(left), JSON.stringify(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}
