import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { z } from "zod";
import { Emulator, type EmulatorOptions } from "./emulator.ts";
import { allFaults, Faults } from "./faults.ts";
import { seededRandom } from "./random.ts";
import { AnswerError, bearer, takesItems, type Vendor } from "./vendor.ts";

const item = z.strictObject({ id: z.string(), amount: z.number() });
const vendor: Vendor = {
  bytes: 200,
  authorize: (request) => bearer(request, "t"),
  routes: {
    "POST /lists/:list": takesItems({ item, key: ({ id }, { params }) => `${params.list}:${id}`, most: 3 }),
    "POST /whole": takesItems({ item, key: ({ id }) => id, whole: true }),
    "POST /lines": takesItems({ item, items: (request) => request.lines(), key: ({ id }) => id }),
    "POST /form": (request) => ({ status: 201, headers: { "x-id": "7" }, body: { name: request.form().get("name") } }),
    "GET /me": ({ query }) => {
      if (query.get("who") === null) throw new AnswerError({ status: 400, body: "who?" });
      return { body: { who: query.get("who") } };
    },
  },
};

const headers = { authorization: "Bearer t" };

async function posted(emulator: Emulator, path: string, body: unknown, more: Record<string, string> = {}) {
  const text = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  const answer = await fetch(`${emulator.url}${path}`, {
    method: "POST",
    headers: { ...headers, ...more },
    body: text as string,
  });
  return { status: answer.status, body: await answer.text() };
}

async function listening(options: EmulatorOptions, run: (emulator: Emulator) => Promise<void>): Promise<void> {
  await using emulator = await Emulator.listen(vendor, options);
  await run(emulator);
}

describe("an emulator", () => {
  test("takes what the vendor takes, once by its key, and says what it refuses", () =>
    listening({}, async (emulator) => {
      const good = { id: "a", amount: 1 };
      assert.deepEqual(await posted(emulator, "/lists/x", [good]), { status: 200, body: "" });
      const { status, body } = await posted(emulator, "/lists/x", [good, { id: "b", amount: "1" }, { id: "c" }]);
      assert.equal(status, 400);
      assert.match(body, /"position":1,"problem":"amount: /);
      assert.deepEqual([[...emulator.kept.keys()], emulator.repeats, emulator.refused.length], [["x:a"], 1, 2]);
      assert.deepEqual(emulator.kept.get("x:a"), { key: "x:a", item: good, path: "/lists/x" });
    }));

  test("keeps nothing of a request that is refused as a whole", () =>
    listening({}, async (emulator) => {
      assert.equal((await posted(emulator, "/whole", [{ id: "a", amount: 1 }, {}])).status, 400);
      assert.equal(emulator.kept.size, 0);
    }));

  test("refuses a wrong key, too many items, too much, what is no JSON, and what it does not know", () =>
    listening({}, async (emulator) => {
      const items = Array.from({ length: 4 }, (_, at) => ({ id: `${at}`, amount: 1 }));
      assert.equal((await posted(emulator, "/lists/x", [], { authorization: "Bearer T" })).status, 401);
      assert.match((await posted(emulator, "/lists/x", items)).body, /4 items, 3 at most/);
      assert.equal((await posted(emulator, "/whole", [{ id: "x".repeat(200), amount: 1 }])).status, 413);
      assert.match((await posted(emulator, "/whole", "{")).body, /no JSON/);
      assert.equal((await posted(emulator, "/lists", [])).status, 404);
      assert.equal((await posted(emulator, "/lists/x/y", [])).status, 404);
      assert.equal(emulator.kept.size, 0);
    }));

  test("reads forms, lines, queries and compressed bodies", () =>
    listening({}, async (emulator) => {
      assert.deepEqual(await posted(emulator, "/form", "name=%C3%84+b"), { status: 201, body: '{"name":"Ä b"}' });
      const lines = gzipSync('{"id":"a","amount":1}\n{"id":"b","amount":2}\n');
      assert.equal((await posted(emulator, "/lines", lines, { "content-encoding": "gzip" })).status, 200);
      assert.deepEqual([...emulator.kept.keys()], ["a", "b"]);
      assert.deepEqual(await (await fetch(`${emulator.url}/me?who=a`, { headers })).json(), { who: "a" });
      assert.equal((await fetch(`${emulator.url}/me`, { headers })).status, 400);
    }));
});

describe("a fault", () => {
  const one = [{ id: "a", amount: 1 }];
  const always = (kind: (typeof allFaults)[number]): EmulatorOptions => ({
    faults: { kinds: [kind], percent: 100, most: 1 },
  });

  for (const [kind, status] of [
    ["error", 500],
    ["unavailable", 503],
    ["limited", 429],
  ] as const) {
    test(`${kind} keeps nothing, and happens as often as it may`, () =>
      listening(always(kind), async (emulator) => {
        assert.equal((await posted(emulator, "/lists/x", one)).status, status);
        assert.equal(emulator.kept.size, 0);
        assert.equal((await posted(emulator, "/lists/x", one)).status, 200);
        assert.deepEqual([...emulator.faults], [[kind, 1]]);
      }));
  }

  test("cut keeps nothing, and lost everything, without an answer", async () => {
    for (const [kind, kept] of [
      ["cut", 0],
      ["lost", 1],
    ] as const) {
      await listening(always(kind), async (emulator) => {
        await assert.rejects(posted(emulator, "/lists/x", one));
        assert.equal(emulator.kept.size, kept);
      });
    }
  });

  test("hang gives no answer", () =>
    listening(always("hang"), async (emulator) => {
      const given = new AbortController();
      const answer = fetch(`${emulator.url}/lists/x`, { method: "POST", headers, body: "[]", signal: given.signal });
      await new Promise((resolve) => emulator.once("request", resolve));
      given.abort();
      await assert.rejects(answer, { name: "AbortError" });
    }));

  test("partial takes some items for now, and says of the others that they may come again", () =>
    listening({ ...always("partial"), seed: 2 }, async (emulator) => {
      const three = ["a", "b", "c"].map((id) => ({ id, amount: 1 }));
      const { status, body } = await posted(emulator, "/lists/x", three);
      const { refused } = JSON.parse(body) as { refused: { position: number; problem: string; later: boolean }[] };
      assert.deepEqual([status, refused.length + emulator.kept.size], [503, 3]);
      assert.ok(refused.length > 0 && refused.every(({ problem, later }) => problem === "busy" && later));
      assert.equal(emulator.refused.length, 0);
    }));
});

test("faults are the same for the same seed, each kind as often as it may, and then none", () => {
  const drawn = (seed: number) => {
    const faults = new Faults(seededRandom(seed), { percent: 50, most: 2 });
    return Array.from({ length: 200 }, () => faults.next());
  };
  assert.deepEqual(drawn(1), drawn(1));
  assert.notDeepEqual(drawn(1), drawn(2));
  for (const kind of allFaults) assert.equal(drawn(1).filter((each) => each === kind).length, 2, kind);
  assert.equal(drawn(1).at(-1), undefined);
});
