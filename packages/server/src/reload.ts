import { readFile } from "node:fs/promises";
import type { Config } from "./config/config.ts";
import { ServerError } from "./errors.ts";
import type { Logger } from "./logger.ts";

export interface ReloaderOptions {
  /** What runs now. */
  readonly config: Config;
  /** Reads the configuration anew. */
  readonly load: () => Promise<Config>;
  /** Goes on with it. Called once at a time. */
  readonly apply: (config: Config) => Promise<void>;
  readonly logger: Logger;
  /** Milliseconds between two looks at the file. @default 2000 */
  readonly pollEvery?: number | undefined;
  /** Reads the file, for tests. @default that of node:fs */
  readonly read?: (file: string) => Promise<string>;
}

/** What became of a reload. */
export type Reloaded =
  | { readonly outcome: "applied"; readonly config: Config }
  /** The configuration before it goes on. `problem` is one line. */
  | { readonly outcome: "refused"; readonly problem: string };

/**
 * Takes over changes of the configuration while the data plane runs: when it is told to, and when the content of the file
 * changes. The content is polled: a file that is mounted into a container is replaced in ways that no watcher sees.
 *
 * A change that cannot be loaded, or is not allowed, is refused as a whole, and what runs goes on. Files that the
 * configuration imports, and the environment, are not looked at by themselves; a reload runs the imports again.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #read: (file: string) => Promise<string>;
  /** The content that was taken or refused last. */
  #seen: string | undefined;
  /** A new content, seen once: it may still be being written. */
  #changed: string | undefined;
  #reloading: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#read = options.read ?? ((file) => readFile(file, "utf8"));
    this.#seen = options.config.text;
    if (options.config.file !== undefined) this.#pollLater();
  }

  /** Loads the configuration and goes on with it. Calls take turns. Never rejects. */
  reload(): Promise<Reloaded> {
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded;
    return reloaded;
  }

  /** Looks at the file no more, and waits for a reload that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#reloading;
  }

  async #reload(): Promise<Reloaded> {
    const { load, apply, logger } = this.#options;
    if (this.#closed) return { outcome: "refused", problem: "the data plane is stopping" };
    let config: Config;
    try {
      config = await load();
    } catch (error) {
      const problem = messageOf(error).replaceAll("\n", "; ");
      logger.error(`the new configuration is refused, and the one before goes on: ${problem}`);
      return { outcome: "refused", problem };
    }
    this.#seen = config.text;
    await apply(config);
    logger.info("the new configuration is in use");
    return { outcome: "applied", config };
  }

  #pollLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.poll().then(() => this.#pollLater()), this.#options.pollEvery ?? 2000);
    this.#timer.unref();
  }

  /** Looks at the file once: a content that is new for the second time in a row is taken over. */
  async poll(): Promise<void> {
    let text: string;
    try {
      text = await this.#read(this.#options.config.file ?? "");
    } catch {
      // It may be away for the moment in which it is replaced. What runs goes on without it.
      return;
    }
    const isStable = text === this.#changed;
    this.#changed = text === this.#seen ? undefined : text;
    if (this.#changed === undefined || !isStable) return;
    // Also if it is refused: once is enough to say so.
    this.#seen = text;
    await this.reload();
  }
}

function messageOf(error: unknown): string {
  // What was thrown by something else than the checks may quote anything.
  return error instanceof ServerError ? error.message : "it cannot be loaded";
}
