import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { FakeFileSystem } from "@pintle/log/testing";
import fc from "fast-check";
import {
  auth,
  cleanUp,
  delivered,
  openEngine,
  runGateway,
  send,
  type Teardown,
  temporaryFolder,
} from "./running-gateway.test.support.ts";

/*
 * `ok` means that the events are on disk. A kill proves nothing about that: the page cache survives
 * it. A file system that loses what was not synced does.
 */

const post = (name: string) => ({
  path: "/v1/track",
  headers: { authorization: auth },
  body: JSON.stringify({ userId: "u", event: name }),
});

const names = (events: readonly DeliveredEvent[]): unknown[] => events.map(({ event }) => event);

test("the answer does not leave before the sync has completed", async (t) => {
  const fs = new FakeFileSystem();
  const engine = await openEngine(t, { fs });
  const { send } = await runGateway(t, { engine });
  await send(post("first"));

  let release: () => void = () => {};
  const syncing = new Promise<void>((resolve) => {
    fs.interference = ({ kind }) => {
      if (kind !== "sync") return;
      resolve();
      return new Promise<void>((go) => {
        release = go;
      });
    };
  });
  let answered = false;
  const answer = send(post("second")).then((response) => {
    answered = true;
    return response;
  });
  await syncing;
  // A request that is answered at once goes there and back while the other waits.
  for (let k = 0; k < 3; k++) assert.equal((await send({ method: "GET", path: "/health" })).status, 200);
  assert.equal(answered, false);
  fs.interference = () => {};
  release();
  assert.equal((await answer).text, "ok");
});

test("after a power failure everything that got ok is there, and nothing that was never sent", async () => {
  const numbers = [fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 25 }), fc.nat()] as const;
  await fc.assert(
    fc.asyncProperty(...numbers, async (sent, survive, seed) => {
      const fs = new FakeFileSystem();
      const life = new Life();
      // Nothing closes the engine of this life: the power fails in the middle of its work.
      const { port } = await runGateway(life, { engine: await openEngine({ after() {} }, { fs }) });
      const acknowledged: string[] = [];
      let operations = 0;
      const failed = new Promise<void>((resolve) => {
        fs.interference = ({ kind }) => {
          if ((kind !== "sync" && kind !== "write") || operations++ < survive) return;
          fs.crash(seeded(seed));
          resolve();
        };
      });
      const requests = Array.from({ length: sent }, async (_, k) => {
        const response = await send(port, post(`event-${k}`)).catch(() => undefined);
        if (response?.text === "ok") acknowledged.push(`event-${k}`);
      });
      await Promise.race([failed, Promise.all(requests)]);
      await life.end();
      fs.interference = () => {};
      fs.crash(seeded(seed + 1));

      const next = new Life();
      const engine = await openEngine(next, { fs });
      const found = names(delivered(await engine.recordsFrom(0)));
      await next.end();
      assert.equal(new Set(found).size, found.length);
      for (const name of acknowledged) assert.ok(found.includes(name), `${name} got ok and is lost`);
      for (const name of found) assert.match(String(name), /^event-\d+$/);
    }),
    { numRuns: 60 },
  );
});

/** What a test does at its end, done when it says so. */
class Life implements Teardown {
  readonly #runs: (() => unknown)[] = [];

  after(run?: unknown): void {
    if (typeof run === "function") this.#runs.push(run as () => unknown);
  }

  async end(): Promise<void> {
    for (const run of this.#runs) await run();
  }
}

/** Random numbers that are the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("what got ok survives kill -9", async (t) => {
  const directory = await temporaryFolder(t);
  const child = fork(new URL("./durability.child.test.support.js", import.meta.url), [directory], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  cleanUp(t, () => child.kill("SIGKILL"));
  const [port] = (await once(child, "message")) as [number];
  const exited = once(child, "exit");
  const acknowledged: string[] = [];
  let sent = 0;
  const client = async (): Promise<void> => {
    for (;;) {
      const name = `event-${sent++}`;
      const response = await send(port, post(name)).catch(() => undefined);
      if (response === undefined) return;
      assert.equal(response.text, "ok");
      acknowledged.push(name);
      if (acknowledged.length === 200) child.kill("SIGKILL");
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  await exited;
  const engine = await openEngine(t, { directory });
  const found = new Set(names(delivered(await engine.recordsFrom(0))));
  assert.ok(acknowledged.length >= 200);
  for (const name of acknowledged) assert.ok(found.has(name), `${name} got ok and is lost`);
});
