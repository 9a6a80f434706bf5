import assert from "node:assert/strict";
import { test } from "node:test";
import type { Transform } from "../../model/transform.ts";
import { Answers } from "./answers.ts";
import type { Transformed } from "./event-transform.ts";
import { decodePieces, encodePieces, FrameReader, pieceKinds } from "./frames.ts";
import type { Job } from "./job.ts";
import { applyTransform, mostResultBytes, mostResults } from "./transform.ts";

const context = { source: { id: "shop", name: "Shop" }, destination: "hook" };
const json = JSON.stringify({ type: "track", event: "a", messageId: "m", properties: { x: 1 } });

/** What the router hears of it. */
async function apply(transform: Transform, text = json): Promise<Transformed> {
  const answers = new Answers([{ id: { source: "shop", messageId: "m" } } as Job]);
  let transformed: Transformed | undefined;
  await applyTransform(transform, text, context, (kind, piece) => {
    const [frame] = [
      ...new FrameReader(mostResultBytes + 100).read(encodePieces([{ kind: pieceKinds[kind], index: 0, text: piece }])),
    ];
    for (const each of decodePieces(frame!.content)) {
      const answer = answers.take(each);
      if (answer !== undefined && answer !== "done") ({ transformed } = answer);
    }
  });
  assert.ok(transformed !== undefined);
  return transformed;
}

test("an event that is changed, in place or as a copy, keeps its id", async () => {
  const changed = await apply((event) => {
    event.properties.x = 2;
    event.at = new Date(0);
    event.gone = undefined;
    return { ...event, messageId: "another" };
  });
  assert.ok(changed.kind === "deliver");
  assert.deepEqual(changed.events, [
    { type: "track", event: "a", messageId: "m", properties: { x: 2 }, at: "1970-01-01T00:00:00.000Z" },
  ]);
  assert.deepEqual(changed.sizes, [JSON.stringify({ ...changed.events[0], messageId: "another" }).length]);
});

test("whole numbers keep their digits, as bigints where they have many", async () => {
  const result = await apply((event) => {
    assert.equal(event.order, 12345678901234567890n);
    return { ...event, next: event.order + 1n };
  }, '{"type":"track","messageId":"m","order":12345678901234567890}');
  assert.ok(result.kind === "deliver");
  assert.deepEqual([result.events[0]?.order, result.events[0]?.next], [12345678901234567890n, 12345678901234567891n]);
});

test("it is told where the event came in, and may be asynchronous", async () => {
  const result = await apply(async (event, { source, destination }) => ({
    ...event,
    told: [source.name, destination],
  }));
  assert.ok(result.kind === "deliver");
  assert.deepEqual(result.events[0]?.told, ["Shop", "hook"]);
});

test("a list sends several events, with ids made of the first one's", async () => {
  const result = await apply((event) => [event, { ...event, event: "b" }, event]);
  assert.ok(result.kind === "deliver");
  assert.deepEqual(
    result.events.map(({ messageId, event }) => [messageId, event]),
    [
      ["m:0", "a"],
      ["m:1", "b"],
      ["m:2", "a"],
    ],
  );
  const one = await apply((event) => [event]);
  assert.ok(one.kind === "deliver" && one.events[0]?.messageId === "m:0");
});

test("null and an empty list filter", async () => {
  assert.deepEqual(await apply(() => null), { kind: "filtered", reason: "transformation" });
  assert.deepEqual(await apply(() => []), { kind: "filtered", reason: "transformation" });
});

const failures: [what: string, transform: Transform, detail: RegExp][] = [
  ["throws", () => assert.fail("no such field"), /^AssertionError: no such field/],
  ["rejects", () => Promise.reject(new RangeError("later")), /^RangeError: later/],
  [
    "throws no error",
    () => {
      throw "a text";
    },
    /^threw a text$/,
  ],
  ["gives nothing", (() => undefined) as never, /^TypeError: it gave nothing; it has to return an event, a list/],
  ["gives a text", (() => "event") as never, /it gave "event"/],
  ["gives a list that holds something else", (event) => [event, null as never], /it gave null/],
  ["gives a list of lists", (event) => [[event] as never], /it gave a list within a list/],
  ["gives what its toJSON makes a text", () => ({ type: "track", messageId: "m", toJSON: () => "text" }), /toJSON/],
  ["gives what its toJSON makes nothing", () => ({ type: "track", messageId: "m", toJSON() {} }), /toJSON/],
  ["gives an empty object", () => ({}) as never, /it gave an empty object;/],
  ["gives a Set", (event) => new Set([event]) as never, /it gave an object of the kind Set, which is empty as JSON/],
  [
    "is a generator",
    function* (event) {
      yield event;
    } as (event: unknown) => Generator as never,
    /of the kind Generator/,
  ],
  ["gives a Date", () => new Date(0) as never, /toJSON/],
  [
    "gives a list with a giant",
    (event) => [event, { ...event, x: "y".repeat(mostResultBytes) }],
    /16777216 are the most/,
  ],
  ["gives far too many", (event) => new Array(mostResults + 1).fill(event), /10001 events/],
  [
    "throws what cannot be shown",
    () => {
      throw { toString: () => assert.fail() };
    },
    /cannot be shown/,
  ],
  [
    "gives a circle",
    (event) => {
      event.self = event;
      return event;
    },
    /circular/,
  ],
];
for (const [what, transform, detail] of failures) {
  test(`an event for which it ${what} has failed, and it is said how`, async () => {
    const result = await apply(transform);
    assert.ok(result.kind === "dead", JSON.stringify(result));
    assert.match(result.detail, detail);
    assert.doesNotMatch(result.detail, /\n/);
  });
}
