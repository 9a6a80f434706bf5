import { LogError } from "@pintle/log";
import { FakeFileSystem, type Random } from "@pintle/log/testing";
import { DurableKeeper } from "../durable/durable-keeper.ts";
import type { TakeLock } from "../durable/folder.ts";
import type { OpenKeeper } from "../keeper.ts";
import type { Transport } from "../transport/transport.ts";
import { settled, VirtualEnvironment } from "./virtual-environment.ts";

/** Surroundings of a process with a disk. */
export class VirtualProcess extends VirtualEnvironment {
  readonly openKeeper: OpenKeeper;

  constructor(machine: VirtualMachine, transport: Transport, seed: number) {
    super(transport, seed);
    const fs = machine.fs.process();
    const { takeLock } = machine.locksOfProcess();
    const { now, after, hold } = this;
    this.openKeeper = (settings, host) => DurableKeeper.open(settings, host, { fs, takeLock, now, after, hold });
  }

  /** Lets time pass, and the disk do what it has to do meanwhile. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    await settledDisk();
    while (this.time < end) {
      await this.advance(Math.min(5, end - this.time));
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
}

/** A disk and its locks, which outlive the processes on it: those end by `kill`, or all at once when the power fails. */
export class VirtualMachine {
  readonly fs: FakeFileSystem = new FakeFileSystem();
  #locks = new Map<string, object>();
  #wall: number = Date.UTC(2026, 0, 1);

  start(transport: Transport, seed: number): VirtualProcess {
    const process = new VirtualProcess(this, transport, seed);
    process.wallOffset = this.#wall;
    return process;
  }

  /** Everything written stays. All processes of the machine end. */
  kill(process: VirtualProcess): void {
    this.#end(process);
    this.fs.kill();
  }

  /** What was not synced is lost, or some of it is not. */
  failPower(process: VirtualProcess, random: Random | undefined): void {
    this.#end(process);
    this.fs.crash(random);
  }

  locksOfProcess(): { takeLock: TakeLock } {
    const locks = this.#locks;
    return {
      takeLock: async (directory) => {
        if (locks.has(directory)) throw new LogError("lock.held", `${directory} is held`);
        const lock = {};
        locks.set(directory, lock);
        return {
          release: async () => {
            if (locks.get(directory) === lock) locks.delete(directory);
          },
        };
      },
    };
  }

  #end(process: VirtualProcess): void {
    this.#locks = new Map();
    this.#wall = process.now() + 1_000;
  }
}

async function settledDisk(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await settled();
}
