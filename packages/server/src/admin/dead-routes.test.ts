import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeadDecision } from "../router/dead/dead-letters.ts";
import type { DeadQuery } from "../router/dead/query.ts";
import { AdminRefusal } from "./admin-server.ts";
import { deadRoutes } from "./dead-routes.ts";

type Asked = readonly [id: string, query: DeadQuery, what: DeadDecision | number];

function routes(): { call: (path: string, how: object) => Promise<unknown>; asked: Asked[] } {
  const asked: Asked[] = [];
  const table = deadRoutes({
    destinations: () => [
      { id: "hook", name: "My hook", enabled: true },
      { id: "off", name: "off", enabled: false },
    ],
    hasLetters: async (id) => id === "gone",
    async list(id, query, limit) {
      asked.push([id, query, limit]);
      return { letters: [], counts: { expired: 1 } };
    },
    counts: async (ids) => Object.fromEntries(ids.map((id) => [id, { expired: 1 }])),
    show: async (id, letter) => (id === "hook" && letter === 4 ? ({ letter, reason: "expired" } as never) : null),
    async settle(id, query, decision) {
      asked.push([id, query, decision]);
      return {
        settled: 3,
        filtered: decision === "replayed" ? { consent: 2 } : {},
        left: query.id === "m" ? { type: 1 } : {},
      };
    },
  });
  return {
    asked,
    async call(path, how) {
      const route = table[path]!;
      return route.GET !== undefined
        ? route.GET!({ query: new URLSearchParams(how as Record<string, string>), body: undefined })
        : route.POST!({ query: new URLSearchParams(), body: how });
    },
  };
}

test("letters are listed of one destination, by name or id, or of all", async () => {
  const { call, asked } = routes();
  assert.deepEqual(await call("/dead", {}), {
    destinations: [
      { id: "hook", letters: [], counts: { expired: 1 } },
      { id: "off", letters: [], counts: { expired: 1 } },
    ],
  });
  await call("/dead", { destination: "My hook", reason: "expired", from: "1970-01-01T00:00:01Z", limit: "5" });
  await call("/dead", { destination: "gone", user: "u", id: "m", to: "1970-01-01T01:00:02+01:00" });
  assert.deepEqual(asked.slice(2), [
    ["hook", { reason: "expired", from: 1000 }, 5],
    ["gone", { user: "u", id: "m", to: 2000 }, 20],
  ]);
});

test("counts are told of all destinations", async () => {
  const { call } = routes();
  assert.deepEqual(await call("/dead/counts", {}), { hook: { expired: 1 }, off: { expired: 1 } });
});

test("a letter is shown by its destination and number", async () => {
  const { call } = routes();
  assert.deepEqual(await call("/dead/letter", { destination: "hook", letter: "4" }), {
    destination: "hook",
    letter: 4,
    reason: "expired",
  });
});

test("letters are replayed and purged; those of all destinations are replayed where that is possible", async () => {
  const { call, asked } = routes();
  assert.deepEqual(await call("/dead/purge", { destination: "off", letter: 7 }), { purged: { off: 3 } });
  assert.deepEqual(await call("/dead/replay", { all: true }), {
    replayed: { hook: 3 },
    filtered: { hook: { consent: 2 } },
  });
  assert.deepEqual(await call("/dead/replay", { destination: "hook", id: "m" }), {
    replayed: { hook: 3 },
    filtered: { hook: { consent: 2 } },
    left: { hook: { type: 1 } },
  });
  assert.deepEqual(asked, [
    ["off", { letters: [7] }, "purged"],
    ["hook", {}, "replayed"],
    ["hook", { id: "m" }, "replayed"],
  ]);
});

const refused: [path: string, how: object, status: number, message: RegExp][] = [
  ["/dead", { destination: "nobody" }, 404, /no destination is called "nobody"; there are hook, off/],
  ["/dead", { limit: "0" }, 400, /^limit: a whole number from 1 to 1000$/],
  ["/dead", { from: "yesterday" }, 400, /^from: a time is written as in RFC 3339/],
  ["/dead", { colour: "red" }, 400, /colour/],
  ["/dead/letter", { destination: "hook", letter: "5" }, 404, /there is no dead letter hook\/5/],
  ["/dead/letter", { destination: "hook" }, 400, /^letter: a whole number from 0 to 9007199254740991$/],
  ["/dead/letter", { destination: "hook", letter: "five" }, 400, /^letter: a whole number from 0 to/],
  ["/dead/replay", {}, 400, /say which letters/],
  ["/dead/replay", { all: false }, 400, /all/],
  ["/dead/replay", [], 400, /object/],
  ["/dead/purge", { letter: 1 }, 400, /the number of a letter needs its destination/],
  ["/dead/purge", { destination: "hook", letter: -1 }, 400, /letter/],
  ["/dead/replay", { destination: "off" }, 409, /nothing can be replayed to off: .* not enabled/],
  ["/dead/replay", { destination: "gone" }, 409, /nothing can be replayed to gone/],
];
for (const [path, how, status, message] of refused) {
  test(`${path} with ${JSON.stringify(how)} is refused with ${status}`, async () => {
    const { call, asked } = routes();
    await assert.rejects(call(path, how), (error) => {
      assert.ok(error instanceof AdminRefusal, String(error));
      assert.equal(error.status, status);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(asked, []);
  });
}
