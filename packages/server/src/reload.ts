import { readFile } from "node:fs/promises";
import type { DataPlaneConfig } from "./config/config.ts";
import { ServerError, systemCode } from "./errors.ts";
import type { PlaneLogger } from "./logger.ts";

export interface ReloaderOptions {
  /** What runs now. */
  readonly config: DataPlaneConfig;
  /** Reads the configuration anew. What the signal gives up it rejects soon. */
  readonly load: (signal: AbortSignal) => Promise<DataPlaneConfig>;
  /**
   * Goes on with it. Called once at a time. Rejects with a ServerError where what runs has to go
   * on.
   */
  readonly apply: (config: DataPlaneConfig) => Promise<void>;
  readonly logger: PlaneLogger;
  /** Milliseconds between two looks at the file. @default 2000 */
  readonly pollEvery?: number | undefined;
  /** Reads the file, for tests. @default that of node:fs */
  readonly read?: (file: string) => Promise<string>;
}

/** What became of a reload. */
export type Reloaded =
  | { readonly outcome: "applied"; readonly config: DataPlaneConfig }
  /** The configuration before it goes on. `problem` is one line. */
  | { readonly outcome: "refused"; readonly problem: string };

/**
 * Takes over changes of the configuration while the data plane runs: when it is told to, and when
 * the content of the file changes. The content is polled: a file that is mounted into a container
 * is replaced in ways that no watcher sees.
 *
 * A change that cannot be loaded, or is not allowed, is refused as a whole, and what runs goes on.
 * Files that the configuration imports, and the environment, are not looked at by themselves; a
 * reload runs the imports again.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #read: (file: string) => Promise<string>;
  /** The content that was taken or refused last. */
  #seen: string | undefined;
  /** A new content, seen once: it may still be being written. */
  #changed: string | undefined;
  /** Looks in a row at which the file could not be read. */
  #missed = 0;
  #reloading: Promise<unknown> = Promise.resolve();
  /** What is being loaded: how to give it up, and what the file held when it began. */
  #loading: { readonly abort: AbortController; readonly text: string | undefined } | undefined;
  /** What of the configuration that runs was said already. */
  #said: ReadonlySet<string>;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#read = options.read ?? ((file) => readFile(file, "utf8"));
    this.#seen = options.config.text;
    this.#said = new Set(notesOf(options.config));
    if (options.config.file !== undefined) this.#pollLater();
  }

  /**
   * Loads the configuration and goes on with it. Calls take turns; but one that comes when the file
   * is not what it was any more gives up a call that still loads what it held, so that a mended
   * file does not wait for one that hangs. Never rejects.
   */
  reload(): Promise<Reloaded> {
    void this.#giveUpOutdated();
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded;
    return reloaded;
  }

  /** Looks at the file no more, and gives up what is being loaded. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#loading === undefined) return;
    this.#loading.abort.abort();
    await this.#reloading;
  }

  async #giveUpOutdated(): Promise<void> {
    const loading = this.#loading;
    if (loading === undefined) return;
    const text = await this.#text();
    if (text !== undefined && text !== loading.text) loading.abort.abort();
  }

  async #reload(): Promise<Reloaded> {
    const { apply, logger } = this.#options;
    let config: DataPlaneConfig;
    try {
      config = await this.#load();
    } catch (error) {
      if (this.#closed) return { outcome: "refused", problem: "the data plane is stopping" };
      const problem = messageOf(error).replaceAll("\n", "; ");
      logger.error(`the new configuration is refused, and the one before goes on: ${problem}`);
      return { outcome: "refused", problem };
    }
    if (this.#closed) return { outcome: "refused", problem: "the data plane is stopping" };
    this.#seen = config.text;
    try {
      await apply(config);
    } catch (error) {
      const problem = messageOf(error).replaceAll("\n", "; ");
      logger.error(`the new configuration is refused, and the one before goes on: ${problem}`);
      return { outcome: "refused", problem };
    }
    if (this.#closed) return { outcome: "refused", problem: "the data plane is stopping" };
    logger.info("the new configuration is in use");
    const notes = notesOf(config);
    for (const note of notes) if (!this.#said.has(note)) logger.warn(note);
    this.#said = new Set(notes);
    return { outcome: "applied", config };
  }

  async #load(): Promise<DataPlaneConfig> {
    const abort = new AbortController();
    const loading = { abort, text: await this.#text() };
    if (this.#closed) throw new ServerError("PINTLE_CONFIG_TIMEOUT", "the data plane is stopping");
    this.#loading = loading;
    try {
      return await this.#options.load(abort.signal);
    } catch (error) {
      if (abort.signal.aborted && !this.#closed) {
        throw new ServerError("PINTLE_CONFIG_TIMEOUT", "the file was changed while it was loaded, and is loaded again");
      }
      throw error;
    } finally {
      this.#loading = undefined;
    }
  }

  async #text(): Promise<string | undefined> {
    const { file } = this.#options.config;
    if (file === undefined) return undefined;
    return this.#read(file).catch(() => undefined);
  }

  #pollLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(async () => {
      // What is found is not waited for: while one content hangs, another may come.
      if (await this.#look()) void this.reload();
      this.#pollLater();
    }, this.#options.pollEvery ?? 2000);
    this.#timer.unref();
  }

  /** Looks at the file once: a content that is new for the second time in a row is taken over. */
  async poll(): Promise<void> {
    if (await this.#look()) await this.reload();
  }

  /** Whether there is something to take over. */
  async #look(): Promise<boolean> {
    const { file = "" } = this.#options.config;
    let text: string;
    try {
      text = await this.#read(file);
    } catch (error) {
      // It may be away for the moment in which it is replaced. What runs goes on without it.
      this.#missed++;
      if (this.#missed === 2) {
        const why = systemCode(error) === "ENOENT" ? "is gone" : `cannot be read any more (${systemCode(error)})`;
        this.#options.logger.warn(`the configuration ${file} ${why}: what runs goes on, but would not start again`);
      }
      return false;
    }
    if (this.#missed >= 2) this.#options.logger.info(`the configuration ${file} is back`);
    this.#missed = 0;
    const isStable = text === this.#changed;
    this.#changed = text === this.#seen ? undefined : text;
    if (this.#changed === undefined || !isStable) return false;
    // Also if it is refused: once is enough to say so.
    this.#seen = text;
    return true;
  }
}

/** What is to be said of a configuration once. */
function notesOf({ warnings, omitted = [] }: DataPlaneConfig): string[] {
  return [...warnings, ...omitted.map((line) => `not carried over: ${line}`)];
}

function messageOf(error: unknown): string {
  // What was thrown by something else than the checks may quote anything.
  return error instanceof ServerError ? error.message : "it cannot be loaded";
}
