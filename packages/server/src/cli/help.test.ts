import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parseCommandLine } from "./command.ts";
import { commands } from "./commands.ts";
import { helpFor, helpForCommand, helpForGroup, wrapped } from "./help.ts";

const docs = readFileSync(new URL("../../../../docs/command-line.md", import.meta.url), "utf8");

for (const command of commands) {
  const words = command.name.split(" ");
  test(`pintle ${command.name} has its help, which fits a terminal, and its place in the docs`, () => {
    const asked = parseCommandLine([...words, "--help"], commands);
    assert.deepEqual(asked, { kind: "help", command });
    assert.deepEqual(parseCommandLine([...words, "-h"], commands), { kind: "help", command });
    const about = parseCommandLine(["help", ...words], commands);
    assert.ok(about.kind === "help" && (about.command === command || about.group === command.name));

    const help = helpForCommand(command, commands);
    const flat = help.replaceAll(/\s+/g, " ");
    assert.ok(flat.includes(command.summary), help);
    assert.ok(flat.includes(`Usage: pintle ${[command.name, ...command.arguments].join(" ")}`), help);
    assert.ok(docs.includes(`pintle ${command.name}`), `docs/command-line.md lacks pintle ${command.name}`);
    for (const [name, { value, description }] of Object.entries(command.flags)) {
      assert.match(description, /\S/);
      assert.ok(flat.includes(description), help);
      const flag = value === undefined ? `--${name}` : `--${name} ${value}`;
      assert.match(help, new RegExp(`^  ${flag}(\\.\\.\\.)? `, "m"));
      assert.ok(docs.includes(`| \`${flag}\` |`), `docs/command-line.md lacks ${flag} of ${command.name}`);
    }
  });
}

test("every word that begins a command has help, and nothing is wider than a terminal", () => {
  const groups = new Set(commands.map(({ name }) => name.split(" ")[0] ?? ""));
  const texts = [helpFor(commands), ...commands.map((command) => helpForCommand(command, commands))];
  for (const group of groups) {
    const asked = parseCommandLine([group, "--help"], commands);
    assert.equal(asked.kind, "help");
    const text = helpForGroup(group, commands);
    for (const { name } of commands)
      if (name.split(" ")[0] === group) assert.match(text, new RegExp(`^${name}\\b`, "m"));
    texts.push(text);
  }
  for (const { name } of commands) assert.match(helpFor(commands), new RegExp(`^  ${name}\\b`, "m"));
  for (const line of texts.join("\n").split("\n")) assert.ok(line.length <= 80, line);
});

test("property: wrapping keeps every word, in its order, and breaks only where a line is full", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(words, fc.nat(40), (all, indent) => {
      const lines = wrapped(all.join(" "), indent);
      assert.equal(lines.map((line) => line.slice(indent)).join(" "), all.join(" "));
      lines.forEach((line, at) => {
        assert.ok(line.length <= 80);
        const next = lines[at + 1]?.trim().split(" ")[0];
        if (next !== undefined) assert.ok(line.length + 1 + next.length > 80);
      });
    }),
  );
});
