import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ByteStore, Slice } from "../memory/byte-store.ts";
import { Finished } from "./finished.ts";
import {
  decodeAcknowledgements,
  decodeMessages,
  encodeAcknowledgements,
  encodeMessages,
  type MessagePlace,
  payloadOf,
} from "./record.ts";

class Message extends Slice {
  readonly lane: number;
  readonly time: number;

  constructor(lane: number, time: number) {
    super();
    this.lane = lane;
    this.time = time;
  }
}

const offset = fc.integer({ min: 0, max: 2 ** 53 - 1 });
const place: fc.Arbitrary<MessagePlace> = fc.record(
  { offset, index: fc.integer({ min: 0, max: 2 ** 32 - 1 }) },
  { noNullPrototype: true },
);
const message = fc.record({
  lane: fc.integer(),
  time: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  text: fc.string({ unit: "grapheme", maxLength: 40 }),
  origin: place,
  /** Something else is written before it. */
  isApart: fc.boolean(),
});

describe("records", () => {
  test("messages come back as they were written, wherever they lay in memory", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 30 }), fc.boolean(), (given, isMoved) => {
        const store = new ByteStore();
        const messages = given.map(({ lane, time, text, isApart }) => {
          if (isApart) store.write(new Slice(), "apart", 100);
          const each = new Message(lane, time);
          assert.ok(store.write(each, text, 10_000));
          return each;
        });
        const origins = given.map(({ origin }) => origin);
        const header = encodeMessages(messages, ({ time }) => time, isMoved ? origins : undefined);
        const decoded = decodeMessages(header, payloadOf(messages));
        assert.deepEqual(
          decoded?.map(({ bytes, ...rest }) => ({ ...rest, text: Buffer.from(bytes).toString() })),
          given.map(({ lane, time, text, origin }, index) => ({
            index,
            lane,
            acceptedAt: time,
            origin: isMoved ? origin : undefined,
            text,
          })),
        );
      }),
    );
  });

  test("neighbours in memory are not copied", () => {
    const store = new ByteStore();
    const messages = ["one", "two", "three"].map((text) => {
      const each = new Message(0, 0);
      store.write(each, text, 100);
      return each;
    });
    assert.equal(payloadOf(messages).buffer, messages[0]!.bytes.buffer);
    assert.equal(Buffer.from(payloadOf(messages)).toString(), "onetwothree");
  });

  test("acknowledgements come back as ranges of the same messages", () => {
    fc.assert(
      fc.property(offset, fc.array(fc.tuple(fc.nat(20), fc.nat(30))), (low, near) => {
        const places = near
          .map(([above, index]) => ({ offset: low + above, index }))
          .filter((each) => each.offset < 2 ** 53);
        const unique = [...new Map(places.map((each) => [`${each.offset} ${each.index}`, each])).values()];
        const { header, payload } = encodeAcknowledgements(low, unique);
        const decoded = decodeAcknowledgements(header, payload)!;
        assert.equal(decoded.low, low);
        const covered = decoded.ranges.flatMap(({ offset, first, count }) =>
          Array.from({ length: count }, (_, i) => `${offset} ${first + i}`),
        );
        assert.deepEqual(covered.sort(), unique.map(({ offset, index }) => `${offset} ${index}`).sort());
      }),
    );
  });

  test("a kind or a version that is not known is no record", () => {
    const { header, payload } = encodeAcknowledgements(1, []);
    assert.equal(decodeMessages(header, payload), undefined);
    assert.equal(decodeAcknowledgements(Uint8Array.of(2, 2, ...header.subarray(2)), payload), undefined);
    assert.equal(decodeMessages(Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0), payload), undefined);
    assert.equal(decodeMessages(new Uint8Array(0), payload), undefined);
  });
});

test("what is finished is everything below low, and what was told above it", () => {
  const acknowledgement = fc.record({
    low: fc.nat(20),
    ranges: fc.array(fc.record({ offset: fc.nat(25), first: fc.nat(3), count: fc.integer({ min: 1, max: 4 }) })),
  });
  fc.assert(
    fc.property(fc.array(acknowledgement), (all) => {
      const finished = new Finished();
      const model = new Set<string>();
      let low = 0;
      for (const each of all) {
        finished.apply(each);
        low = Math.max(low, each.low);
        for (const range of each.ranges) {
          for (let i = 0; i < range.count; i++) model.add(`${range.offset} ${range.first + i}`);
        }
      }
      assert.equal(finished.low, low);
      for (let at = 0; at < 30; at++) {
        for (let index = 0; index < 8; index++) {
          assert.equal(finished.has(at, index), at < low || model.has(`${at} ${index}`));
        }
      }
    }),
  );
});
