import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDestinationTypes } from "@pintle/destinations";
import { checkConfig } from "./check-config.ts";
import { defineConfig, type SourceConfig } from "./define-config.ts";
import { env } from "./env.ts";

const destinationTypes = await loadDestinationTypes();

// The compiler is the test of most of this: each `@ts-expect-error` is an error itself where there is none to expect.

const shop: SourceConfig<never> = { name: "shop", writeKey: env("KEY") };

test("takes every way in which a setting may be written, and what it takes passes the checks", () => {
  const config = defineConfig({
    sources: [
      {
        name: "shop",
        writeKey: ["a_write_key", env("KEY")],
        destinations: ["hook", "audit", "tables"],
        rateLimit: 100,
      },
    ],
    destinations: {
      hook: {
        type: "webhook",
        id: "h",
        url: env("HOOK_URL"),
        method: "PUT",
        headers: { authorization: env("TOKEN"), "x-plain": "yes" },
        timeout: "5s",
        maxAge: 60_000,
        from: "start",
        rateLimit: 50,
        transform: (event, { source }) =>
          event.type === "page" ? null : [event, { ...event, event: `${event.event} of ${source.name}` }],
        transformTimeout: "500ms",
        transformMemory: 64,
        only: { types: ["track", "merge"] },
        except: { events: ["Page Viewed"] },
        consent: { ids: ["marketing"], strategy: "or" },
      },
      audit: { type: "file", path: "./audit.jsonl", enabled: false },
      signed: {
        type: "webhook",
        url: "https://hook.example",
        signingKey: [env("SIGNING_KEY"), env("OLD_SIGNING_KEY")],
        batch: { bytes: "100KB" },
        gzip: true,
      },
      next: { type: "relay", url: "https://events.example", writeKey: env("KEY"), batch: { events: 1000 } },
      tables: {
        type: "postgres",
        url: "postgres://user:password@db/shop",
        tls: "off",
        jsonPaths: ["track.properties.cart"],
      },
    },
  });
  const key = `whsec_${"a".repeat(32)}`;
  const secrets = { TOKEN: "token", SIGNING_KEY: key, OLD_SIGNING_KEY: key };
  const environment = { KEY: "other_write_key", HOOK_URL: "https://hook.example", ...secrets };
  const { destinations } = checkConfig(config, { directory: "/srv", environment, types: destinationTypes });
  assert.deepEqual(
    destinations.map(({ id }) => id),
    ["h", "audit", "signed", "next", "tables"],
  );
});

test("the compiler refuses what the checks would", () => {
  const refused = [
    () =>
      defineConfig({
        // @ts-expect-error no destination is called "audti"
        sources: [{ name: "shop", writeKey: "k", destinations: ["audti"] }],
        destinations: { audit: { type: "file", path: "x" } },
      }),
    () =>
      defineConfig({
        // @ts-expect-error there are no destinations
        sources: [{ name: "shop", writeKey: "k", destinations: ["audit"] }],
      }),
    // @ts-expect-error an unknown key of a source
    () => defineConfig({ sources: [{ name: "shop", wrietKey: "k" }] }),
    // @ts-expect-error an unknown key
    () => defineConfig({ sources: [shop], destination: {} }),
    // @ts-expect-error an unknown type
    () => defineConfig({ sources: [shop], destinations: { hook: { type: "webhok", url: "https://x" } } }),
    // @ts-expect-error a setting that is missing
    () => defineConfig({ sources: [shop], destinations: { audit: { type: "file" } } }),
    // @ts-expect-error a setting of another type
    () => defineConfig({ sources: [shop], destinations: { audit: { type: "file", path: "x", method: "PUT" } } }),
    () =>
      defineConfig({
        sources: [shop],
        // @ts-expect-error no such type of message
        destinations: { audit: { type: "file", path: "x", only: { types: ["trak"] } } },
      }),
    () =>
      defineConfig({
        sources: [shop],
        // @ts-expect-error no such strategy
        destinations: { audit: { type: "file", path: "x", consent: { ids: ["a"], strategy: "any" } } },
      }),
    () =>
      defineConfig({
        sources: [shop],
        // @ts-expect-error no function
        destinations: { audit: { type: "file", path: "x", transform: "drop" } },
      }),
    // @ts-expect-error a value that is not allowed
    () => defineConfig({ sources: [shop], destinations: { h: { type: "webhook", url: "https://x", method: "HEAD" } } }),
  ];
  for (const define of refused) {
    assert.throws(() =>
      checkConfig(define(), { directory: "/srv", environment: { KEY: "key" }, types: destinationTypes }),
    );
  }
});
