/**
 * Every sample of the pages whose samples assert by themselves, or only have to compile, compiled
 * and run.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FakeDataPlane } from "@pintle/sdk/testing";
import { type CompiledSamples, compileSamples, readPage, samplesIn } from "./support/docs-sample.ts";

const pages = [
  "migrating.md",
  "observability.md",
  "testing.md",
  ...["events", "log", "kit", "destinations", "server"].map((name) => `../packages/${name}/README.md`),
];

for (const page of pages) {
  const samples = samplesIn(await readPage(page));

  describe(`docs/${page}`.replace("docs/../", ""), () => {
    let plane: FakeDataPlane;
    let compiled: CompiledSamples;

    before(async () => {
      plane = await FakeDataPlane.start({ writeKey: "wk_docs" });
      compiled = await compileSamples(samples);
    });

    after(async () => {
      await plane?.close();
      await compiled?.[Symbol.asyncDispose]();
    });

    test("has samples", () => assert.ok(samples.length > 0));

    for (const { name, line } of samples) {
      test(`line ${line}: ${name}`, async () => {
        const { code, output } = await compiled.run(name, { WRITE_KEY: "wk_docs", DATA_PLANE_URL: plane.url });
        assert.equal(code, 0, output);
      });
    }
  });
}
