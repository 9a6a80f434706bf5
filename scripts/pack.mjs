// npm run pack [-- FOLDER]: the packages as they would be published, as tarballs in FOLDER
// (default: packed, here), for a project of one's own before they are on a registry. Prints what to
// type there.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { prepare, root } from "./lib/prepare.mjs";

prepare();
// After the packages are installed, of which it needs some.
const { stage } = await import("./stage.mjs");
const names = ["events", "log", "kit", "destinations", "sdk", "server"];
const folder = resolve(process.argv[2] ?? join(root, "packed"));
const staged = mkdtempSync(join(tmpdir(), "pintle-pack-"));
try {
  mkdirSync(folder, { recursive: true });
  // Those of an older version would be installed with them.
  for (const file of readdirSync(folder)) if (/^pintle-.*\.tgz$/.test(file)) rmSync(join(folder, file));
  for (const name of names) {
    await stage(name, join(staged, name));
    npm(["pack", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder], join(staged, name));
  }
} finally {
  rmSync(staged, { recursive: true, force: true });
}
console.log(`
packed. In the folder of your project:

  npm install ${join(folder, "*.tgz")}
  npx pintle start
`);

function npm(args, cwd) {
  const path = process.env.npm_execpath;
  const options = { cwd, encoding: "utf8", stdio: ["ignore", "ignore", "inherit"] };
  const { status } = path?.endsWith(".js")
    ? spawnSync(process.execPath, [path, ...args], options)
    : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} in ${cwd} ended with ${status}`);
}
