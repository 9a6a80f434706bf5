import assert from "node:assert/strict";
import { test as plainTest } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { delivered } from "@pintle/kit";
import type { EventFilter } from "../../model/event-filter.ts";
import { FakeDestination } from "../testing/fake-destination.ts";
import { RouterHarness } from "../testing/router-harness.ts";
import { test } from "../testing/router-test.ts";
import { filterEvent } from "./filter.ts";

const names = { name: "hook", displayName: "Webhook" };

function result(fields: Record<string, unknown>, filter: EventFilter = {}): string {
  const event = { type: "track", messageId: "m", ...fields } as unknown as DeliveredEvent;
  const judged = filterEvent(event, { ...names, ...filter });
  return `${judged.result}${judged.malformed ? " malformed" : ""}`;
}

const cases: [integrations: unknown, expected: string][] = [
  [undefined, "deliver"],
  [null, "deliver"],
  [{}, "deliver"],
  [{ All: true }, "deliver"],
  [{ All: false }, "integrations"],
  [{ All: false, hook: true }, "deliver"],
  [{ All: false, hook: { option: 1 } }, "deliver"],
  [{ All: false, Webhook: true }, "deliver"],
  [{ All: false, Other: true }, "integrations"],
  [{ hook: false }, "integrations"],
  [{ Webhook: false }, "integrations"],
  [{ hook: true, Webhook: false }, "deliver"],
  [{ hook: false, Webhook: true }, "integrations"],
  [{ Hook: false }, "deliver"],
  [{ webhook: false }, "deliver"],
  [{ Other: false }, "deliver"],
  [{ hook: null }, "deliver"],
  [{ All: null }, "deliver"],
  [{ All: "false" }, "deliver malformed"],
  [{ All: {} }, "deliver malformed"],
  [{ All: 0, hook: false }, "integrations"],
  [{ hook: "no" }, "deliver malformed"],
  [{ hook: ["x"], All: false }, "integrations malformed"],
  [{ hook: 1, Webhook: false }, "integrations malformed"],
  // What the fluent helpers of RudderStack's Go SDK write: the same default, where there is no
  // `All`.
  [{ all: false }, "integrations"],
  [{ all: false, hook: true }, "deliver"],
  [{ all: true, hook: false }, "integrations"],
  [{ all: false, All: true }, "deliver"],
  [{ all: true, All: false }, "integrations"],
  [{ all: false, All: null }, "integrations"],
  [{ all: "no" }, "deliver malformed"],
  [{ ALL: false }, "deliver"],
  [{ All: 1e300 }, "deliver malformed"],
  ["All", "deliver malformed"],
  [["hook"], "deliver malformed"],
  [false, "deliver malformed"],
];

plainTest("a type is compared without capitals", () => {
  const tracks: EventFilter = { only: { types: ["track"], events: [] } };
  const signUps: EventFilter = { only: { types: [], events: ["Sign Up"] } };
  assert.equal(result({ type: "Track" }), "deliver");
  assert.equal(result({ type: "TRACK" }, tracks), "deliver");
  assert.equal(result({ type: "Identify" }, tracks), "only");
  assert.equal(result({ type: "IDENTIFY" }, { except: { types: ["identify"], events: [] } }), "except");
  assert.equal(result({ type: "Track", event: "Sign Up" }, signUps), "deliver");
  assert.equal(result({ type: "Track", integrations: { All: false } }), "integrations");
  assert.equal(result({ type: "Tracks" }, tracks), "type");
});

for (const [integrations, expected] of cases) {
  plainTest(`integrations ${JSON.stringify(integrations)}: ${expected}`, () => {
    assert.equal(result({ integrations }), expected);
  });
}

plainTest("names of the language's own are no integrations", () => {
  const judged = filterEvent({ type: "track", integrations: {} } as unknown as DeliveredEvent, {
    name: "constructor",
    displayName: "toString",
  });
  assert.deepEqual(judged, { result: "deliver", malformed: false });
});

plainTest("other names of the type count after its display name", () => {
  const of = (integrations: object) =>
    filterEvent({ type: "track", integrations } as unknown as DeliveredEvent, { ...names, names: ["WEBHOOK", "Hook"] });
  assert.equal(of({ WEBHOOK: false }).result, "integrations");
  assert.equal(of({ All: false, Hook: {} }).result, "deliver");
  assert.equal(of({ Hook: false, WEBHOOK: true }).result, "deliver");
  assert.equal(of({ Webhook: true, WEBHOOK: false }).result, "deliver");
  assert.deepEqual(of({ WEBHOOK: "no" }), { result: "deliver", malformed: true });
});

plainTest("types that are known pass, all others are dead", () => {
  for (const type of ["identify", "track", "page", "screen", "group", "alias", "merge"]) {
    assert.equal(result({ type }), "deliver");
  }
  for (const type of [undefined, null, "", "tracks", "shout", 7, ["track"]]) {
    assert.equal(result({ type, integrations: { All: false } }), "type");
  }
});

