import { dirname, resolve } from "node:path";
import { destinationTypes } from "@pintle/destinations";
import { type CaseTable, type DestinationType, readCases, runCases } from "@pintle/destinations/kit";
import { readJsonFile } from "../config/load-config.ts";
import { isDestinationType } from "../config/own-types.ts";
import { runModule } from "../config/run-module.ts";
import { didYouMean } from "../config/suggestion.ts";
import { ServerError } from "../errors.ts";
import type { Command, CommandCall, CommandContext } from "./command.ts";
import { nouns } from "./table.ts";

export const destinationTest: Command = {
  name: "destination test",
  summary: "Runs a table of cases: the requests that a destination makes of events, without a network.",
  arguments: ["FILE"],
  flags: {},
  run: runTable,
};

async function runTable({ arguments: [file = ""] }: CommandCall, context: CommandContext): Promise<number> {
  const path = resolve(context.directory, file);
  const table = tableOf(readJsonFile(path, file), file);
  const type = await typeOf(table.destination, path, file);
  let results: Awaited<ReturnType<typeof runCases>>;
  try {
    results = await runCases(type, table);
  } catch (error) {
    throw new ServerError("CASES_UNREADABLE", `${file}: ${(error as Error).message}`, { cause: error });
  }
  for (const { name, problems } of results) {
    context.print(`${problems.length === 0 ? "ok" : "not ok"}  ${name}`);
    for (const problem of problems) context.print(`    ${problem}`);
  }
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  context.print(`${nouns(results.length, "case")}, ${failed === 0 ? "all hold" : `${failed} not as expected`}`);
  return failed === 0 ? 0 : 1;
}

function tableOf(json: unknown, file: string): CaseTable {
  try {
    return readCases(json);
  } catch (error) {
    throw new ServerError("CASES_UNREADABLE", `${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** The type that a table names: one that Pintle has, or one in a module beside the table. */
async function typeOf(name: string, path: string, file: string): Promise<DestinationType> {
  const known = destinationTypes.get(name);
  if (known !== undefined) return known;
  if (!/^\.{0,2}\//.test(name)) {
    const hint = didYouMean(name, destinationTypes.keys());
    const types = [...destinationTypes.keys()].join(", ");
    throw new ServerError(
      "CASES_UNREADABLE",
      `${file}: no destination type is called ${JSON.stringify(name)}${hint} (types: ${types}; one of your own is named by its path: "./crm.ts")`,
    );
  }
  const type = await runModule(resolve(dirname(path), name), name, "defineDestination");
  if (isDestinationType(type)) return type;
  throw new ServerError(
    "CASES_UNREADABLE",
    `${file}: the default export of ${name} is no destination type: it is made by defineDestination({ ... })`,
  );
}
