import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { MemoryShares } from "../../memory-limit.ts";
import type { RouterThreadData } from "./thread-messages.ts";

/** A thread that loads what the router is made of, and waits to be told of what it is to work. */
export class LaunchedThread {
  readonly worker: Worker;
  /** Resolves when it has ended. */
  readonly exited: Promise<void>;
  /** What ended it. */
  fault: Error | undefined;
  readonly #heap: string;
  readonly #begin: MessagePort;

  constructor(memory: MemoryShares, name = "router") {
    const { port1, port2 } = new MessageChannel();
    this.#begin = port1;
    this.#heap = heapOf(memory);
    this.worker = new Worker(new URL("./worker.js", import.meta.url), {
      resourceLimits: {
        maxYoungGenerationSizeMb: memory.youngGeneration,
        maxOldGenerationSizeMb: memory.oldGeneration,
      },
      workerData: port2,
      transferList: [port2],
      name,
    });
    this.exited = new Promise((resolve) => this.worker.once("exit", () => resolve()));
    this.worker.on("error", (error) => {
      this.fault = error instanceof Error ? error : new Error(String(error));
    });
    // A start that is refused waits for nobody.
    this.worker.unref();
  }

  /** Whether its heap is what this memory asks for: it cannot be changed any more. */
  fits(memory: MemoryShares): boolean {
    return this.#heap === heapOf(memory);
  }

  /** Lets it work. To be called once. */
  begin(data: RouterThreadData, transfer: readonly MessagePort[]): void {
    this.worker.ref();
    this.#begin.postMessage(data, transfer);
    this.#begin.close();
  }
}

function heapOf({ youngGeneration, oldGeneration }: MemoryShares): string {
  return `${youngGeneration}/${oldGeneration}`;
}
