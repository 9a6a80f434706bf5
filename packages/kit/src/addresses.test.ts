import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { defineDestination } from "./define-destination.ts";
import type { HttpRequest } from "./http-request.ts";

const common = { type: "test", displayName: "Test", description: "a test" };
const regions = { us: "https://api.example/v1/", eu: "https://eu.api.example/v1" };

/** The URL that is asked with these settings. */
async function urlWith(addresses: string | typeof regions, given: object): Promise<string | undefined> {
  const sent: HttpRequest[] = [];
  const type = defineDestination<object>({
    ...common,
    settings: {},
    addresses,
    requests: (_events, _settings, { base }) => [{ method: "POST", url: `${base}/track`, headers: {} }],
  });
  const sender = {
    send: async (request: HttpRequest) => {
      sent.push(request);
      return { status: 200, headers: {}, body: "" };
    },
    close: async () => {},
  };
  const tools = { directory: "/", now: () => 0, userAgent: "", sender };
  const connection = await type.open(type.settings.parse(given), tools);
  await connection.deliver([{ messageId: "a" } as never]);
  return sent[0]?.url;
}

test("an endpoint replaces the address, which is else that of the region, or the first", async () => {
  assert.equal(await urlWith("https://one.example/", {}), "https://one.example/track");
  assert.equal(
    await urlWith("https://one.example", { endpoint: "http://proxy:8080/x//" }),
    "http://proxy:8080/x/track",
  );
  assert.equal(await urlWith(regions, {}), "https://api.example/v1/track");
  assert.equal(await urlWith(regions, { region: "eu" }), "https://eu.api.example/v1/track");
  assert.equal(await urlWith(regions, { endpoint: "http://proxy" }), "http://proxy/track");
});

test("a region that there is not, and one beside an endpoint, are refused", () => {
  const { settings } = defineDestination<object>({ ...common, settings: {}, addresses: regions, requests: () => [] });
  const problemOf = (given: object) => settings.safeParse(given).error?.issues[0]?.path.join(".");
  assert.equal(problemOf({ region: "eu" }), undefined);
  assert.equal(problemOf({ region: "mars" }), "region");
  assert.equal(problemOf({ region: "eu", endpoint: "http://proxy" }), "region");
  for (const endpoint of ["ftp://x", "http://u:p@x", "http://x?a=1", "x"]) {
    assert.equal(problemOf({ endpoint }), "endpoint", endpoint);
  }
  const one = defineDestination<object>({ ...common, settings: {}, addresses: "https://x", requests: () => [] });
  assert.equal(one.settings.safeParse({ region: "eu" }).success, false);
});

test("a type with addresses has no setting of its own in their place", () => {
  const settings = { endpoint: z.string().describe("where to") };
  assert.throws(
    () => defineDestination({ ...common, settings, addresses: "https://x", requests: () => [] }),
    /setting "endpoint" of the destination type "test" is made of its addresses/,
  );
});
