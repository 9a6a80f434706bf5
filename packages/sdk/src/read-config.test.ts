import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { ConfigError, Pintle } from "./index.ts";
import { resolveConfig } from "./read-config.ts";
import { checkDurable } from "./store/durable/durable-options.ts";

const key = "wk_test";
const url = "https://data.example.com";

/** What the constructor throws; fails where it throws nothing. */
function thrown(...args: readonly unknown[]): ConfigError {
  try {
    new Pintle(...(args as [string, string]));
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  return assert.fail(`taken: ${JSON.stringify(args)}`);
}

describe("configuration of a client", () => {
  test("every option has its default", () => {
    const { writeKey, logger, ...rest } = resolveConfig(key, url);
    assert.equal(writeKey, key);
    assert.equal(logger, console);
    const plain = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    assert.deepEqual(plain, {
      url,
      interval: 5_000,
      batchSize: 250,
      maxBatchBytes: 512_000,
      maxMessageBytes: 32_768,
      maxQueueBytes: 67_108_864,
      overflow: "drop-newest",
      gzip: true,
      timeout: 10_000,
      maxAge: 3_600_000,
      concurrency: 4,
      strict: false,
      verbose: false,
      nodeAware: true,
      enabled: true,
      enrichTimeout: 5_000,
      exitTimeout: 2_000,
    });
  });

  test("the page for users names every option, with its default", async () => {
    const page = await readFile(new URL("../../../docs/sdk.md", import.meta.url), "utf8");
    const [, section = ""] = page.split("\n## Options\n");
    const [table = ""] = section.split("\n## ");
    const rows = table.matchAll(/^\| `(\w+)` +\| (?:`([^`]+)`)?/gm);
    const told = new Map([...rows].map(([, option, value]) => [option ?? "", value]));
    const allowed = thrown(key, url, { noSuchOption: 1 }).allowed.replace("one of ", "").split(", ");
    assert.deepEqual([...told.keys()].sort(), allowed.sort());
    const settings = resolveConfig(key, url) as unknown as Readonly<Record<string, unknown>>;
    for (const [option, value] of told) {
      if (value === undefined || value === "console") continue;
      const expected =
        option === "maxAge"
          ? resolveConfig(key, url, { maxAge: value.replaceAll('"', "") }).maxAge
          : JSON.parse(value.replaceAll("_", ""));
      assert.equal(settings[option], expected, option);
    }
  });

  test("durations are milliseconds or texts with a unit", () => {
    for (const [interval, expected] of [
      [0, 0],
      ["250ms", 250],
      ["30s", 30_000],
      ["5m", 300_000],
      ["1h", 3_600_000],
      ["7d", 604_800_000],
    ] as const) {
      assert.equal(resolveConfig(key, url, { interval }).interval, expected);
    }
  });

  test("an address may be a URL object, of any realm, and end as a sample of the HTTP API does", () => {
    const addresses: readonly (readonly [given: unknown, url: string])[] = [
      [new URL("https://data.example.com"), "https://data.example.com"],
      [runInNewContext("new URL('https://data.example.com/p/')", { URL }), "https://data.example.com/p"],
      ["https://data.example.com/v1/batch", "https://data.example.com"],
      ["https://data.example.com/v1/batch/", "https://data.example.com"],
      ["https://data.example.com//v1/batch//", "https://data.example.com"],
      ["https://data.example.com/proxy/v1/batch", "https://data.example.com/proxy"],
      [new URL("https://data.example.com/v1/batch"), "https://data.example.com"],
      // These are paths of somebody's own.
      ["https://data.example.com/v1/batches", "https://data.example.com/v1/batches"],
      ["https://data.example.com/v1", "https://data.example.com/v1"],
    ];
    for (const [given, expected] of addresses) assert.equal(resolveConfig(key, given).url, expected, String(given));
  });

  test("slashes at the end of the URL are harmless, and a path stays", () => {
    assert.equal(resolveConfig(key, "https://data.example.com/").url, url);
    assert.equal(resolveConfig(key, "http://localhost:8080/pintle//").url, "http://localhost:8080/pintle");
  });

  test("limits are allowed, and what is beyond them is not", () => {
    for (const [option, least, most] of [
      ["batchSize", 1, 20_000],
      ["maxBatchBytes", 64, 4_000_000],
      ["concurrency", 1, 256],
      ["timeout", 1, 604_800_000],
    ] as const) {
      resolveConfig(key, url, { [option]: least });
      resolveConfig(key, url, { [option]: most });
      for (const value of [least - 1, most + 1, Number.NaN, "many"]) {
        const error = thrown(key, url, { [option]: value });
        assert.deepEqual([error.option, error.value], [option, value]);
      }
    }
  });

  test("an error names the option, shows the value, and says what is allowed", () => {
    const error = thrown(key, url, { overflow: "block" });
    assert.equal(error.name, "ConfigError");
    assert.equal(error.code, "PINTLE_OPTION_INVALID");
    assert.equal(error.retryable, false);
    assert.equal(error.message, 'overflow is "block", allowed is "drop-newest" or "drop-oldest"; correct the option');
    assert.match(
      thrown(key, url, { flushAt: 20 }).message,
      /^flushAt is no option, allowed is one of interval, batchSize/,
    );
    assert.match(thrown(key, "data.example.com").message, /^dataPlaneUrl is a string of 16 char.*, allowed is an http/);
    assert.match(thrown(key, "localhost:8080").message, /^dataPlaneUrl is an address without http/);
    assert.match(thrown(key, url, { logger: { warn() {} } }).message, /^logger is .*debug, info, warn, error/);
    assert.match(thrown(key, url, { plan: { Paid: {} } }).message, /^plan\["Paid"\] is .*Standard Schema/);
  });

  test("secrets are in no error: not a write key, not what stands before the host of a URL", () => {
    const shown = (error: ConfigError): string => `${error.message} ${String(error.value)} ${error.stack}`;
    assert.doesNotMatch(shown(thrown("secret key", url)), /secret/);
    assert.doesNotMatch(shown(thrown("secret:key", url)), /secret/);
    for (const host of ["data.example.com", "data.example.com:port"]) {
      assert.doesNotMatch(shown(thrown(key, `https://secret:hunter2@${host}`)), /secret|hunter2/);
    }
    assert.match(thrown("", url).message, /^writeKey is empty/);
    assert.match(thrown(undefined, url).message, /^writeKey is missing/);
  });

  test("nothing that stands in the place of a key is shown, and the order of the arguments is", () => {
    const secret = "wk_hunter2";
    const given: unknown[][] = [
      [{ writeKey: secret, host: url }],
      [{ writeKey: secret, dataPlaneUrl: url }, url],
      [[secret, url]],
      [undefined, secret],
      [null, secret],
      [url, secret],
      ["data.example.com", secret],
      ["data.example.com", `${secret}:`],
      [`${secret} `, url],
      [`Basic ${secret}`, url],
      [key, `https://data.example.com/?writeKey=${secret}`],
      [key, `https://data.example.com/#${secret}`],
      [key, `https://${secret}:@data.example.com`],
      [key, `${secret}:@data.example.com`],
      [key, { url, writeKey: secret }],
      [key, url, secret],
      [key, url, [secret]],
    ];
    for (const each of given) {
      const error = thrown(...each);
      const shown = inspect(error);
      assert.ok(!shown.includes(secret), shown);
      assert.match(shown, /the arguments are writeKey, dataPlaneUrl, config/);
    }
    assert.match(thrown(url, secret).message, /^writeKey is a URL/);
    assert.ok(!inspect(thrown(key, url, { writeKey: secret })).includes(secret));
    assert.ok(!inspect(thrown(key, url, { apiKey: secret })).includes(secret));
  });

  test("what throws when it is read is a wrong option", () => {
    const throwing = {
      get interval(): number {
        throw new Error("mine");
      },
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const config of [throwing, proxy, { plan: { Paid: proxy } }]) {
      assert.equal(thrown(key, url, config).code, "PINTLE_OPTION_INVALID");
    }
  });

  test("a message has to fit into a request and into the queue", () => {
    assert.equal(resolveConfig(key, url, { maxBatchBytes: 1_000 }).maxMessageBytes, 988, "less the envelope");
    assert.equal(resolveConfig(key, url, { maxQueueBytes: 500 }).maxMessageBytes, 500);
    assert.equal(thrown(key, url, { maxBatchBytes: 1_000, maxMessageBytes: 989 }).option, "maxMessageBytes");
  });

  test("whatever is given, ConfigError is thrown and nothing else", () => {
    const options = Object.keys(resolveConfig(key, url)).filter((option) => option !== "writeKey" && option !== "url");
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(key), fc.anything()),
        fc.oneof(fc.constant(url), fc.webUrl(), fc.anything()),
        fc.oneof(
          fc.dictionary(fc.constantFrom(...options), fc.anything({ withBigInt: true, withDate: true, withSet: true })),
          fc.anything(),
        ),
        (writeKey, dataPlaneUrl, config) => {
          try {
            resolveConfig(writeKey, dataPlaneUrl, config, checkDurable);
          } catch (error) {
            assert.ok(error instanceof ConfigError, String(error));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
