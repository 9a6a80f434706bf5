import assert from "node:assert/strict";
import { test } from "node:test";
import { startVirtualClient as start } from "./simulation/virtual-client.ts";

function listening() {
  const lines: string[] = [];
  const line = (text: string) => void lines.push(text);
  return { lines, logger: { debug: line, info: line, warn: line, error: line } };
}

for (const strict of [false, true]) {
  test(`a client that is not enabled${strict ? ", and strict," : ""} checks its calls, sends nothing and opens nothing`, async () => {
    const { lines, logger } = listening();
    const { client, environment, requests } = start({ enabled: false, strict, logger });
    const receipt = client.track({ userId: "1", event: "Paid" });
    assert.deepEqual([receipt.accepted, receipt.error?.message], [false, receipt.error?.message]);
    assert.match(receipt.error?.message ?? "", /^the client is not enabled; .*enabled is false$/);
    const outcome = await receipt.delivered();
    assert.deepEqual([outcome.status, "reason" in outcome && outcome.reason], ["refused", "disabled"]);
    assert.equal(await receipt.stored(), false);
    assert.deepEqual(lines, []);

    const wrong = () => client.track({ userId: "", event: "Paid" });
    if (strict) assert.throws(wrong, /track: userId is ""/);
    else assert.equal(wrong().error?.code, "PINTLE_EVENT_WITHOUT_ID");
    const { offered, accepted, refused, pending, requests: counted } = client.stats();
    assert.deepEqual(
      { offered, accepted, pending, counted, disabled: refused.disabled, invalid: refused.invalid },
      { offered: 2, accepted: 0, pending: 0, counted: 0, disabled: 1, invalid: 1 },
    );
    assert.deepEqual(await client.flush(), { delivered: 0, dropped: 0, pending: 0 });
    await client.ready();
    assert.deepEqual(await client.close(), { delivered: 0, dropped: 0, pending: 0 });
    const late = () => client.track({ userId: "1", event: "Paid" });
    if (strict) assert.throws(late, /the client is closed/);
    else assert.equal(late().error?.code, "PINTLE_CLIENT_CLOSED");
    assert.equal(requests.length, 0);
    assert.equal(environment.time, 0);
  });
}

test("what a client that is not enabled is given goes through beforeSend and has to fit, as in production", () => {
  const { client } = start({
    enabled: false,
    beforeSend: ({ userId }) => (userId === "x" ? null : { ...missing }) as never,
  });
  const reasons = ["x", "1"].map((userId) => client.track({ userId, event: "e" }).error?.code);
  assert.deepEqual(reasons, ["PINTLE_MESSAGE_FILTERED", "PINTLE_EVENT_TYPE"]);
  const small = start({ enabled: false, maxMessageBytes: 300 }).client;
  const receipt = small.track({ userId: "1", event: "e", properties: { text: "x".repeat(300) } });
  assert.equal(receipt.error?.code, "PINTLE_MESSAGE_TOO_LARGE");
});

const missing = {};
