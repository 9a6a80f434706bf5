import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.ts";
import { redactor } from "./redactor.ts";

function logged(options: Parameters<typeof createLogger>[0], use: (logger: ReturnType<typeof createLogger>) => void) {
  const lines: string[] = [];
  use(createLogger({ ...options, write: (line) => void lines.push(line) }));
  return lines;
}

test("writes one line of JSON for each entry, level and time included", () => {
  const [line = "", ...more] = logged({}, (logger) =>
    logger.warn({ destination: "hook", err: new Error("no\nway") }, "it\nfailed"),
  );
  assert.deepEqual(more, []);
  assert.equal(line.indexOf("\n"), line.length - 1);
  const entry = JSON.parse(line);
  assert.equal(entry.level, "warn");
  assert.equal(entry.msg, "it\nfailed");
  assert.equal(entry.destination, "hook");
  assert.equal(entry.err.message, "no\nway");
  assert.equal(typeof entry.time, "number");
});

test("says what a cause says once, and no cause of its own for ever", () => {
  const messageOf = (error: Error) =>
    JSON.parse(logged({}, (logger) => logger.error({ err: error }, "x"))[0]!).err.message;
  const full = new Error("ENOSPC: no space left");
  const log = new Error("nothing can be appended: ENOSPC: no space left. Retry later.", { cause: full });
  assert.equal(messageOf(new Error(`not stored: ${log.message}`, { cause: log })), `not stored: ${log.message}`);
  assert.equal(messageOf(new Error("not stored", { cause: full })), "not stored: ENOSPC: no space left");
  const own = new Error("own");
  own.cause = own;
  assert.equal(messageOf(own), "own");
});

test("writes readable lines for people", () => {
  const [line] = logged({ readable: true }, (logger) =>
    logger.error({ destination: "hook", attempts: 3, err: new Error("refused") }, "delivery failed"),
  );
  assert.match(line ?? "", /^\d\d:\d\d:\d\d error: delivery failed \(refused\) destination=hook attempts=3\n$/);
});

test("drops what is below its level", () => {
  const use = (logger: ReturnType<typeof createLogger>) => {
    logger.debug("a");
    logger.info("b");
    logger.warn("c");
    logger.error("d");
  };
  assert.deepEqual(
    (["debug", "info", "warn", "error", "silent"] as const).map((level) => logged({ level }, use).length),
    [4, 3, 2, 1, 0],
  );
});

test("hides secrets in messages, fields and errors", () => {
  for (const readable of [false, true]) {
    const redact = redactor(["wk_secret"]);
    const [line = ""] = logged({ readable, redact }, (logger) =>
      logger.error({ key: "wk_secret", err: new Error("401 for wk_secret") }, "bad wk_secret"),
    );
    assert.ok(line.includes("[redacted]"));
    assert.ok(!line.includes("wk_secret"), line);
  }
});