plainTest("a destination that is called all is meant by its name", () => {
  const event = { type: "track", integrations: { All: true, all: false } } as unknown as DeliveredEvent;
  assert.equal(filterEvent(event, { name: "all", displayName: "Webhook" }).result, "integrations");
});

const consentCases: [denied: unknown, and: string, or: string][] = [
  [undefined, "deliver", "deliver"],
  [null, "deliver", "deliver"],
  [[], "deliver", "deliver"],
  [["c"], "deliver", "deliver"],
  [["a"], "consent", "deliver"],
  [["c", "b"], "consent", "deliver"],
  [["b", "a"], "consent", "consent"],
  [["a", "b", "c", 7], "consent", "consent"],
  [["A", "B"], "deliver", "deliver"],
  ["a", "deliver", "deliver"],
  [{ a: true, b: true }, "deliver", "deliver"],
];

for (const [deniedConsentIds, and, or] of consentCases) {
  plainTest(`denied ${JSON.stringify(deniedConsentIds)} of a and b: ${and} by "and", ${or} by "or"`, () => {
    const fields = { context: { consentManagement: { deniedConsentIds, allowedConsentIds: ["a"] } } };
    const ids = ["a", "b"];
    assert.equal(result(fields, { consent: { ids, strategy: "and" } }), and);
    assert.equal(result(fields, { consent: { ids, strategy: "or" } }), or);
    assert.equal(result(fields), "deliver", "a destination that asks for no consent");
  });
}

plainTest("an event without consent management passes, whatever stands in its place", () => {
  const consent = { ids: ["a"], strategy: "and" } as const;
  for (const context of [undefined, null, "context", [], {}, { consentManagement: null }, { consentManagement: "a" }]) {
    assert.equal(result({ context }, { consent }), "deliver");
  }
});

plainTest("only and except select by type, and tracks by name, too", () => {
  const orders = { types: ["identify", "merge"], events: ["Order Completed"] };
  const selected = [{ type: "identify" }, { type: "merge" }, { event: "Order Completed" }];
  const others = [
    { type: "page", event: "Order Completed" },
    { type: "alias" },
    { event: "order completed" },
    { event: "Order" },
    { event: ["Order Completed"] },
    {},
  ];
  for (const event of selected) {
    assert.equal(result(event, { only: orders }), "deliver");
    assert.equal(result(event, { except: orders }), "except");
  }
  for (const event of others) {
    assert.equal(result(event, { only: orders }), "only");
    assert.equal(result(event, { except: orders }), "deliver");
  }
  const tracks = { types: ["track"], events: [] };
  assert.equal(result({ event: "Order Completed" }, { only: tracks, except: orders }), "except");
  assert.equal(result({ event: "Page Viewed" }, { only: tracks, except: orders }), "deliver");
});

plainTest("the first reason counts: type, integrations, consent, only, except", () => {
  const all = { types: ["track"], events: [] };
  const filter: EventFilter = {
    consent: { ids: ["a"], strategy: "and" },
    only: { types: ["page"], events: [] },
    except: all,
  };
  const event = { integrations: { All: false }, context: { consentManagement: { deniedConsentIds: ["a"] } } };
  assert.equal(result({ ...event, type: "shout" }, filter), "type");
  assert.equal(result(event, filter), "integrations");
  assert.equal(result({ ...event, integrations: { All: 0 } }, filter), "consent malformed");
  assert.equal(result({}, filter), "only");
  assert.equal(result({}, { ...filter, only: all }), "except");
});

test("each destination filters by its own rules, and counts by reason what it does not get", async () => {
  const ids: Record<"one" | "two", string[]> = { one: [], two: [] };
  const into = (name: "one" | "two") =>
    new FakeDestination((events) => {
      ids[name].push(...events.map(({ messageId }) => messageId));
      return events.map(() => delivered);
    });
  const [one, two] = [into("one"), into("two")];
  const harness = await RouterHarness.open({
    destinations: { one, two },
    filters: {
      one: { only: { types: ["identify"], events: ["Order Completed"] }, except: { types: [], events: ["Test"] } },
      two: { consent: { ids: ["ads"], strategy: "and" } },
    },
  });
  const denied = { context: { consentManagement: { deniedConsentIds: ["ads"] } } };
  await harness.accept([
    { messageId: "a", event: "Order Completed" },
    { messageId: "b", type: "identify", ...denied },
    { messageId: "c" },
    { messageId: "d", type: "page", ...denied, integrations: { one: false } },
    { messageId: "e", event: "Order Completed", ...denied },
  ]);
  assert.deepEqual(ids.one, ["a", "b", "e"]);
  assert.deepEqual(ids.two, ["a", "c"]);
  const [first, second] = [await harness.status("one"), await harness.status("two")];
  assert.deepEqual(first.filtered, { only: 1, integrations: 1 });
  assert.deepEqual(second.filtered, { consent: 3 });
  for (const { delivered: count, filtered, waiting } of [first, second]) {
    assert.equal(count + Object.values(filtered).reduce((sum, each) => sum + each, 0) + waiting, 5);
  }
  await harness.close();
});
