import { resolve } from "node:path";
import { readJsonFile } from "../config/read-json-file.ts";
import type { Translation } from "../config/workspace-config.ts";
import { ServerError } from "../errors.ts";
import type { Command, CommandCall, CommandContext } from "./command.ts";
import { workspaceFlag } from "./start-options.ts";

export const importConfig: Command = {
  name: "import",
  summary: "Prints the pintle.config.ts that does the same as a workspaceConfig.json of RudderStack.",
  arguments: ["FILE"],
  flags: { workspace: workspaceFlag },
  run: runImport,
};

async function runImport({ arguments: [file = ""], flags }: CommandCall, context: CommandContext): Promise<number> {
  const path = resolve(context.directory, file);
  const [{ secretsOf }, { loadAndCarryOver }, { checkConfig }] = await Promise.all([
    import("@pintle/kit/host"),
    import("../config/carry-over.ts"),
    import("../config/check-config.ts"),
  ]);
  const translation = await loadAndCarryOver(readJsonFile(path, file), { shownAs: file, workspace: flags.workspace });
  if (translation === undefined) {
    throw new ServerError(
      "PINTLE_CONFIG_INVALID",
      `${file}: not a workspaceConfig.json: it has no sources with destinations in them`,
    );
  }
  const { omitted, types } = translation;
  // What is printed would be refused otherwise, and that is better said now.
  const { destinations } = checkConfig(translation.config, {
    shownAs: file,
    directory: context.directory,
    environment: {},
    types,
    omitted,
  });
  const secrets = new Set(destinations.flatMap(({ type, settings }) => secretsOf(types.get(type)!.settings, settings)));
  context.print(configText(translation, secrets));
  return 0;
}

/**
 * `pintle.config.ts` as text. What is in `secrets` is not printed: it is to come from the
 * environment.
 */
function configText({ config, omitted }: Translation, secrets: ReadonlySet<string>): string {
  const variables = new Map<string, string>();
  const sources = config.sources.map((source) => literal(source, 2, () => undefined));
  const destinations = Object.entries(config.destinations).map(([name, entry]) => {
    const value = literal(entry, 2, (text, path) => {
      if (!secrets.has(text)) return undefined;
      const variable = variableName([name, path.at(-1) ?? ""], variables);
      variables.set(variable, `${path.join(".")} of the destination ${JSON.stringify(name)}`);
      return `env(${JSON.stringify(variable)})`;
    });
    return `    ${keyText(name)}: ${value},\n`;
  });
  const imports = variables.size === 0 ? "defineConfig" : "defineConfig, env";
  const comments = [
    ...(omitted.length === 0 ? [] : ["Not carried over:", ...omitted.map((line) => `- ${line}`), ""]),
    ...(variables.size === 0
      ? []
      : ["Secrets come from the environment:", ...[...variables].map(([name, what]) => `- ${name}: ${what}`), ""]),
  ].map((line) => (line === "" ? "" : `// ${line}`));
  return [
    `import { ${imports} } from "pintle";`,
    "",
    ...comments,
    "export default defineConfig({",
    `  sources: [\n${sources.map((text) => `    ${text},\n`).join("")}  ],`,
    `  destinations: {\n${destinations.join("")}  },`,
    "});",
  ].join("\n");
}

type Replace = (text: string, path: readonly string[]) => string | undefined;

/** A value as one would write it in TypeScript. */
function literal(value: unknown, depth: number, replace: Replace, path: readonly string[] = []): string {
  if (typeof value === "string") return replace(value, path) ?? JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, depth, replace, path)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const indent = "  ".repeat(depth + 1);
  const lines = Object.entries(value).map(
    ([key, inner]) => `${indent}${keyText(key)}: ${literal(inner, depth + 1, replace, [...path, key])},\n`,
  );
  return `{\n${lines.join("")}${"  ".repeat(depth)}}`;
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

/** `HOOK_AUTHORIZATION`, with a number behind it where there is one already. */
function variableName(words: readonly string[], taken: ReadonlyMap<string, string>): string {
  const joined = words
    .join("_")
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  const base = /^[A-Z]/.test(joined) ? joined : `PINTLE_${joined}`;
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}_${number}`;
  return name;
}
