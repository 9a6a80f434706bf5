// node scripts/versions.mjs VERSION: fails unless every package has this version, also where others
// depend on it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib/prepare.mjs";

const [wanted] = process.argv.slice(2);
const problems = [];
for (const name of readdirSync(join(root, "packages"))) {
  const { version, dependencies = {} } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  if (version !== wanted) problems.push(`packages/${name}/package.json has ${version}`);
  for (const [other, range] of Object.entries(dependencies)) {
    if (other.startsWith("@pintle/") && range !== wanted)
      problems.push(`packages/${name} depends on ${other} ${range}`);
  }
}
for (const each of problems) console.error(`${each}, not ${wanted}`);
process.exitCode = problems.length === 0 ? 0 : 1;
