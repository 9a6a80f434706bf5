import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerError } from "../errors.ts";
import { type Command, parseCommandLine } from "./command.ts";

const run = async () => 0;
const flags = {
  port: { value: "PORT", description: "where events come in" },
  "admin-port": { value: "PORT", description: "where it tells its status" },
};
const start: Command = { name: "start", summary: "Starts it.", arguments: [], flags, run };
const inspect: Command = { name: "log inspect", summary: "Lists a log.", arguments: ["DIR"], flags: {}, run };
const verify: Command = { name: "log verify", summary: "Verifies a log.", arguments: ["DIR"], flags: {}, run };
const check: Command = {
  name: "check",
  summary: "Checks.",
  arguments: [],
  flags: { send: { description: "sends" }, config: { value: "FILE", description: "what is checked" } },
  run,
};
const commands = [start, inspect, verify, check];

const runs: [line: string, command: Command, flags: Record<string, string>, ...words: string[]][] = [
  ["start", start, {}],
  ["start --port 1 --admin-port=2", start, { port: "1", "admin-port": "2" }],
  ["start --port 1 --port 2", start, { port: "2" }],
  ["check --send --config x", check, { send: "true", config: "x" }],
  ["check --config x", check, { config: "x" }],
  ["log inspect ./data", inspect, {}, "./data"],
  ["log verify -- --data", verify, {}, "--data"],
];

for (const [line, command, flags, ...words] of runs) {
  test(`pintle ${line}`, () => {
    const parsed = parseCommandLine(line.split(" "), commands);
    assert.deepEqual(parsed, { kind: "run", command, call: { flags, lists: {}, arguments: words } });
  });
}

const asked: [line: string, kind: "help" | "version", command?: Command][] = [
  ["", "help"],
  ["--help", "help"],
  ["-h", "help"],
  ["help", "help"],
  ["--version", "version"],
  ["start --help", "help", start],
  ["start --port 1 -h", "help", start],
  ["log verify --help", "help", verify],
  ["help log verify", "help", verify],
  ["--help start", "help", start],
  ["start --prot 1 --help", "help", start],
];

for (const [line, kind, command] of asked) {
  test(`pintle ${line}`, () => {
    const parsed = parseCommandLine(line === "" ? [] : line.split(" "), commands);
    assert.deepEqual(parsed, command === undefined ? { kind } : { kind, command });
  });
}

for (const line of ["log --help", "help log", "log -h", "-h log"]) {
  test(`pintle ${line}`, () => {
    assert.deepEqual(parseCommandLine(line.split(" "), commands), { kind: "help", group: "log" });
  });
}

const refused: [line: string, message: string][] = [
  ["strat", 'unknown command "strat"; did you mean "start"? (see: pintle --help)'],
  ["replay", 'unknown command "replay" (see: pintle --help)'],
  ["--port 1", "unknown flag --port; flags come after the command: pintle start --port (see: pintle --help)"],
  ["--prot 1", "unknown flag --prot (see: pintle --help)"],
  ["help strat", 'unknown command "strat"; did you mean "start"? (see: pintle --help)'],
  ["help log verfy", 'pintle log has no command "verfy"; did you mean "log verify"?'],
  ["log", "pintle log is not a whole command; there are: log inspect, log verify"],
  ["log verfy x", 'pintle log has no command "verfy"; did you mean "log verify"?'],
  ["log anything x", 'pintle log has no command "anything"; there are: log inspect, log verify'],
  ["start --prot 1", "unknown flag --prot; did you mean --port? (see: pintle start --help)"],
  ["start --constructor 1", "unknown flag --constructor (see: pintle start --help)"],
  ["start -p 1", "unknown flag -p (see: pintle start --help)"],
  ["start --port", "--port needs a value: --port PORT (see: pintle start --help)"],
  ["check --send=yes", "--send takes no value (see: pintle check --help)"],
  ["check --send yes", 'unexpected argument "yes" (see: pintle check --help)'],
  ["start --port=", "--port needs a value: --port PORT (see: pintle start --help)"],
  ["start --port --admin-port 2", "--port needs a value: --port PORT (see: pintle start --help)"],
  ["start here", 'unexpected argument "here" (see: pintle start --help)'],
  ["log verify", "DIR is missing: pintle log verify DIR (see: pintle log verify --help)"],
];

for (const [line, message] of refused) {
  test(`pintle ${line} is refused`, () => {
    assert.throws(
      () => parseCommandLine(line.split(" "), commands),
      (error) =>
        error instanceof ServerError &&
        error.code === "PINTLE_USAGE" &&
        assert.equal(error.message, message) === undefined,
    );
  });
}

test("a flag that may be given several times is a list", () => {
  const several: Command = {
    ...check,
    flags: { destination: { value: "NAME", several: true, description: "to this one" } },
  };
  const parsed = parseCommandLine(["check", "--destination", "a", "--destination=b"], [several]);
  assert.deepEqual(parsed, {
    kind: "run",
    command: several,
    call: { flags: {}, lists: { destination: ["a", "b"] }, arguments: [] },
  });
});
