import { resolve } from "node:path";
import { loadConfigApart } from "../config/apart/load-apart.ts";
import { configNames, findConfig } from "../config/find-config.ts";
import { ServerError } from "../errors.ts";
import type { Command, CommandCall, CommandContext } from "./command.ts";
import { interruptible } from "./interruptible.ts";
import { sendFlags } from "./send-flags.ts";
import { shortPath } from "./short-path.ts";
import { configTimeoutFlag, configTimeoutOf, workspaceFlag } from "./start-options.ts";
import { nouns } from "./table.ts";

export const check: Command = {
  name: "check",
  summary: "Checks a configuration; with --send, sends a test event to each destination and shows what happens.",
  arguments: [],
  flags: {
    config: { value: "FILE", description: "the configuration (default: pintle.config.ts, .js, .mjs or .json here)" },
    "config-timeout": configTimeoutFlag,
    workspace: workspaceFlag,
    ...sendFlags,
  },
  run: runCheck,
};

async function runCheck(call: CommandCall, context: CommandContext): Promise<number> {
  const { flags } = call;
  const file = flags.config ?? findConfig(context.directory);
  if (file === undefined) {
    throw new ServerError(
      "PINTLE_CONFIG_NOT_FOUND",
      `there is none of ${configNames.join(", ")} here (name one: --config FILE)`,
    );
  }
  const path = resolve(context.directory, file);
  const shownAs = shortPath(path, context.directory);
  const limit = configTimeoutOf(flags);
  const config = await interruptible((signal) =>
    loadConfigApart(path, {
      environment: context.environment,
      shownAs,
      workspace: flags.workspace,
      limit,
      signal,
    }),
  );
  const { sources, destinations } = config;
  context.print(
    `${shownAs} is sound: ${nouns(sources.length, "source")}, ${nouns(destinations.length, "destination")}`,
  );
  for (const line of config.omitted ?? []) context.print(`not carried over: ${line}`);
  for (const line of config.warnings) context.print(`warning: ${line}`);
  if (flags.send !== undefined) return (await import("./check-send.ts")).checkSend(call, context, config);
  const [useless] = Object.keys(sendFlags).filter(
    (name) => flags[name] !== undefined || call.lists[name] !== undefined,
  );
  if (useless !== undefined)
    throw new ServerError("PINTLE_USAGE", `--${useless} says how to send: it goes with --send`);
  return 0;
}
