// npm run docs: the API reference of the SDK as a site in reference/, out of the docstrings. An
// exported name without one is an error.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { install, root } from "./lib/prepare.mjs";

const folder = join(root, "scripts", "reference");
install(folder);
const typedoc = join(folder, "node_modules", "typedoc", "bin", "typedoc");
const { status } = spawnSync(process.execPath, [typedoc, ...process.argv.slice(2)], { cwd: folder, stdio: "inherit" });
process.exitCode = status ?? 1;
