import { dirname, resolve } from "node:path";
import { loadDestinationTypes, typeNames } from "@pintle/destinations";
import { parseJson } from "@pintle/events";
import type { CaseTable, runCases } from "@pintle/kit";
import { type ApartOptions, runApart } from "../config/apart/run-apart.ts";
import { readJsonFile } from "../config/read-json-file.ts";
import { didYouMean } from "../config/suggestion.ts";
import { ServerError } from "../errors.ts";
import type { Command, CommandCall, CommandContext } from "./command.ts";
import { interruptible } from "./interruptible.ts";
import { configTimeoutFlag, configTimeoutOf } from "./start-options.ts";
import { nouns, table } from "./table.ts";

export const destinationTest: Command = {
  name: "destination test",
  summary: "Runs a table of cases: the requests that a destination makes of events, without a network.",
  arguments: ["FILE"],
  flags: { "config-timeout": configTimeoutFlag },
  run: runTable,
};

export const destinationList: Command = {
  name: "destination list",
  summary: "Lists the types of destinations that there are.",
  arguments: [],
  flags: {},
  async run(_call: CommandCall, context: CommandContext): Promise<number> {
    const types = [...(await loadDestinationTypes()).values()];
    const rows = types.map(({ type, description }) => [type, description]);
    for (const line of table([["type", "what it does"], ...rows])) context.print(line);
    return 0;
  },
};

type CaseResults = Awaited<ReturnType<typeof runCases>>;

async function runTable({ arguments: [file = ""], flags }: CommandCall, context: CommandContext): Promise<number> {
  const path = resolve(context.directory, file);
  const cases = await tableOf(readJsonFile(path, file, parseJson), file);
  const limit = configTimeoutOf(flags);
  const results = await interruptible((signal) => resultsOf(cases, path, file, { limit, signal }));
  for (const { name, problems } of results) {
    context.print(`${problems.length === 0 ? "ok" : "not ok"}  ${name}`);
    for (const problem of problems) context.print(`    ${problem}`);
  }
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  context.print(`${nouns(results.length, "case")}, ${failed === 0 ? "all hold" : `${failed} not as expected`}`);
  return failed === 0 ? 0 : 1;
}

async function tableOf(json: unknown, file: string): Promise<CaseTable> {
  const { readCases } = await import("@pintle/kit");
  try {
    return readCases(json);
  } catch (error) {
    throw new ServerError("PINTLE_CASES_UNREADABLE", `${file}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Results for the type that a table names: one that Pintle has, or one in a module beside the
 * table, which is run in a process of its own.
 */
async function resultsOf(table: CaseTable, path: string, file: string, options: ApartOptions): Promise<CaseResults> {
  const name = table.destination;
  const known = (await loadDestinationTypes([name])).get(name);
  if (known !== undefined) {
    const { runCases } = await import("@pintle/kit");
    try {
      return await runCases(known, table);
    } catch (error) {
      throw new ServerError("PINTLE_CASES_UNREADABLE", `${file}: ${(error as Error).message}`, { cause: error });
    }
  }
  if (!/^\.{0,2}\//.test(name)) {
    const hint = didYouMean(name, typeNames);
    throw new ServerError(
      "PINTLE_CASES_UNREADABLE",
      `${file}: no destination type is called ${JSON.stringify(name)}${hint} (types: ${typeNames.join(", ")}; one of your own is named by its path: "./crm.ts")`,
    );
  }
  return runApart("cases", { module: resolve(dirname(path), name), shownAs: name, table, file }, options);
}
