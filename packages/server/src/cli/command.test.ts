import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerError } from "../errors.ts";
import { type Command, helpFor, helpForCommand, parseCommandLine } from "./command.ts";

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
    assert.deepEqual(parsed, { kind: "run", command, call: { flags, arguments: words } });
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
];

for (const [line, kind, command] of asked) {
  test(`pintle ${line}`, () => {
    const parsed = parseCommandLine(line === "" ? [] : line.split(" "), commands);
    assert.deepEqual(parsed, command === undefined ? { kind } : { kind, command });
  });
}

const refused: [line: string, message: string][] = [
  ["strat", 'unknown command "strat"; did you mean "start"? (see: pintle --help)'],
  ["replay", 'unknown command "replay" (see: pintle --help)'],
  ["--port 1", "unknown flag --port (see: pintle --help)"],
  ["log", "pintle log is not a whole command; there are: log inspect, log verify"],
  ["log verfy x", 'pintle log has no command "verfy"; there are: log inspect, log verify'],
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
        error instanceof ServerError && error.code === "USAGE" && assert.equal(error.message, message) === undefined,
    );
  });
}

test("the help names every command, and a command's help every flag", () => {
  for (const { name, summary } of commands)
    assert.match(helpFor(commands), new RegExp(`^  ${name}.* ${summary}$`, "m"));
  assert.match(helpForCommand(start), /^ {2}--admin-port PORT {2}where it tells its status$/m);
  assert.match(helpForCommand(verify), /^Usage: pintle log verify DIR$/m);
});
