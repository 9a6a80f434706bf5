import { resolve } from "node:path";
import { readJsonFile } from "../config/read-json-file.ts";
import { ServerError } from "../errors.ts";
import type { Command, CommandCall, CommandContext } from "./command.ts";

export const types: Command = {
  name: "types",
  summary: "Prints the TypeScript type of a tracking plan that has a JSON Schema for each event.",
  arguments: ["FILE"],
  flags: { name: { value: "NAME", description: "the name of the type (default: Plan)" } },
  run: runTypes,
};

async function runTypes(call: CommandCall, context: CommandContext): Promise<number> {
  const [file = ""] = call.arguments;
  const { name = "Plan" } = call.flags;
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) {
    throw new ServerError(
      "PINTLE_USAGE",
      `--name is ${JSON.stringify(name)}, allowed is the name of a type (see: pintle types --help)`,
    );
  }
  const [{ planTypes }, { SchemaError }] = await Promise.all([
    import("../plan/plan-types.ts"),
    import("../plan/type-writer.ts"),
  ]);
  try {
    context.print(planTypes(readJsonFile(resolve(context.directory, file), file), name, file));
  } catch (error) {
    if (error instanceof SchemaError) throw new ServerError("PINTLE_CONFIG_INVALID", `${file}: ${error.message}`);
    throw error;
  }
  return 0;
}
