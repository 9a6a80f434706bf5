import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerError } from "../errors.ts";
import { startOptions } from "./start-options.ts";

test("what is not said has a default", () => {
  assert.deepEqual(startOptions({}, "/srv"), {
    config: undefined,
    host: "127.0.0.1",
    port: 8080,
    adminPort: 8081,
    data: "/srv/pintle-data",
    wait: 0,
    drain: 0,
    trustedProxies: [],
    keepTime: undefined,
    keepSize: undefined,
    logLevel: "info",
    configTimeout: 30_000,
  });
});

test("times, amounts and lists are read", () => {
  const flags = { drain: "10s", "keep-time": "36h", "keep-size": "2.5GB", "trust-proxy": "10.0.0.0/8, ::1" };
  const { drain, keepTime, keepSize, trustedProxies } = startOptions(flags, "/");
  assert.deepEqual([drain, keepTime, keepSize], [10_000, 36 * 3_600_000, 2_500_000_000]);
  assert.deepEqual(trustedProxies, ["10.0.0.0/8", "::1"]);
});

const refused: ReadonlyArray<readonly [flag: string, value: string, message: RegExp]> = [
  ["drain", "10", /^--drain takes a time like 500ms, 30s or 5m, at most 1d, not "10"$/],
  ["wait", "2d", /^--wait takes a time/],
  ["keep-time", "30s", /^--keep-time takes a time from 1m to 3650d, not "30s"$/],
  ["keep-size", "50", /^--keep-size takes an amount of data of 1MB or more, like 50GB, not "50"$/],
  ["keep-size", "10KB", /^--keep-size/],
  ["trust-proxy", "10.0.0.1,proxy.local", /^--trust-proxy takes IP addresses and subnets .*, not "proxy\.local"$/],
  ["port", "80x", /^--port takes a port, 0 to 65535, not "80x"$/],
  ["log-level", "inform", /^--log-level takes one of .*, not "inform"/],
];

for (const [flag, value, message] of refused) {
  test(`--${flag} ${value} is refused`, () => {
    assert.throws(
      () => startOptions({ [flag]: value }, "/"),
      (error: unknown) => error instanceof ServerError && error.code === "PINTLE_USAGE" && message.test(error.message),
    );
  });
}
