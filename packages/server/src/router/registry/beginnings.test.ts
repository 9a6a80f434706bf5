import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EmbeddedEngine } from "../../engine/embedded/embedded-engine.ts";
import type { PartitionRange } from "../../engine/engine.ts";
import { createLogger } from "../../logger.ts";
import type { Destination } from "../../model/destination.ts";
import { registerNew } from "./beginnings.ts";
import { DestinationRegistry } from "./destination-registry.ts";

const logger = createLogger({ level: "silent" });

function destination(id: string, more: Partial<Destination> = {}): Destination {
  return { id, name: id, type: "webhook", enabled: true, settings: {}, ...more };
}

test("a destination that is new gets its place in the log without a router, once, and all begin at the beginning at the first start", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "pintle-beginnings-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const open = () => new EmbeddedEngine({ directory, owns: () => true, logger });
  const withRegistry = async <Result>(
    work: (registry: DestinationRegistry) => Promise<Result> | Result,
  ): Promise<Result> => {
    const engine = open();
    try {
      return await work(await DestinationRegistry.open(engine));
    } finally {
      await engine.close();
    }
  };
  const known = (...ids: string[]) => withRegistry((registry) => ids.map((id) => registry.beginningOf(id, 0)));

  const register = (destinations: readonly Destination[], ranges: readonly PartitionRange[]) =>
    withRegistry((registry) => registerNew(registry, destinations, ranges));

  await register([destination("a")], [{ start: 0, end: 5 }]);
  assert.deepEqual(await known("a"), [0], "at the first start all begin at the beginning");
  const all = [
    destination("a"),
    destination("new"),
    destination("whole", { settings: { from: "start" } }),
    destination("off", { enabled: false }),
  ];
  await register(all, [{ start: 3, end: 9 }]);
  assert.deepEqual(await known("a", "new", "whole", "off"), [0, 9, 3, undefined]);
  await register(all, [{ start: 4, end: 20 }]);
  assert.deepEqual(await known("a", "new", "whole", "off"), [0, 9, 3, undefined], "again, it changes nothing");
});
