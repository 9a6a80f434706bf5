import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { root } from "./prepare.mjs";

/**
 * A program of this house that runs beside us. It is in a process group of its own, so that Ctrl-C
 * reaches only us and we end things in their order; and it ends by itself when we are gone, however
 * that happened.
 */
export class Child {
  #process;
  /** Resolves with "exited" when it has ended. */
  exited;
  /** Called with what it sends. */
  onMessage = () => {};
  /** Called with each line of its standard error. */
  onComplaint = () => {};

  constructor(args, environment = {}) {
    const guard = pathToFileURL(join(root, "scripts", "lib", "die-with-parent.mjs")).href;
    this.#process = spawn(process.execPath, ["--enable-source-maps", "--import", guard, ...args], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.exited = once(this.#process, "close").then(() => "exited");
    this.#process.on("message", (message) => this.onMessage(message));
    createInterface({ input: this.#process.stderr }).on("line", (line) => this.onComplaint(line));
    // Read to the end, so that the program never waits for a reader.
    this.lines = createInterface({ input: this.#process.stdout });
  }

  /** Resolves with "said" when it prints this line. */
  says(line) {
    return new Promise((resolve) => this.lines.on("line", (said) => said === line && resolve("said")));
  }

  /** How it ended: a number, the name of a signal, or `undefined` while it runs. */
  get exit() {
    return this.#process.exitCode ?? this.#process.signalCode ?? undefined;
  }

  /**
   * Asks it to end, and waits until it has; after `patience` milliseconds it is not asked any more.
   */
  async end(patience = 15_000) {
    if (this.exit !== undefined) return;
    this.#process.kill("SIGTERM");
    const impatience = setTimeout(() => this.#process.kill("SIGKILL"), patience);
    await this.exited;
    clearTimeout(impatience);
  }
}
