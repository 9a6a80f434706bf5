// npm run bench -- NAME [ARGUMENT...]: runs bench/NAME.mjs, after installing what
// bench/package.json asks for. Without a NAME it lists them.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { install, prepare, root } from "./lib/prepare.mjs";

const folder = join(root, "bench");
const [name, ...rest] = process.argv.slice(2);
const names = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith(".mjs"))
      .map((file) => file.slice(0, -".mjs".length))
  : [];
if (name === undefined || !names.includes(name)) {
  if (name !== undefined) console.error(`there is no benchmark ${JSON.stringify(name)}`);
  console.error(
    names.length === 0 ? "there are no benchmarks" : `npm run bench -- NAME, where NAME is one of: ${names.join(", ")}`,
  );
  process.exit(1);
}

prepare();
if (existsSync(join(folder, "package-lock.json"))) install(folder);
const child = spawn(process.execPath, [join(folder, `${name}.mjs`), ...rest], { cwd: folder, stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
