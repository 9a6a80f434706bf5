import { cp, mkdir, readdir, readFile, rename, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { npm } from "./npm.ts";
import { runProgram } from "./program.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

/**
 * Puts the SDK into `folder/node_modules` as users get it: packed by npm, with nothing in it that
 * is not published, and beside it what it depends on. `others` are linked from `node_modules` of
 * another folder.
 */
export async function installPacked(folder: string, others: readonly string[] = [], from = ""): Promise<void> {
  const pending = ["@pintle/sdk"];
  for (const name of pending) {
    const target = join(folder, "node_modules", name);
    await mkdir(dirname(target), { recursive: true });
    await rename(await unpack(name.replace("@pintle/", ""), folder), target);
    const { dependencies = {} } = JSON.parse(await readFile(join(target, "package.json"), "utf8")) as {
      dependencies?: Readonly<Record<string, string>>;
    };
    for (const each of Object.keys(dependencies)) if (!pending.includes(each)) pending.push(each);
  }
  for (const name of others) {
    const target = join(folder, "node_modules", name);
    await mkdir(dirname(target), { recursive: true });
    await symlink(join(root, from, "node_modules", name), target, "junction");
  }
}

/** Packs a package and unpacks it again below `folder`; returns where. */
async function unpack(name: string, folder: string): Promise<string> {
  await runProgram("tar", ["-xzf", await pack(name, folder)], { cwd: folder });
  return join(folder, "package");
}

/**
 * Packs the package in `packages/NAME` as it is published (see scripts/stage.mjs); returns the
 * tarball, in `folder`.
 */
export async function pack(name: string, folder: string): Promise<string> {
  const staged = join(folder, "staged");
  await runProgram(process.execPath, [join(root, "scripts", "stage.mjs"), staged, name]);
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [{ filename }] = JSON.parse(await npm(args, join(staged, name))) as [{ filename: string }];
  return join(folder, filename);
}

/** Copies a folder's files, without its packages. */
export async function copySources(from: string, to: string): Promise<void> {
  for (const name of await readdir(join(root, from))) {
    if (name !== "node_modules") await cp(join(root, from, name), join(to, name), { recursive: true });
  }
}
