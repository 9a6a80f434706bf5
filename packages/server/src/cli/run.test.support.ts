import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach } from "node:test";
import { fileURLToPath } from "node:url";
import { ServerError } from "../errors.ts";
import { parseCommandLine } from "./command.ts";
import { commands } from "./commands.ts";

const program = fileURLToPath(new URL("../../bin/pintle.js", import.meta.url));
const base = mkdtempSync(join(tmpdir(), "pintle-cli-"));
after(() => rmSync(base, { recursive: true }));

/** `pintle` as a process, in a folder of its own. */
export class CommandRun {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | NodeJS.Signals>;
  stdout = "";
  stderr = "";

  constructor(folder: string, args: readonly string[], environment: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.#child, "close").then(([code, signal]) => code ?? signal);
    running.add(this);
    void this.ended.then(() => running.delete(this));
  }

  /**
   * Resolves with the whole output up to now, when it says that it is ready; rejects when it ends
   * before.
   */
  async ready(): Promise<string> {
    const early = this.ended.then((end) => Promise.reject(new Error(`ended (${end}): ${this.stdout}${this.stderr}`)));
    early.catch(() => {});
    while (!/^ready$/m.test(this.stdout)) await Promise.race([once(this.#child.stdout!, "data"), early]);
    return this.stdout;
  }

  /** Reads no more of what it prints: whoever has read it is gone. */
  hangUp(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** What it has printed under this heading. */
  told(heading: string): string {
    const value = new RegExp(`^ *${heading} +(\\S+)`, "m").exec(this.stdout)?.[1];
    assert.ok(value !== undefined, `${heading} in:\n${this.stdout}`);
    return value;
  }

  /** Waits for a failed start: exit code 1, and one line, whose message it gives. */
  async refusal(): Promise<string> {
    assert.equal(await this.ended, 1, this.stdout + this.stderr);
    assert.doesNotMatch(this.stdout, /ready/);
    const message = /^pintle: PINTLE_[A-Z_]+: ([^\n]+)\n$/.exec(this.stderr)?.[1];
    assert.ok(message !== undefined, this.stderr);
    return message;
  }
}

const running = new Set<CommandRun>();
afterEach(async () => {
  for (const run of running) {
    run.signal("SIGKILL");
    await run.ended;
  }
});

export function newFolder(): string {
  return mkdtempSync(join(base, "f-"));
}

export const anyPort: readonly string[] = ["--port", "0", "--admin-port", "0"];

export function start(folder: string, ...flags: string[]): CommandRun {
  return new CommandRun(folder, ["start", ...anyPort, ...flags]);
}

export function configured(config: unknown): string {
  const folder = newFolder();
  writeFileSync(join(folder, "pintle.config.json"), typeof config === "string" ? config : JSON.stringify(config));
  return folder;
}

export async function send(url: string, writeKey: string, event: object): Promise<string> {
  const response = await fetch(`${url}/v1/track`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${writeKey}:`)}`, connection: "close" },
    body: JSON.stringify(event),
  });
  assert.equal(response.status, 200);
  return response.text();
}

/** The events in a file, once there are so many. */
export async function eventsIn(file: string, count: number): Promise<Record<string, unknown>[]> {
  for (;;) {
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
    if (lines.length >= count) return lines.map((line) => JSON.parse(line));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * What a command prints, run in this process: a fraction of the time, where it is not the process
 * that is tested.
 */
export async function print(folder: string, words: readonly string[]): Promise<string> {
  const parsed = parseCommandLine(words, commands);
  assert.ok(parsed.kind === "run", words.join(" "));
  const printed: string[] = [];
  const context = { print: (line: string) => void printed.push(`${line}\n`), environment: {}, directory: folder };
  assert.equal(await parsed.command.run(parsed.call, context), 0, printed.join(""));
  return printed.join("");
}

/** The message with which a command refuses, run in this process. */
export async function refusal(folder: string, words: readonly string[]): Promise<string> {
  const error: unknown = await print(folder, words).then(
    (printed) => assert.fail(`was not refused: ${printed}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ServerError, String(error));
  return error.message;
}
