import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { describe, test } from "node:test";
import { Pintle } from "../index.ts";
import { FakeDataPlane } from "../testing/index.ts";

/** Everything that is published on these channels, until it is disposed of. */
function listen(...names: readonly string[]) {
  const published: [name: string, message: Record<string, unknown>][] = [];
  const subscriptions = names.map((name) => {
    const listener = (message: unknown): void => void published.push([name, message as Record<string, unknown>]);
    diagnostics.subscribe(`pintle:${name}`, listener);
    return () => diagnostics.unsubscribe(`pintle:${name}`, listener);
  });
  return { published, [Symbol.dispose]: () => subscriptions.forEach((stop) => void stop()) };
}

const logger = { debug() {}, info() {}, warn() {}, error() {} };

describe("diagnostics_channel", () => {
  test("has what every client tells its listeners, with the client", async () => {
    await using plane = await FakeDataPlane.start({ otherwise: { status: 400, body: "no\n" } });
    using heard = listen("accepted", "delivered", "dropped", "refused", "error");
    plane.script(503, 200);
    const client = new Pintle("key", plane.url, { logger });
    const { messageId } = client.track({ userId: "1", event: "Paid" });
    client.track({ userId: "", event: "Paid" });
    await client.flush();
    client.track({ userId: "1", event: "Bad" });
    await client.close();

    assert.ok(heard.published.every(([, message]) => message.client === client));
    const told = heard.published.map(([name, message]) => {
      const { event } = (message.message ?? {}) as { event?: string };
      const { code } = (message.error ?? {}) as { code?: string };
      return [name, event ?? message.reason ?? code ?? message.messageIds];
    });
    assert.deepEqual(told.slice(0, 5), [
      ["accepted", "Paid"],
      ["refused", "Paid"],
      ["error", "PINTLE_SEND_FAILED"],
      ["delivered", [messageId]],
      ["accepted", "Bad"],
    ]);
    assert.deepEqual(told.at(-1), ["dropped", "Bad"]);
  });

  test("has every request, with its answer or why there was none", async () => {
    await using plane = await FakeDataPlane.start();
    using heard = listen("request");
    plane.script(503, "reset", { truncated: true }, 200);
    await using client = new Pintle("key", plane.url, { logger, gzip: false });
    client.track({ userId: "1", event: "Paid" });
    await client.close();
    assert.deepEqual(
      heard.published.map(([, { method, url, status, error }]) => [
        method,
        url,
        status ?? (error as { code: string }).code,
      ]),
      [503, "stale", "truncated", 200].map((how) => ["POST", `${plane.url}/v1/batch`, how]),
    );
    for (const [i, [, { bytes, milliseconds }]] of heard.published.entries()) {
      assert.equal(bytes, plane.requests[i]?.wireBytes);
      assert.ok(typeof milliseconds === "number" && milliseconds > 0);
    }
    assert.ok(!JSON.stringify(heard.published).includes("a2V5"), "the write key is in none of them");
  });
});
