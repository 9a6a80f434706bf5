import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import fc from "fast-check";
import { defineDestination } from "./define-destination.ts";
import { delivered } from "./outcome.ts";
import { jsonLines, jsonList, type RawEvent, rawEvent } from "./raw-event.ts";

/** Events in a buffer, one behind the other, with this between them and behind the last one. */
function inOneBuffer(events: readonly unknown[], between: string, behind: string): RawEvent[] {
  const texts = events.map((event) => JSON.stringify(event));
  const source = Buffer.from(texts.join(between) + behind);
  let start = 0;
  return texts.map((text) => {
    const end = start + Buffer.byteLength(text);
    const place = {
      source,
      start,
      end,
      bytes: source.subarray(start, end),
      messageId: "",
      parsed: () => JSON.parse(text),
    };
    start = end + between.length;
    return place;
  });
}

const event = fc.dictionary(fc.string({ unit: "binary", maxLength: 4 }), fc.jsonValue(), { maxKeys: 3 });
const piece = fc.oneof(
  fc.array(event, { maxLength: 5 }).map((events) => inOneBuffer(events, "\n", "\n")),
  fc.array(event, { maxLength: 5 }).map((events) => inOneBuffer(events, ",", "]")),
  event.map((one) => [rawEvent(one as unknown as DeliveredEvent)]),
);
/** Events of several buffers, of which some are left out, or come in another order. */
const events = fc
  .array(piece, { maxLength: 6 })
  .map((pieces) => pieces.flat())
  .chain((all) => fc.oneof(fc.constant(all), fc.shuffledSubarray(all), fc.subarray(all)));

test("lines and lists have each event once, in the order that is asked for, wherever they stand", () => {
  fc.assert(
    fc.property(events, (all) => {
      const parsed = all.map((one) => JSON.parse(JSON.stringify(one.parsed())));
      const lines = Buffer.from(jsonLines(all)).toString().split("\n");
      assert.equal(lines.pop(), "");
      assert.deepEqual(
        lines.map((line) => JSON.parse(line)),
        parsed,
      );
      assert.deepEqual(JSON.parse(Buffer.from(jsonList(all)).toString()), parsed);
      const { batch } = JSON.parse(Buffer.from(jsonList(all, '{"é":1,"batch":[', "]}")).toString());
      assert.deepEqual(batch, parsed);
    }),
  );
});

test("what stands in one piece is not copied for lines", () => {
  const all = inOneBuffer([{ a: 1 }, { b: 2 }, { c: 3 }], "\n", "\n");
  assert.equal(jsonLines(all.slice(1)).buffer, all[0]!.source.buffer);
});

test("a raw type takes objects, too: what a transformation gave", async () => {
  const got: string[] = [];
  const type = defineDestination({
    type: "raw",
    displayName: "Raw",
    description: "keeps what it gets",
    settings: {},
    raw: true,
    open: async () => ({
      deliver: async (given) => {
        got.push(Buffer.from(jsonLines(given)).toString());
        return given.map(() => delivered);
      },
      close: async () => {},
    }),
  });
  const tools = { directory: "/", now: () => 0, userAgent: "x" };
  const connection = await type.open(type.settings.parse({}), tools);
  const one = { messageId: "m", big: 12345678901234567890n } as unknown as DeliveredEvent;
  assert.equal(type.raw, true);
  assert.deepEqual(await connection.deliver([one]), [delivered]);
  assert.deepEqual(await connection.deliverRaw!([rawEvent(one)]), [delivered]);
  assert.deepEqual(got, Array(2).fill('{"messageId":"m","big":12345678901234567890}\n'));
});
