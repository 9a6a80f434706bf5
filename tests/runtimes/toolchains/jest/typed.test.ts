// As a service in TypeScript tests itself: compiled to CommonJS, by ts-jest and by swc.
import { ConfigError, EventError, Pintle, type Receipt, traits } from "@pintle/sdk";
import Analytics from "@pintle/sdk/rudder-sdk-node";
import { FakeDataPlane, TestPintle } from "@pintle/sdk/testing";

test("a client delivers", async () => {
  const plane = await FakeDataPlane.start();
  const client = new Pintle("key", plane.url);
  const receipt: Receipt = client.identify({ userId: "1", traits: traits().setName("Ann") });
  expect(receipt.accepted).toBe(true);
  const analytics = new Analytics("key", { dataPlaneUrl: plane.url });
  analytics.track({ userId: "1", event: "Paid" });
  await analytics.flush();
  expect(await client.close()).toEqual({ delivered: 1, dropped: 0, pending: 0 });
  expect(plane.messages.map(({ type }) => type).sort()).toEqual(["identify", "track"]);
  await plane.close();
});

test("errors have their classes", () => {
  expect(() => new Pintle("key", "nowhere")).toThrow(ConfigError);
  expect(new TestPintle({ strict: false, logger: silent }).track({ userId: "1", event: "" }).error).toBeInstanceOf(
    EventError,
  );
});

const silent = { debug() {}, info() {}, warn() {}, error() {} };
