import { parseArgs } from "node:util";
import { didYouMean } from "../config/suggestion.ts";
import { ServerError } from "../errors.ts";

/** A flag of a command, as `--name VALUE`, or `--name` alone. */
export interface Flag {
  /** How the help calls its value; absent: it has none. */
  readonly value?: string;
  /** May be given several times, and all of it counts; of any other flag the last one. */
  readonly several?: true;
  readonly description: string;
}

/** What a command may use of the world. */
export interface CommandContext {
  /** Prints a line to standard output. */
  readonly print: (line: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative paths of the command line start here. */
  readonly directory: string;
  /**
   * Asks a question of who sits at the terminal, and resolves with whether the answer is yes;
   * absent where nobody does.
   */
  readonly ask?: (question: string) => Promise<boolean>;
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
  /** What was given of flags that may be given several times. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly arguments: readonly string[];
}

/** What a command line asks for. */
export type Parsed =
  /**
   * About one command; about all whose names begin with the word `group`; without either about
   * everything.
   */
  | { readonly kind: "help"; readonly command?: Command; readonly group?: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly command: Command; readonly call: CommandCall };

/**
 * @throws ServerError PINTLE_USAGE: an unknown command or flag, a flag without its value, too many
 * or too few arguments
 */
export function parseCommandLine(words: readonly string[], commands: readonly Command[]): Parsed {
  const [first, ...others] = words;
  if (first === undefined) return { kind: "help" };
  if (first === "--version" || first === "-v") return { kind: "version" };
  if (first === "help" || isHelp(first)) return helpAbout(others, commands);

  const command = commandOf(words, commands);
  if (command === undefined && words.some(isHelp)) return helpAbout(words, commands);
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
  if (tokens.some((token) => token.kind === "option" && token.name === "help")) return { kind: "help", command };
  const flags: Record<string, string> = {};
  const lists: Record<string, string[]> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
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
    if (flag.several) lists[token.name] = [...(lists[token.name] ?? []), token.value];
    else flags[token.name] = token.value;
  }
  const extra = positionals[command.arguments.length];
  if (extra !== undefined) {
    const longer = commands.filter(({ name }) => name.startsWith(`${command.name} `)).map(({ name }) => name);
    const hint = didYouMean(`${command.name} ${extra}`, longer);
    throw usage(command, `unexpected argument ${JSON.stringify(extra)}${hint}`);
  }
  const missing = command.arguments[positionals.length];
  if (missing !== undefined)
    throw usage(command, `${missing} is missing: pintle ${command.name} ${command.arguments.join(" ")}`);
  return { kind: "run", command, call: { flags, lists, arguments: positionals } };
}

function commandOf(words: readonly string[], commands: readonly Command[]): Command | undefined {
  return commands.find(({ name }) => name.split(" ").every((word, index) => words[index] === word));
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

/** What `words` name: a command, the first word of some, or nothing. */
function helpAbout(words: readonly string[], commands: readonly Command[]): Parsed {
  const named = words.filter((word) => !isHelp(word));
  const [first] = named;
  if (first === undefined) return { kind: "help" };
  const group = commands.filter(({ name }) => name.split(" ")[0] === first);
  const command = commandOf(named, commands);
  // A word that calls a command and begins others (`replay`) means all of them.
  if (command !== undefined && (group.length === 1 || command.name !== first)) return { kind: "help", command };
  if (group.length > 0 && named.length === 1) return { kind: "help", group: first };
  throw unknownCommand(named, commands);
}

function unknownCommand(words: readonly string[], commands: readonly Command[]): ServerError {
  const [first = "", second] = words;
  if (first.startsWith("-")) {
    const flag = first.replace(/^--?/, "").split("=", 1)[0] ?? "";
    const command = commands.find(({ flags }) => Object.hasOwn(flags, flag));
    const hint = command === undefined ? "" : `; flags come after the command: pintle ${command.name} ${first}`;
    return new ServerError("PINTLE_USAGE", `unknown flag ${first}${hint} (see: pintle --help)`);
  }
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0) {
    const asked = second === undefined ? "is not a whole command" : `has no command ${JSON.stringify(second)}`;
    const names = group.map(({ name }) => name);
    const hint = didYouMean(`${first} ${second}`, names);
    return new ServerError("PINTLE_USAGE", `pintle ${first} ${asked}${hint || `; there are: ${names.join(", ")}`}`);
  }
  const hint = didYouMean(
    first,
    commands.map(({ name }) => name),
  );
  return new ServerError("PINTLE_USAGE", `unknown command ${JSON.stringify(first)}${hint} (see: pintle --help)`);
}

function usage(command: Command, problem: string): ServerError {
  return new ServerError("PINTLE_USAGE", `${problem} (see: pintle ${command.name} --help)`);
}
