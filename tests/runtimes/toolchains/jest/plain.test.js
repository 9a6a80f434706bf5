// As a service in CommonJS tests itself, with no configuration of Jest.
const { ConfigError, EventError, Pintle, PintleError } = require("@pintle/sdk");
const { FakeDataPlane, TestPintle } = require("@pintle/sdk/testing");
const Analytics = require("@pintle/sdk/rudder-sdk-node");

let plane;
beforeEach(async () => {
  plane = await FakeDataPlane.start({ writeKey: "key" });
});
afterEach(() => plane.close());

test("a client delivers", async () => {
  const client = new Pintle("key", plane.url);
  const receipt = client.track({ userId: "1", event: "Paid", properties: { at: new Date(0), amount: 12 } });
  expect(receipt.accepted).toBe(true);
  expect(await client.close()).toEqual({ delivered: 1, dropped: 0, pending: 0 });
  expect(plane.messages).toMatchObject([{ event: "Paid", properties: { at: "1970-01-01T00:00:00.000Z", amount: 12 } }]);
});

test("a durable client delivers", async () => {
  const directory = require("node:fs").mkdtempSync(`${require("node:os").tmpdir()}/pintle-jest-`);
  const client = new Pintle("key", plane.url, { durable: { directory } });
  const receipt = client.track({ userId: "1", event: "Paid" });
  expect(await receipt.stored()).toBe(true);
  expect(await client.close()).toEqual({ delivered: 1, dropped: 0, pending: 0 });
  require("node:fs").rmSync(directory, { recursive: true });
});

test("failures are told and retried", async () => {
  plane.script("reset", 503);
  const problems = [];
  const client = new Pintle("key", plane.url, {
    logger: { debug() {}, info() {}, warn: (text) => problems.push(text), error() {} },
  });
  client.track({ userId: "1", event: "Paid" });
  expect(await client.close()).toEqual({ delivered: 1, dropped: 0, pending: 0 });
  expect(problems[0]).toMatch(/ECONNRESET|reset|hang up/i);
});

test("errors have their classes", () => {
  expect(() => new Pintle("key", plane.url, { batchSize: 0 })).toThrow(ConfigError);
  const client = new TestPintle({ strict: false });
  expect(client.track({ userId: "1", event: "" }).error).toBeInstanceOf(EventError);
  expect(client.track({ userId: "1", event: "a", properties: { big: 1n } }).error).toBeInstanceOf(PintleError);
  expect(client).toBeInstanceOf(Pintle);
});

test("the shim is the class", async () => {
  const analytics = new Analytics("key", { dataPlaneUrl: plane.url });
  analytics.track({ userId: "1", event: "Paid" });
  await analytics.flush();
  expect(plane.messages).toHaveLength(1);
});

test("both formats in one program", () => {
  // What a bundler or a test may do: the same package once more, afresh.
  let other;
  jest.isolateModules(() => {
    other = require("@pintle/sdk");
  });
  expect(other.Pintle).not.toBe(Pintle);
  expect(new other.Pintle("key", plane.url)).toBeInstanceOf(Pintle);
});
