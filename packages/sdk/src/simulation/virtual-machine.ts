import { type File, type FileSystem, LogError } from "@pintle/log";
import { FakeFileSystem, type RandomNumber } from "@pintle/log/testing";
import type { DurableCheck } from "../config.ts";
import { checkDurable } from "../store/durable/durable-options.ts";
import { DurableStore } from "../store/durable/durable-store.ts";
import type { TakeLock } from "../store/durable/folder.ts";
import { OpeningStore } from "../store/durable/opening-store.ts";
import type { Transport } from "../transport/transport.ts";
import { settled, VirtualEnvironment } from "./virtual-environment.ts";

/** Surroundings of a process with a disk. */
export class VirtualProcess extends VirtualEnvironment {
  readonly durable: DurableCheck;
  /** Macrotasks that an operation of the disk takes. */
  diskTurns: () => number = () => 0;
  #isAlive = true;

  constructor(machine: VirtualMachine, transport: Transport, seed: number) {
    // What a process that is gone still wants to send is not sent.
    super((request) => this.#ifAlive(() => transport(request)), seed);
    const fs = this.#fileSystem(machine.fs);
    const takeLock: TakeLock = (directory, wait) => this.#ifAlive(() => machine.takeLock(this, directory, wait));
    this.durable = (value, others) => ({
      ...checkDurable(value, others),
      open(settings, memory, host) {
        const { segmentBytes } = machine;
        const system = { fs, takeLock, ...(segmentBytes === undefined ? {} : { segmentBytes }) };
        return new OpeningStore(() => DurableStore.open(settings, memory, host, system), memory, host);
      },
    });
  }

  /** Ends it: from now on nothing that it asks for is done, or answered. */
  end(): void {
    this.#isAlive = false;
  }

  /** Lets time pass, and the disk do what it has to do meanwhile. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    // The disk gets its turns often enough, however long it is.
    const step = Math.max(5, Math.ceil(milliseconds / 1_000));
    await settledDisk();
    while (this.time < end) {
      await this.advance(Math.min(step, end - this.time));
      await settledDisk();
    }
  }

  /** Lets time pass until it is so. */
  async passUntil(condition: () => boolean, what: string): Promise<void> {
    for (let turns = 0; !condition(); turns++) {
      if (turns > 20_000) throw new Error(`it never came to this: ${what}`);
      await this.pass(turns < 100 ? 5 : 500);
    }
  }

  /** Lets time pass until the promise is settled. */
  async passFor<T>(promise: Promise<T>, what: string): Promise<T> {
    let isSettled = false;
    const end = (): void => {
      isSettled = true;
    };
    promise.then(end, end);
    await this.passUntil(() => isSettled, what);
    return promise;
  }

  #fileSystem(fs: FileSystem): FileSystem {
    return {
      open: (path, mode) => this.#operation(async () => this.#file(await fs.open(path, mode))),
      list: (directory) => this.#operation(() => fs.list(directory)),
      makeDirectory: (directory) => this.#operation(() => fs.makeDirectory(directory)),
      remove: (path) => this.#operation(() => fs.remove(path)),
      syncDirectory: (directory) => this.#operation(() => fs.syncDirectory(directory)),
      space: (directory) => this.#operation(() => fs.space(directory)),
    };
  }

  #file(file: File): File {
    return {
      read: (...all) => this.#operation(() => file.read(...all)),
      write: (...all) => this.#operation(() => file.write(...all)),
      sync: () => this.#operation(() => file.sync()),
      size: () => this.#operation(() => file.size()),
      truncate: (size) => this.#operation(() => file.truncate(size)),
      close: () => this.#operation(() => file.close()),
    };
  }

  async #operation<T>(action: () => Promise<T>): Promise<T> {
    for (let turns = this.diskTurns(); turns > 0; turns--) await settled();
    return this.#ifAlive(action);
  }

  async #ifAlive<T>(action: () => Promise<T>): Promise<T> {
    const never = new Promise<never>(() => {});
    if (!this.#isAlive) return never;
    try {
      const result = await action();
      return this.#isAlive ? result : await never;
    } catch (error) {
      if (!this.#isAlive) return await never;
      throw error;
    }
  }
}

/**
 * A disk and the locks on it. They outlive the processes, which end one by one by `kill`, or all at
 * once when the power fails.
 */
export class VirtualMachine {
  readonly fs: FakeFileSystem = new FakeFileSystem();
  /** Options of the logs of its processes, if not the usual. */
  segmentBytes: number | undefined;
  readonly #locks = new Map<string, VirtualProcess>();
  readonly #processes = new Set<VirtualProcess>();
  #wall: number = Date.UTC(2026, 0, 1);

  start(transport: Transport, seed: number): VirtualProcess {
    for (const other of this.#processes) this.#wall = Math.max(this.#wall, other.now() + 1_000);
    const process = new VirtualProcess(this, transport, seed);
    process.wallOffset = this.#wall;
    this.#processes.add(process);
    return process;
  }

  /** The process ends; everything that it has written stays, and its locks are free. */
  kill(process: VirtualProcess): void {
    process.end();
    this.#processes.delete(process);
    for (const [directory, holder] of this.#locks) if (holder === process) this.#locks.delete(directory);
    this.#wall = Math.max(this.#wall, process.now() + 1_000);
  }

  /** Ends all processes. What was not synced is lost; with `random`, some of it is not. */
  failPower(random: RandomNumber | undefined): void {
    for (const process of this.#processes) this.kill(process);
    this.fs.crash(random);
  }

  async takeLock(process: VirtualProcess, directory: string, wait: number): Promise<{ release(): Promise<void> }> {
    // A few turns stand for any time: whoever holds it for a moment only lets go within them.
    for (let turns = wait > 0 ? 1_000 : 0; this.#locks.has(directory) && turns > 0; turns--) await settled();
    if (this.#locks.has(directory)) throw new LogError("PINTLE_LOCK_HELD", `${directory} is held`);
    this.#locks.set(directory, process);
    return {
      release: async () => {
        if (this.#locks.get(directory) === process) this.#locks.delete(directory);
      },
    };
  }
}

async function settledDisk(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await settled();
}
