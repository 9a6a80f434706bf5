import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Answers } from "./answers.ts";
import {
  decodePieces,
  decodeTexts,
  encodeFrame,
  encodePieces,
  encodeTexts,
  type Frame,
  FrameReader,
  type Piece,
  pieceKinds,
} from "./frames.ts";
import type { Job } from "./job.ts";
import { mostResultBytes } from "./transform.ts";

const jobs = (...ids: string[]) => ids.map((messageId) => ({ id: { source: "s", messageId }, json: "{}" }) as Job);
const item = (index: number, text: string): Piece => ({ kind: pieceKinds.item, index, text });

test("frames that arrive in whatever pieces are the same frames", () => {
  const frame = fc.record({ kind: fc.integer({ min: 0, max: 255 }), content: fc.uint8Array({ maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (frames, cuts) => {
      const all = Buffer.concat(frames.map(({ kind, content }) => encodeFrame(kind, content)));
      const reader = new FrameReader(41);
      const read: Frame[] = [];
      for (let at = 0, cut = 0; at < all.length; cut++) {
        const end = at + cuts[cut % cuts.length]!;
        read.push(...reader.read(all.subarray(at, end)));
        at = end;
      }
      assert.deepEqual(
        read.map(({ kind, content }) => [kind, [...content]]),
        frames.map(({ kind, content }) => [kind, [...content]]),
      );
    }),
  );
});

test("a frame that is too large, or has no kind, is refused before it is there", () => {
  for (const length of [0, 42, 0xffff_ffff])
    assert.throws(() => [...new FrameReader(41).read(Buffer.from(Uint32Array.of(length).buffer))], RangeError);
});

test("texts are the same again, and bytes that are none are refused", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 });
  fc.assert(
    fc.property(fc.array(text), fc.uint8Array({ maxLength: 60 }), (texts, noise) => {
      const [frame] = [...new FrameReader(1 << 20).read(encodeFrame(1, ...encodeTexts(texts)))];
      assert.deepEqual(decodeTexts(frame!.content), texts);
      try {
        decodePieces(Buffer.from(noise));
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    }),
  );
  const piece: Piece = { kind: 1, index: 7, text: "{}" };
  const [frame] = [...new FrameReader(1 << 20).read(encodePieces([piece, piece]))];
  assert.deepEqual(decodePieces(frame!.content), [piece, piece]);
});

test("whatever comes, each event is answered once and in turn, by events alone, or it is an error", () => {
  const piece = fc.record({
    kind: fc.integer({ min: 0, max: 7 }),
    index: fc.integer({ min: 0, max: 3 }),
    text: fc.oneof(fc.json(), fc.constant('{"a":1}'), fc.constantFrom("1", "2"), fc.string()),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const batch = jobs("a", "b", "c");
      const answers = new Answers(batch);
      const answered: Job[] = [];
      try {
        for (const each of pieces) {
          const answer = answers.take(each);
          if (answer === "done") break;
          if (answer === undefined) continue;
          answered.push(answer.job);
          if (answer.transformed.kind !== "deliver") continue;
          assert.ok(answer.transformed.events.length > 0);
          for (const event of answer.transformed.events) {
            assert.ok(typeof event === "object" && event !== null && !Array.isArray(event));
            assert.ok(event.messageId.startsWith(answer.job.id.messageId));
          }
        }
      } catch (error) {
        if (!(error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError)) throw error;
      }
      assert.deepEqual(answered, batch.slice(0, answered.length));
    }),
    { numRuns: 1000 },
  );
});

test("one event becomes only so much", () => {
  const answers = new Answers(jobs("a"));
  const large = JSON.stringify({ text: "y".repeat(mostResultBytes - 20) });
  for (let at = 0; at < 8; at++) assert.equal(answers.take(item(0, large)), undefined);
  assert.throws(() => answers.take(item(0, large)), /more than 134217728 bytes/);

  const many = new Answers(jobs("x".repeat(1 << 20)));
  for (let at = 0; at < 3; at++) many.take(item(0, "{}"));
  assert.throws(() => many.take(item(0, "{}")), /long messageId/);
});

test("an empty list, and one that is not complete, are no answers", () => {
  for (const items of [0, 2]) {
    const answers = new Answers(jobs("a"));
    if (items > 0) answers.take(item(0, "{}"));
    assert.throws(() => answers.take({ kind: pieceKinds.end, index: 0, text: `${items}` }), /not complete/);
  }
});
