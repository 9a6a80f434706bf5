// The pages of docs/destinations: the README of each type, with the table of its settings, and the
// list of all in the index.
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

/** A page of a type. */
export function pageText(root, { type, folder }, { settings }, kit) {
  const source = relative(root, folder).split(sep).join("/");
  const [title, ...rest] = readFileSync(join(folder, "README.md"), "utf8").split("\n");
  const table = ["| setting | default | |", "| --- | --- | --- |", ...rowsOf(settings, kit)].join("\n");
  const body = rest.join("\n").replace("<!-- settings -->", () => table);
  const note = `<!-- Made by \`npm run build\` of ${source}: its README.md and the schemas of its settings. -->`;
  const moved = relinked(body, folder, join(root, "docs", "destinations"));
  if (title !== `# ${type}`) throw new Error(`${source}/README.md begins with "# ${type}"`);
  if (moved === rest.join("\n")) throw new Error(`${source}/README.md has no line <!-- settings -->`);
  return `${note}\n${title}\n${moved}`;
}

function rowsOf(settings, { deliveryShape, defaultText }) {
  return Object.entries(settings.shape)
    .filter(([key]) => !Object.hasOwn(deliveryShape, key))
    .map(([key, schema]) => {
      const without = defaultText(schema);
      const isNeeded = !schema.safeParse(undefined).success;
      const shown = without === undefined ? (isNeeded ? "required" : "none") : `\`${without}\``;
      return `| \`${key}\` | ${shown} | ${schema.description.replaceAll("|", "\\|")} |`;
    });
}

/** Relative links that lead from `to` where they led from `from`. */
function relinked(text, from, to) {
  return text.replace(/\]\((?![a-z]+:|#)([^)#\s]+)/g, (_, path) => {
    return `](${relative(to, resolve(from, path)).split(sep).join("/")}`;
  });
}

/** The index, with the list of types in its place. */
export function indexText(root, types) {
  const file = join(root, "docs", "destinations", "README.md");
  const text = readFileSync(file, "utf8");
  const rows = types.map(({ type, description }) => `| [\`${type}\`](${type}.md) | ${description} |`);
  const list = ["| type | |", "| --- | --- |", ...rows].join("\n");
  const marked = /(<!-- types -->\n)[\s\S]*(<!-- \/types -->)/;
  if (!marked.test(text)) throw new Error(`${relative(dirname(root), file)} has no place for the list of types`);
  return text.replace(marked, (_, start, end) => `${start}${list}\n${end}`);
}
