/** From a plan in JSON Schema, by `pintle types`, to a client whose compiler knows it. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { compileSamples } from "./support/docs-sample.ts";
import { runProgram } from "./support/program.ts";
import { tempFolder } from "./support/temp-folder.ts";

const pintle = fileURLToPath(new URL("../bin/pintle.js", import.meta.resolve("pintle")));

const plan = {
  "Order Completed": {
    type: "object",
    properties: {
      orderId: { type: "string" },
      revenue: { type: "number" },
      at: { type: "string", format: "date-time" },
      products: { type: "array", items: { $ref: "#/$defs/product" } },
    },
    required: ["orderId", "revenue"],
  },
  "Signed Up": { type: "object", properties: { plan: { enum: ["Free", "Pro"] } } },
  $defs: { product: { type: "object", properties: { sku: { type: "string" } }, required: ["sku"] } },
};

const program = `
import { TestPintle } from "@pintle/sdk/testing";

const client = new TestPintle<ShopPlan>();
const products = [{ sku: "s-1" }];
client.track({ userId: "1", event: "Order Completed", properties: { orderId: "o-1", revenue: 5, at: new Date(0), products } });
client.track({ userId: "1", event: "Signed Up" });
// @ts-expect-error: there is no such event
client.track({ userId: "1", event: "Signed up" });
// @ts-expect-error: a property is missing
client.track({ userId: "1", event: "Order Completed", properties: { orderId: "o-1" } });
// @ts-expect-error: deep inside
client.track({ userId: "1", event: "Order Completed", properties: { orderId: "o-1", revenue: 5, products: [{ sku: 5 }] } });
// @ts-expect-error: a misspelt property
client.track({ userId: "1", event: "Signed Up", properties: { plna: "Free" } });
client.assertSent({ event: "Order Completed", properties: { at: new Date(0), products } });
`;

test("pintle types makes a plan that the SDK's types hold programs to", async () => {
  await using folder = await tempFolder("plan");
  await writeFile(join(folder.path, "plan.json"), JSON.stringify(plan));
  const types = await runProgram(process.execPath, [pintle, "types", "plan.json", "--name", "ShopPlan"], {
    cwd: folder.path,
  });
  await using compiled = await compileSamples([{ name: "plan", code: types + program }]);
  const { code, output } = await compiled.run("plan", {});
  assert.equal(code, 0, output);
});
