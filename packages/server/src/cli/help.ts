import type { Command, Flag } from "./command.ts";

/** Columns of a terminal that every line fits into. */
const columns = 80;

export function helpFor(commands: readonly Command[]): string {
  return [
    ...wrapped("Pintle takes customer events, makes them durable, and routes them to destinations."),
    "",
    "Usage: pintle COMMAND [FLAGS]",
    "",
    ...list(commands.map((command) => [call(command), command.summary])),
    "",
    ...wrapped(
      "pintle COMMAND --help lists the flags of a command; pintle --version prints the version. " +
        "The exit code is 0, or 1 where something went wrong, which is told on standard error.",
    ),
  ].join("\n");
}

/** Help for the commands that begin with the same word. */
export function helpForGroup(group: string, commands: readonly Command[]): string {
  const own = commands.filter(({ name }) => name.split(" ")[0] === group);
  return [
    `Usage: pintle ${group}${own.some(({ name }) => name === group) ? " [COMMAND]" : " COMMAND"} [FLAGS]`,
    ...own.flatMap((command) => ["", call(command), ...wrapped(command.summary, 2), ...flagLines(command)]),
  ].join("\n");
}

export function helpForCommand(command: Command, commands: readonly Command[]): string {
  const flags = flagLines(command);
  const longer = commands.filter(({ name }) => name.startsWith(`${command.name} `)).map(({ name }) => `pintle ${name}`);
  return [
    ...wrapped(command.summary),
    "",
    `Usage: pintle ${call(command)}${flags.length > 0 ? " [FLAGS]" : ""}`,
    ...(flags.length > 0 ? ["", ...flags] : []),
    ...(longer.length > 0 ? ["", ...wrapped(`See also: ${longer.join(", ")}`)] : []),
  ].join("\n");
}

function flagLines({ flags }: Command): string[] {
  return list(Object.entries(flags).map(([name, flag]) => [`--${name}${nameOfValue(flag)}`, flag.description]));
}

function nameOfValue({ value, several }: Flag): string {
  return value === undefined ? "" : ` ${value}${several ? "..." : ""}`;
}

function call(command: Command): string {
  return [command.name, ...command.arguments].join(" ");
}

/** Names, and what they mean in a column beside them. */
function list(items: readonly (readonly [name: string, meaning: string])[]): string[] {
  const indent = Math.max(0, ...items.map(([name]) => name.length)) + 4;
  return items.flatMap(([name, meaning]) => {
    const [first = "", ...rest] = wrapped(meaning, indent);
    return [`  ${name}`.padEnd(indent) + first.slice(indent), ...rest];
  });
}

/** Text in lines that fit, each with so many spaces before it. */
export function wrapped(text: string, indent = 0): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => " ".repeat(indent) + each);
}
