import { join } from "node:path";
import { type NeedAnswer, need } from "../support/need.ts";
import { runProgram } from "../support/program.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";
import { findProgram } from "./find.ts";
import { clients } from "./story.ts";

/** Modules come from Go's cache, where the installer put them, or not at all. */
const offline = { GOPROXY: "off", GOFLAGS: "-mod=readonly" };
const cwd = join(clients, "go");

/** Go, with the modules of the clients' programs. */
export async function needGo(): Promise<NeedAnswer> {
  const found = findProgram("go") && (await works());
  return need("Go with RudderStack's SDK", { found, install: ".ci/install.sh go" });
}

async function works(): Promise<boolean> {
  try {
    await runProgram("go", ["list", "-deps", "./..."], { cwd, env: offline });
    return true;
  } catch {
    return false;
  }
}

/** A program of the Go clients, built into a folder of its own. */
export class GoProgram implements AsyncDisposable {
  readonly path: string;
  readonly #folder: TempFolder;

  private constructor(folder: TempFolder) {
    this.#folder = folder;
    this.path = join(folder.path, "client");
  }

  /** @param name of its package, relative to the module: `.`, `./calls` */
  static async build(name: string): Promise<GoProgram> {
    const program = new GoProgram(await tempFolder("go-client"));
    try {
      await runProgram("go", ["build", "-o", program.path, name], { cwd, env: offline, deadline: 240_000 });
      return program;
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder.remove();
  }
}
