import assert from "node:assert/strict";
import { test } from "node:test";
import { everyThirdFails, WebhookSink, withoutRepeats } from "./webhook-sink.ts";

const post = async (url: string, messageId: string): Promise<number | "reset"> => {
  try {
    const body = JSON.stringify({ type: "track", messageId });
    const response = await fetch(url, { method: "POST", body });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return "reset";
  }
};

test("keeps what it answers with 2xx, in order, and fails every third request", async () => {
  await using sink = await WebhookSink.listen(everyThirdFails(500, 503, "reset"));
  const answers: Array<number | "reset"> = [];
  for (const id of ["a", "b", "c", "d", "e", "f", "g", "h", "i", "c"]) answers.push(await post(sink.url, id));
  assert.deepEqual(answers, [200, 200, 500, 200, 200, 503, 200, 200, "reset", 200]);
  assert.deepEqual(
    sink.events.map((event) => event.messageId),
    ["a", "b", "d", "e", "g", "h", "c"],
  );
  assert.equal(sink.failed, 3);
  assert.equal(sink.requests, 10);
});

test("an event that has failed three times is spared", () => {
  const answer = everyThirdFails(500, 503, "reset");
  const event = { type: "track", messageId: "unlucky" };
  const request = { method: "POST", path: "/", headers: {}, event };
  const answers = [2, 5, 8, 11].map((index) => answer({ ...request, index }));
  assert.deepEqual(answers, [500, 503, "reset", 200]);
});

test("without repeats, the first delivery of each event is left, in order", () => {
  const events = ["a", "b", "a", "c", "b"].map((messageId, n) => ({ type: "track", messageId, n }));
  assert.deepEqual(
    withoutRepeats(events).map((event) => event.n),
    [0, 1, 3],
  );
});
