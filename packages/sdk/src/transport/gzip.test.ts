import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { gzipNode } from "./gzip-node.ts";
import { gzipWeb } from "./gzip-web.ts";

for (const [name, gzip] of Object.entries({ gzipNode, gzipWeb })) {
  test(`${name}: any bytes come back`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (bytes) => {
        assert.deepEqual(new Uint8Array(gunzipSync(await gzip(bytes))), bytes);
      }),
      { numRuns: 30 },
    );
  });

  test(`${name}: makes a batch smaller, in parallel`, async () => {
    const batch = new TextEncoder().encode(
      JSON.stringify(Array(100).fill({ type: "track", event: "Order Completed" })),
    );
    for (const zipped of await Promise.all([gzip(batch), gzip(batch), gzip(batch)])) {
      assert.ok(zipped.byteLength < batch.byteLength / 5);
    }
  });
}
