// The types of what may stand in a configuration, made of the schemas of the destinations'
// settings, with their descriptions.
import { camelCase } from "./registry.mjs";

/**
 * `type-configs.ts`, before it is formatted.
 *
 * @param types of destinations
 * @param kit the modules `@pintle/kit` and `@pintle/kit/host`
 */
export function configTypesText(types, kit) {
  const common = Object.keys(kit.deliveryShape);
  const [first] = types;
  const parts = types.map((type) => {
    const members = membersOf(type.settings, (key) => !common.includes(key), kit);
    return `${commentText(`${type.description}.`, "")}export interface ${nameOf(type.type)} extends DeliveryConfig {
  readonly type: "${type.type}";
${members}}
`;
  });
  return `// Made by \`npm run build\` of the schemas of the destinations' settings.
import type { EnvReference } from "./env.ts";

/** The settings of a destination of one of the types that Pintle has. */
export type TypeConfig = ${types.map(({ type }) => nameOf(type)).join(" | ")};

/** How events are delivered, whatever the type of the destination. */
interface DeliveryConfig {
${membersOf(first.settings, (key) => common.includes(key), kit)}}

${parts.join("\n")}`;
}

function nameOf(type) {
  const name = camelCase(type);
  return `${name[0].toUpperCase()}${name.slice(1)}Config`;
}

function membersOf(settings, isWanted, { z, defaultText }) {
  const { properties, required = [] } = z.toJSONSchema(settings, { io: "input", unrepresentable: "any" });
  return Object.entries(properties)
    .filter(([key]) => isWanted(key))
    .map(([key, schema]) => {
      const without = defaultText(settings.shape[key]);
      const tag = without === undefined ? "" : ` @default ${without}`;
      const docs = commentText(`${settings.shape[key].description}.${tag}`, "  ");
      return `${docs}  readonly ${key}${required.includes(key) ? "" : "?"}: ${typeText(schema)};\n`;
    })
    .join("");
}

/** A docstring, on as many lines as it takes. */
function commentText(text, indent) {
  if (text.length + indent.length <= 92) return `${indent}/** ${text} */\n`;
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + indent.length > 95 || word === "@default") lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

/** The type of what a JSON schema takes. A text may come from the environment instead. */
function typeText(schema) {
  return alternatives(schema).join(" | ");
}

/** The types of which it is one, each once. */
function alternatives(schema) {
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return [...new Set(options.flatMap(alternatives))];
  if (schema.enum !== undefined) return [...schema.enum.map((each) => JSON.stringify(each)), "EnvReference"];
  switch (schema.type) {
    case "string":
      return ["string", "EnvReference"];
    case "number":
    case "integer":
      return ["number"];
    case "boolean":
      return ["boolean"];
    case "array":
      return [`readonly (${typeText(schema.items ?? {})})[]`];
    case "object":
      return [objectText(schema)];
    default:
      return [schema.type === "null" ? "null" : "unknown"];
  }
}

function objectText({ properties, required = [], additionalProperties }) {
  if (properties === undefined) return `Readonly<Record<string, ${typeText(additionalProperties || {})}>>`;
  const members = Object.entries(properties).map(
    ([key, inner]) => `readonly ${key}${required.includes(key) ? "" : "?"}: ${typeText(inner)}`,
  );
  return `{ ${members.join("; ")} }`;
}
