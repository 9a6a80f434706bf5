import { loadConfigApart } from "../config/apart/load-apart.ts";
import type { DataPlaneConfig } from "../config/config.ts";
import { findConfig } from "../config/find-config.ts";
import type { TrialConfig } from "../config/trial-config.ts";
import { makeDataFolder } from "../data-folder.ts";
import type { DataPlane } from "../data-plane.ts";
import { ServerError } from "../errors.ts";
import { createLogger, preloadLogger } from "../logger.ts";
import { defaultMemory, sharesOf, thisMachine } from "../memory-limit.ts";
import { Redactor } from "../redactor.ts";
import { LaunchedThread } from "../router/thread/launch.ts";
import { StartTimes } from "../start-times.ts";
import { version } from "../version.ts";
import type { Command, CommandCall, CommandContext } from "./command.ts";
import { interruptible } from "./interruptible.ts";
import { shortPath } from "./short-path.ts";
import { startFlags, startOptions } from "./start-options.ts";
import { nouns } from "./table.ts";
import { tryIt } from "./try-it.ts";

export const start: Command = {
  name: "start",
  summary: "Starts a data plane; SIGTERM and Ctrl-C end it cleanly.",
  arguments: [],
  flags: startFlags,
  run: runStart,
};

async function runStart(call: CommandCall, context: CommandContext): Promise<number> {
  const times = new StartTimes();
  times.lap("program");
  const options = startOptions(call.flags, context.directory);
  const shown = (path: string) => shortPath(path, context.directory);

  const file = options.config ?? findConfig(context.directory);
  const { configTimeout: limit } = options;
  const load =
    file === undefined
      ? undefined
      : (signal: AbortSignal) =>
          loadConfigApart(file, {
            environment: context.environment,
            shownAs: shown(file),
            workspace: call.flags.workspace,
            limit,
            signal,
          });
  const loading = load === undefined ? undefined : interruptible(load);
  // While the configuration is being loaded, the rest of the program is, and so is that of the
  // router's thread, which gets what most configurations leave it. Where the configuration is
  // refused, the thread ends with the process.
  const launched = new LaunchedThread(sharesOf(defaultMemory(thisMachine())));
  const [loaded, { startDataPlane }] = await Promise.all([loading, import("../data-plane.ts")]);
  times.lap("configuration");
  const redactor = new Redactor();
  const logger = createLogger({ level: options.logLevel, readable: process.stderr.isTTY, redact: redactor.redact });
  const warn = (line: string): void => logger.warn(line);
  // The folder comes after the configuration: a refused start leaves nothing behind.
  if (loaded === undefined) await makeDataFolder(options.data, warn);
  const trial =
    loaded === undefined
      ? await (await import("../config/trial-config.ts")).trialConfig(options.data, warn)
      : undefined;
  const config = loaded ?? trial!.config;

  const { host, port, adminPort, wait, drain, trustedProxies, keepTime, keepSize } = options;
  const ending = endOnSignal();
  let plane: DataPlane | undefined;
  // Before it is ready there is nothing to reload. (Windows sends SIGHUP when a console is closed.)
  if (process.platform !== "win32") process.on("SIGHUP", () => void plane?.reload());
  const dataFolder = options.data;
  plane = await startDataPlane({
    config,
    load,
    configTimeout: limit,
    launched,
    times,
    redactor,
    dataFolder,
    host,
    port,
    adminPort,
    wait,
    drain,
    trustedProxies,
    keepTime,
    keepSize,
    logger,
  }).catch((error: unknown) => {
    if (!(error instanceof ServerError) || config.omitted === undefined) throw error;
    const omitted = config.omitted.map((line) => `not carried over: ${line}`);
    throw new ServerError(error.code, [error.message, ...omitted].join("\n"), { cause: error });
  });

  context.print(`Pintle ${version}`);
  context.print(`  events  ${plane.url}`);
  context.print(`  admin   ${plane.adminUrl} (its token: ${shown(plane.adminTokenFile)})`);
  context.print(
    `  config  ${file === undefined ? "none found, so this is one to try out" : `${shown(file)}: ${summary(config)}`}`,
  );
  for (const line of config.omitted ?? []) context.print(`          not carried over: ${line}`);
  for (const line of config.warnings) context.print(`          warning: ${line}`);
  context.print(`  data    ${shown(options.data)}`);
  if (trial !== undefined) printTrial(trial, plane, context.print, shown);
  context.print("ready");
  logger.debug(times.milliseconds, "the phases of the start, in milliseconds");
  // Its files may be those of another version when something is to be logged.
  setTimeout(preloadLogger, 100).unref();

  await ending;
  await plane.close();
  return 0;
}

function printTrial(
  { writeKey, events }: TrialConfig,
  { url }: DataPlane,
  print: (line: string) => void,
  shown: (path: string) => string,
): void {
  print(`\nThe write key is ${writeKey}; events land in ${shown(events)}.\n`);
  print(`${tryIt({ url, writeKey })}\n`);
}

function summary({ sources, destinations }: DataPlaneConfig): string {
  return `${nouns(sources.length, "source")}, ${nouns(destinations.length, "destination")}`;
}

/**
 * Resolves at the first SIGTERM or SIGINT. A second one ends the process at once, by the signal
 * itself, so that the shell sees what happened; what was answered with `ok` is durable all the
 * same.
 */
function endOnSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
}
