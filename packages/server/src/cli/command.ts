import { parseArgs } from "node:util";
import { didYouMean } from "../config/suggestion.ts";
import { ServerError } from "../errors.ts";

/** A flag of a command, as `--name VALUE`, or `--name` alone. */
export interface Flag {
  /** How the help calls its value; absent: it has none. */
  readonly value?: string;
  readonly description: string;
}

/** What a command may use of the world. */
export interface CommandContext {
  /** Prints a line to standard output. */
  readonly print: (line: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative paths of the command line start here. */
  readonly directory: string;
}

export interface Command {
  /** The words that call it: `start`, `log verify`. */
  readonly name: string;
  readonly summary: string;
  /** Names of the arguments, all of which are required: `["DIR"]`. */
  readonly arguments: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Resolves with the exit code. What it throws is printed, and the exit code is 1. */
  run(call: CommandCall, context: CommandContext): Promise<number>;
}

export interface CommandCall {
  /** What was given, by name; of a flag that has no value, `"true"`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly arguments: readonly string[];
}

/** What a command line asks for. */
export type Parsed =
  | { readonly kind: "help"; readonly command?: Command }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly command: Command; readonly call: CommandCall };

/** @throws ServerError USAGE: an unknown command or flag, a flag without its value, too many or too few arguments */
export function parseCommandLine(words: readonly string[], commands: readonly Command[]): Parsed {
  const [first] = words;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") return { kind: "help" };
  if (first === "--version" || first === "-v") return { kind: "version" };

  const command = commands.find(({ name }) => name.split(" ").every((word, index) => words[index] === word));
  if (command === undefined) throw unknownCommand(words, commands);
  const rest = words.slice(command.name.split(" ").length);

  const { tokens } = parseArgs({
    args: [...rest],
    options: {
      ...Object.fromEntries(
        Object.entries(command.flags).map(([name, { value }]) => [
          name,
          { type: value === undefined ? ("boolean" as const) : ("string" as const) },
        ]),
      ),
      help: { type: "boolean", short: "h" },
    },
    allowPositionals: true,
    // Its own errors are sentences of several lines; the tokens tell the same.
    strict: false,
    tokens: true,
  });
  const flags: Record<string, string> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    if (token.name === "help") return { kind: "help", command };
    if (!Object.hasOwn(command.flags, token.name)) {
      const hint = didYouMean(token.name, Object.keys(command.flags)).replace(/"(.*)"/, "--$1");
      throw usage(command, `unknown flag ${token.rawName}${hint}`);
    }
    const flag = command.flags[token.name]!;
    if (flag.value === undefined) {
      if (token.value !== undefined) throw usage(command, `--${token.name} takes no value`);
      flags[token.name] = "true";
      continue;
    }
    if (token.value === undefined || token.value === "" || (!token.inlineValue && token.value.startsWith("--"))) {
      throw usage(command, `--${token.name} needs a value: --${token.name} ${flag.value}`);
    }
    flags[token.name] = token.value;
  }
  const extra = positionals[command.arguments.length];
  if (extra !== undefined) throw usage(command, `unexpected argument ${JSON.stringify(extra)}`);
  const missing = command.arguments[positionals.length];
  if (missing !== undefined)
    throw usage(command, `${missing} is missing: pintle ${command.name} ${command.arguments.join(" ")}`);
  return { kind: "run", command, call: { flags, arguments: positionals } };
}

function unknownCommand(words: readonly string[], commands: readonly Command[]): ServerError {
  const [first = "", second] = words;
  if (first.startsWith("-")) return new ServerError("USAGE", `unknown flag ${first} (see: pintle --help)`);
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0) {
    const asked = second === undefined ? "is not a whole command" : `has no command ${JSON.stringify(second)}`;
    const names = group.map(({ name }) => name).join(", ");
    return new ServerError("USAGE", `pintle ${first} ${asked}; there are: ${names}`);
  }
  const hint = didYouMean(
    first,
    commands.map(({ name }) => name),
  );
  return new ServerError("USAGE", `unknown command ${JSON.stringify(first)}${hint} (see: pintle --help)`);
}

function usage(command: Command, problem: string): ServerError {
  return new ServerError("USAGE", `${problem} (see: pintle ${command.name} --help)`);
}

export function helpFor(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => call(command).length));
  return [
    "Pintle takes customer events, makes them durable, and routes them to destinations.",
    "",
    "Usage: pintle COMMAND [FLAGS]",
    "",
    ...commands.map((command) => `  ${call(command).padEnd(width)}  ${command.summary}`),
    "",
    "pintle COMMAND --help lists the flags of a command; pintle --version prints the version.",
  ].join("\n");
}

export function helpForCommand(command: Command): string {
  const flags = Object.entries(command.flags).map(
    ([name, { value, description }]) =>
      [value === undefined ? `--${name}` : `--${name} ${value}`, description] as const,
  );
  const width = Math.max(0, ...flags.map(([flag]) => flag.length));
  return [
    command.summary,
    "",
    `Usage: pintle ${call(command)}${flags.length > 0 ? " [FLAGS]" : ""}`,
    ...(flags.length > 0 ? ["", ...flags.map(([flag, description]) => `  ${flag.padEnd(width)}  ${description}`)] : []),
  ].join("\n");
}

function call(command: Command): string {
  return [command.name, ...command.arguments].join(" ");
}
