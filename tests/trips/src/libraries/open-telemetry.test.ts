/** Metrics and spans, read through OpenTelemetry's own SDK. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { FakeDataPlane } from "@pintle/sdk/testing";
import { needPackages } from "../support/packages.ts";
import { copySources, installPacked } from "../support/packed.ts";
import { runProgram } from "../support/program.ts";
import { tempFolder } from "../support/temp-folder.ts";

test(
  "OpenTelemetry has the client's metrics, and no span of its requests",
  needPackages("tests/libraries"),
  async () => {
    await using plane = await FakeDataPlane.start();
    await using folder = await tempFolder("telemetry");
    await installPacked(folder.path, ["@opentelemetry"], "tests/libraries");
    await copySources("tests/libraries", folder.path);
    plane.script(503, 200);
    const output = await runProgram(process.execPath, [join(folder.path, "opentelemetry.mjs"), plane.url]);
    const { collected, seen } = JSON.parse(output.trim().split("\n").at(-1)!) as {
      collected: Readonly<Record<string, number>>;
      seen: readonly { name: string; url?: string }[];
    };

    const { "@pintle/sdk pintle.messages.pending.size By": bytes = 0, ...counts } = collected;
    assert.ok(bytes > 100 && bytes < 1000, `${bytes} bytes of one message`);
    assert.deepEqual(counts, {
      "@pintle/sdk pintle.messages.accepted {message}": 4,
      "@pintle/sdk pintle.messages.delivered {message}": 3,
      "@pintle/sdk pintle.messages.pending {message}": 1,
      "@pintle/sdk pintle.requests.active {request}": 0,
      "@pintle/sdk pintle.requests.retries {request}": 1,
      ...reasons("refused", {
        invalid: 1,
        too_large: 0,
        filtered: 0,
        before_send: 0,
        queue_full: 0,
        disabled: 0,
        closed: 0,
      }),
      ...reasons("dropped", { evicted: 0, rejected: 0, expired: 0, abandoned: 0 }),
      "@pintle/sdk pintle.request.duration s POST 503": 1,
      "@pintle/sdk pintle.request.duration s POST 200": 1,
    });

    assert.deepEqual(
      seen.filter(({ url }) => url !== undefined).map(({ url }) => url),
      [`${plane.url}/own`],
    );
    // Its requests do not carry the program's trace further, either.
    const events = plane.requests.filter(({ path }) => path === "/v1/batch");
    assert.deepEqual(
      events.map(({ headers }) => headers.traceparent),
      [undefined, undefined, undefined],
    );
    assert.ok(plane.requests.find(({ path }) => path === "/own")?.headers.traceparent, "the program's own does");
  },
);

test(
  "events have the ids of the span that is active where they are sent",
  needPackages("tests/libraries"),
  async () => {
    await using folder = await tempFolder("spans");
    await installPacked(folder.path, ["@opentelemetry"], "tests/libraries");
    await copySources("tests/libraries", folder.path);
    const output = await runProgram(process.execPath, [join(folder.path, "active-span.mjs")]);
    const { expected, found } = JSON.parse(output.trim()) as Record<"expected" | "found", readonly object[]>;
    assert.equal(found.length, 7);
    assert.deepEqual(found, expected);
    assert.equal(new Set(found.map((ids) => JSON.stringify(ids))).size, 3);
  },
);

function reasons(what: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([reason, count]) => [`@pintle/sdk pintle.messages.${what} {message} ${reason}`, count]),
  );
}
