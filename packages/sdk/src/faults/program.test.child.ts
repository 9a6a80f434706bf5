/**
 * Programs that process.test.ts runs, each in a process of its own: `node program.test.child.js
 * NAME URL...`.
 */
import { Pintle } from "../index.ts";
import { Pintle as WebPintle } from "../web.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const [name = "", ...urls] = process.argv.slice(2);
const [url = ""] = urls;

function say(value: unknown): void {
  console.log(JSON.stringify(value));
}

/** Sends to every URL, asks for everything that can be asked for, handles nothing. */
async function survive(Client: typeof Pintle | typeof WebPintle): Promise<void> {
  await Promise.all(
    urls.map(async (each) => {
      const client = new Client("key", each, { logger: quiet, timeout: 100, interval: 0, batchSize: 2 });
      for (const event of ["delivered", "dropped", "refused", "error"] as const) {
        client.on(event, () => {
          throw new Error("a listener that throws");
        });
      }
      const receipts = Array.from({ length: 5 }, (_, i) => client.track({ userId: i, event: "e" }));
      client.track({ userId: "", event: "refused" });
      const outcomes = Promise.all(receipts.map((receipt) => receipt.delivered()));
      await client.flush({ timeout: 300 });
      await client.close({ timeout: 300 });
      say({ stats: client.stats(), outcomes: (await outcomes).length });
    }),
  );
}

const programs: Readonly<Record<string, () => void | Promise<void>>> = {
  survive: () => survive(Pintle),

  surviveOnFetch: () => survive(WebPintle),

  /** A client that was never used. */
  unused() {
    new Pintle("key", url);
  },

  /** A client that has sent everything, and whose connection the server keeps open. */
  async idle() {
    const client = new Pintle("key", url, { logger: quiet });
    client.track({ userId: "u", event: "e" });
    say(await client.flush());
  },

  /** Queues, and comes to its end. */
  ends() {
    const client = new Pintle("key", url, { logger: quiet, exitTimeout: 1_000, timeout: "1h", interval: "1h" });
    for (let i = 0; i < 100; i++) client.track({ userId: i, event: "e" });
    const queued = performance.now();
    process.once("exit", () => say({ held: performance.now() - queued, stats: client.stats() }));
  },

  /** The same while an attempt is under way: neither it nor its time-out may hold the program. */
  async endsWhileSending() {
    const client = new Pintle("key", url, { logger: quiet, exitTimeout: 1_000, timeout: "1h", interval: 0 });
    client.track({ userId: "u", event: "e" });
    // Until the request is under way.
    while (client.stats().inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    process.once("exit", () => say({ stats: client.stats() }));
  },

  /** Queues and goes on for ever, until a signal comes. */
  signalled() {
    const client = new Pintle("key", url, { logger: quiet, interval: "1h", closeOnSignals: true });
    for (let i = 0; i < 20; i++) client.track({ userId: i, event: "e" });
    setInterval(() => {}, 60_000);
    say("queued");
  },

  /** The same, with a listener of its own, which ends the program when it sees fit. */
  signalledAndListening() {
    for (const signal of ["SIGTERM", "SIGINT"]) {
      process.once(signal, async () => {
        const { delivered } = await client.close();
        say({ delivered });
        process.exit(7);
      });
    }
    const client = new Pintle("key", url, { logger: quiet, interval: "1h", closeOnSignals: true });
    for (let i = 0; i < 20; i++) client.track({ userId: i, event: "e" });
    setInterval(() => {}, 60_000);
    say("queued");
  },

  /** Queues and goes on for ever; has said nothing of signals. */
  terminated() {
    const client = new Pintle("key", url, { logger: quiet, interval: "1h", exitTimeout: 1_000 });
    client.on("dropped", ({ reason }) => say(reason));
    for (let i = 0; i < 20; i++) client.track({ userId: i, event: "e" });
    setInterval(() => {}, 60_000);
    say("queued");
  },

  /** The same beside a client that closes on signals. */
  terminatedBeside() {
    const closing = new Pintle("key", url, { logger: quiet, interval: "1h", closeOnSignals: true });
    closing.track({ userId: "closing", event: "e" });
    programs.terminated?.();
  },

  /** The same with a listener of its own that ends the program at once. */
  terminatedAndListening() {
    process.on("SIGTERM", () => process.exit(7));
    programs.terminated?.();
  },

  /**
   * The same with a library that ends the program if nobody else listens, as signal-exit does it.
   */
  terminatedAndCounted() {
    const counting = (): void => {
      if (process.listenerCount("SIGTERM") !== 1) return;
      process.off("SIGTERM", counting);
      process.kill(process.pid, "SIGTERM");
    };
    process.on("SIGTERM", counting);
    programs.terminated?.();
  },

  /** Who listens, and when. */
  async listeners() {
    const count = (): number => process.listenerCount("SIGTERM") + process.listenerCount("SIGINT");
    const [client, other] = [undefined, false].map(
      (closeOnSignals) => new Pintle("key", url, { logger: quiet, closeOnSignals }),
    );
    const counts = [count()];
    for (const each of [other, client]) {
      each?.track({ userId: 1, event: "e" });
      counts.push(count());
    }
    await Promise.all([client?.close(), other?.close()]);
    say([...counts, count()]);
  },

  /** Leaves no time to deliver. */
  exits() {
    const client = new Pintle("key", url, { logger: quiet, interval: "1h" });
    client.on("dropped", ({ reason, message }) => say(`${reason} ${message.userId}`));
    for (let i = 0; i < 3; i++) client.track({ userId: i, event: "e" });
    process.exit(3);
  },

  /** Heap and buffers for each event that waits. */
  holds() {
    const collect = (globalThis as { gc?: () => void }).gc;
    if (collect === undefined) throw new Error("run with --expose-gc");
    const used = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const client = new Pintle("key", url, { logger: quiet, interval: "1h", batchSize: 20_000, exitTimeout: 0 });
    const send = (count: number): void => {
      for (let i = 0; i < count; i++) {
        client.track({ userId: `user-${i}`, event: "Order Completed", properties: { n: i, plan: "Free" } });
      }
    };
    send(1_000);
    const before = used();
    const { bytes } = client.stats();
    send(15_000);
    say({ held: (used() - before) / 15_000, encoded: (client.stats().bytes - bytes) / 15_000 });
  },
};

const program = programs[name];
if (program === undefined) throw new Error(`no program ${JSON.stringify(name)}`);
await program();
