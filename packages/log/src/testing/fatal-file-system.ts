import type { File, FileSystem } from "../file-system.ts";
import { nodeFileSystem } from "../node-file-system.ts";

/**
 * When it dies: before the operation, in the middle of it (of a write only the first half is made),
 * or after it.
 */
export type FatalPhase = "before" | "during" | "after";

/**
 * The real file system, which ends this process by SIGKILL at an operation; reads and sizes do not
 * count as one.
 */
export class FatalFileSystem {
  readonly fs: FileSystem;
  /** How many operations there were so far. */
  operations = 0;
  readonly #fatal: number;
  readonly #phase: FatalPhase;

  /** @param fatal number of the operation, from 0; -1: none */
  constructor(fatal: number, phase: FatalPhase) {
    this.#fatal = fatal;
    this.#phase = phase;
    this.fs = {
      ...nodeFileSystem,
      open: (path, mode) => this.#step(async () => this.#wrap(await nodeFileSystem.open(path, mode))),
      makeDirectory: (path) => this.#step(() => nodeFileSystem.makeDirectory(path)),
      remove: (path) => this.#step(() => nodeFileSystem.remove(path)),
      syncDirectory: (path) => this.#step(() => nodeFileSystem.syncDirectory(path)),
    };
  }

  #wrap(file: File): File {
    return {
      read: (...all) => file.read(...all),
      size: () => file.size(),
      write: (chunks, position) => {
        const half = (): Promise<void> => {
          const bytes = Buffer.concat(chunks);
          return file.write([bytes.subarray(0, Math.ceil(bytes.byteLength / 2))], position);
        };
        return this.#step(() => file.write(chunks, position), half);
      },
      sync: () => this.#step(() => file.sync()),
      truncate: (size) => this.#step(() => file.truncate(size)),
      close: () => this.#step(() => file.close()),
    };
  }

  async #step<T>(action: () => Promise<T>, part: () => Promise<unknown> = async () => {}): Promise<T> {
    const isHere = this.operations++ === this.#fatal;
    if (isHere && this.#phase === "before") die();
    if (isHere && this.#phase === "during") {
      await part();
      die();
    }
    const result = await action();
    if (isHere) die();
    return result;
  }
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}
