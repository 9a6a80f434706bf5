// Fake timers are the program's: clients made before and after them deliver all the same.
const { TestPintle, FakeDataPlane } = require("@pintle/sdk/testing");
const { Pintle } = require("@pintle/sdk");

const logger = { debug() {}, info() {}, warn() {}, error() {} };

afterEach(() => jest.useRealTimers());

test("clients made before and after timers are faked, and an SDK that is loaded after", async () => {
  const plane = await FakeDataPlane.start();
  const before = [new Pintle("key", plane.url, { logger }), new TestPintle()];
  jest.useFakeTimers({ now: Date.UTC(2030, 0, 1) });
  let late;
  jest.isolateModules(() => {
    late = require("@pintle/sdk");
  });
  const after = [
    new Pintle("key", plane.url, { logger }),
    new TestPintle(),
    new late.Pintle("key", plane.url, { logger }),
  ];
  for (const client of [...before, ...after]) {
    if (!(client instanceof TestPintle)) plane.script(503);
    client.track({ userId: "1", event: "Flushed" });
    expect(await client.flush()).toEqual({ delivered: 1, dropped: 0, pending: 0 });
    client.track({ userId: "1", event: "Closed" });
    expect(await client.close()).toEqual({ delivered: 1, dropped: 0, pending: 0 });
  }
  expect(plane.messages).toHaveLength(6);
  expect(plane.messages[0].originalTimestamp).toMatch(/^2030-01-01T00:00:00/);
  await plane.close();
});
