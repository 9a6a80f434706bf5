// The registry of destinations: what loads each type, and each translator, made of the folders that
// there are.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The folders of types: those with a page. */
export function typeFolders(root) {
  const home = join(root, "packages", "destinations", "src");
  return readdirSync(home)
    .filter((name) => existsSync(join(home, name, "README.md")))
    .sort()
    .map((type) => ({ type, folder: join(home, type), isTranslated: existsSync(join(home, type, "rudderstack.ts")) }));
}

/** `registry.ts`, before it is formatted. */
export function registryText(folders) {
  const loaders = folders.map(
    ({ type }) => `  ${quoted(type)}: async () => (await import("./${type}/${type}.ts")).${camelCase(type)},\n`,
  );
  const translators = folders
    .filter(({ isTranslated }) => isTranslated)
    .map(({ type }) => `  ${quoted(type)}: async () => (await import("./${type}/rudderstack.ts")).translator,\n`);
  return `// Made by \`npm run build\` of the folders beside this file. Nothing is loaded before it is needed.

export const typeLoaders = {
${loaders.join("")}};

/** Translators from RudderStack's configuration, by the type that they make. */
export const translatorLoaders = {
${translators.join("")}};
`;
}

function quoted(type) {
  return /^[a-z]\w*$/.test(type) ? type : JSON.stringify(type);
}

/** `facebook-conversions` is exported as `facebookConversions`. */
export function camelCase(type) {
  return type.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
}
