import type { MainEngine } from "./engine/open-engine.ts";
import type { StorageGate } from "./gateway/storage-gate.ts";

export interface StorageWatchOptions {
  readonly engine: Pick<MainEngine, "revive">;
  readonly topic: string;
  readonly gate: Pick<StorageGate, "open" | "stored" | "failed">;
  /** Milliseconds between two looks. @default 2000 */
  readonly every?: number;
}

/**
 * Looks whether a storage that took nothing takes records again. Requests would find out, too, but
 * a load balancer sends none to where `/health` says that the disk is full.
 */
export class StorageWatch {
  readonly #options: StorageWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: StorageWatchOptions) {
    this.#options = options;
  }

  /** Resolves after the first look: the storage may take nothing from the start. */
  static async start(options: StorageWatchOptions): Promise<StorageWatch> {
    const watch = new StorageWatch(options);
    await watch.#look(true);
    watch.#lookLater();
    return watch;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #lookLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look(false).then(() => this.#lookLater());
    }, this.#options.every ?? 2000);
    this.#timer.unref();
  }

  async #look(isFirst: boolean): Promise<void> {
    const { engine, topic, gate } = this.#options;
    if (gate.open && !isFirst) return;
    try {
      await engine.revive(topic);
      gate.stored();
    } catch (error) {
      gate.failed(error, Date.now());
    }
  }
}
