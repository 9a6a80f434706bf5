import { createInterface } from "node:readline/promises";
import { ServerError } from "../errors.ts";
import { plainText } from "../plain-text.ts";
import { version } from "../version.ts";
import { type CommandContext, parseCommandLine } from "./command.ts";
import { commands } from "./commands.ts";
import { helpFor, helpForCommand, helpForGroup } from "./help.ts";

/** Runs one command line; resolves with the exit code. */
async function main(words: readonly string[], context: CommandContext): Promise<number> {
  const parsed = parseCommandLine(words, commands);
  if (parsed.kind === "version") context.print(version);
  if (parsed.kind === "help") {
    const { command, group } = parsed;
    if (command !== undefined) context.print(helpForCommand(command, commands));
    else context.print(group === undefined ? helpFor(commands) : helpForGroup(group, commands));
  }
  return parsed.kind === "run" ? parsed.command.run(parsed.call, context) : 0;
}

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  try {
    return /^y(es)?$/i.test((await Promise.race([terminal.question(question), closed])).trim());
  } finally {
    terminal.close();
  }
}

// Whoever reads may stop before the end (`| head`): that ends no data plane, and is no error of a
// command.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

// Nothing is left that could go on, and the command is not through: code of the owner waits for
// what never comes.
const stuck = (): void => {
  process.stderr.write(
    "pintle: it waits for something that never comes, in the configuration or in a destination type of yours\n",
  );
  process.exitCode = 1;
};
process.once("beforeExit", stuck);

main(process.argv.slice(2), {
  print: (line) => void process.stdout.write(`${plainText(line)}\n`),
  environment: process.env,
  directory: process.cwd(),
  ...(process.stdin.isTTY && process.stdout.isTTY ? { ask } : {}),
})
  .then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      // A `ServerError` was written for the person who reads it; anything else is a fault of
      // Pintle, whose place is needed. Each line has the code: each may be about another problem.
      const [start, text] =
        error instanceof ServerError
          ? [`pintle: ${error.code}: `, error.message]
          : ["pintle: ", error instanceof Error ? error.stack : String(error)];
      process.stderr.write(`${plainText(text ?? "")}\n`.replace(/^(?=.)/gm, start));
      process.exitCode = 1;
    },
  )
  .finally(() => {
    process.removeListener("beforeExit", stuck);
    // What code of the owner has left running (a timer, a server) does not keep a command that is
    // through.
    setInterval(() => {
      if (process.stdout.writableLength === 0) process.exit();
    }, 1000).unref();
  });
