import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Log, LogReader } from "@pintle/log";
import { systemError } from "@pintle/log/testing";
import type { Config } from "../../config.ts";
import type { ConfigError, PintleError } from "../../errors.ts";
import { PintleClient } from "../../pintle.ts";
import { resolveConfig } from "../../read-config.ts";
import type { Receipt } from "../../receipt.ts";
import { type Behaviour, ModelServer, type ServedRequest, type WireLike } from "../../simulation/model-server.ts";
import { VirtualMachine, type VirtualProcess } from "../../simulation/virtual-machine.ts";
import { Pintle as WebPintle } from "../../web.ts";
import { checkDurable } from "./durable-options.ts";
import {
  decodeMessages,
  encodeAcknowledgements,
  encodeMessages,
  payloadOf,
  type RecordInput,
  type StoredMessage,
} from "./record.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const directory = "/data/events";
const well: Behaviour = { do: "judge" };
const down: Behaviour = { do: "answer", status: 503 };

/** A machine, a data plane, and what came there. */
class World {
  readonly machine: VirtualMachine = new VirtualMachine();
  readonly received: WireLike[] = [];
  /** How a request is treated. */
  behaviour: (request: ServedRequest) => Behaviour = () => well;
  #seed = 1;

  start(config: Config = {}, key = "key"): Program {
    const server = new ModelServer(
      () => process,
      (request) => ({ behaviour: this.behaviour(request), delay: 1 }),
    );
    server.onAccepted = (messages) => this.received.push(...messages);
    const process = this.machine.start(server.transport, this.#seed++);
    const durable = { directory, ...config.durable };
    const client = new PintleClient(
      key,
      "http://data.test",
      { logger: silent, interval: 10, ...config, durable },
      process,
    );
    return new Program(this.machine, process, client);
  }

  /** Numbers of the messages that came, in order, repeats left out. */
  get numbers(): number[] {
    return [...new Set(this.received.map(({ properties }) => properties!.n))];
  }

  text(path: string): string {
    return Buffer.from(this.machine.fs.contentOf(path)).toString();
  }
}

/** A process with a client in it. */
class Program {
  readonly process: VirtualProcess;
  readonly client: PintleClient;
  readonly errors: PintleError[] = [];
  readonly #machine: VirtualMachine;

  constructor(machine: VirtualMachine, process: VirtualProcess, client: PintleClient) {
    this.#machine = machine;
    this.process = process;
    this.client = client;
    client.on("error", (error) => this.errors.push(error));
  }

  get codes(): string[] {
    return this.errors.map(({ code }) => code);
  }

  call(n: number, userId = "u", filler = ""): Receipt {
    return this.client.track({ userId, event: "e", messageId: `m-${n}`, properties: { n, filler } });
  }

  calls(from: number, to: number, userId = "u", filler = ""): Receipt[] {
    return Array.from({ length: to - from }, (_, i) => this.call(from + i, userId, filler));
  }

  async stored(receipts: readonly Receipt[]): Promise<boolean[]> {
    return this.process.passFor(Promise.all(receipts.map((receipt) => receipt.stored())), "stored or not");
  }

  flush(timeout = 1e6): ReturnType<PintleClient["flush"]> {
    return this.process.passFor(this.client.flush({ timeout }), "flush");
  }

  close(timeout = 0): ReturnType<PintleClient["close"]> {
    return this.process.passFor(this.client.close({ timeout }), "close");
  }

  kill(): void {
    this.#machine.kill(this.process);
  }
}

function writable(message: StoredMessage): RecordInput & StoredMessage {
  return { ...message, chunk: undefined, start: 0, length: message.bytes.length };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function all(count: number, value: boolean): boolean[] {
  return Array.from({ length: count }, () => value);
}

describe("stored()", () => {
  test("is true after the sync, and not before", async () => {
    const world = new World();
    world.behaviour = () => down;
    const program = world.start();
    await program.process.pass(20);
    let letGo = (): void => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    world.machine.fs.interference = ({ kind, path }) => (kind === "sync" && path.endsWith(".seg") ? gate : undefined);
    const receipt = program.call(1);
    let isStored: boolean | undefined;
    void receipt.stored().then((result) => {
      isStored = result;
    });
    await program.process.pass(1_000);
    assert.equal(isStored, undefined);
    letGo();
    await program.process.pass(5);
    assert.equal(isStored, true);
    assert.equal(await receipt.stored(), true, "asked again");
    // And indeed: nothing of it is needed that the disk may lose.
    world.machine.failPower(undefined);
    world.behaviour = () => well;
    await world.start().flush();
    assert.deepEqual(world.numbers, [1]);
  });

  test("messages of `sync` milliseconds share a sync", async () => {
    const world = new World();
    const program = world.start({ interval: "1h", durable: { directory, sync: 50 } });
    await program.process.pass(20);
    const before = world.machine.fs.operations.length;
    for (const n of range(0, 40)) {
      program.call(n);
      await program.process.pass(1);
    }
    await program.process.pass(60);
    const syncs = world.machine.fs.operations.slice(before).filter(({ kind }) => kind === "sync");
    assert.equal(syncs.length, 1);
  });

  test("is false for what was refused, and without durable mode", async () => {
    const world = new World();
    const program = world.start();
    assert.deepEqual(await program.stored([program.client.track({ userId: "", event: "e" })]), [false]);
    const memory = new PintleClient("key", "http://data.test", { logger: silent }, program.process);
    assert.equal(await memory.track({ userId: "u", event: "e" }).stored(), false);
  });
});

describe("delivered", () => {
  test("is what is acknowledged on disk: until then a message is pending, and a crash makes it come again", async () => {
    const world = new World();
    const program = world.start();
    const receipts = program.calls(0, 3);
    await program.stored(receipts);
    let letGo = (): void => {};
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    world.machine.fs.interference = ({ kind, path }) => (kind === "write" && path.endsWith(".seg") ? gate : undefined);
    let outcome: string | undefined;
    void receipts[0]!.delivered().then(({ status }) => {
      outcome = status;
    });
    await program.process.passUntil(() => world.received.length === 3, "the data plane has them");
    await program.process.pass(100);
    assert.equal(outcome, undefined);
    assert.equal(program.client.stats().pending, 3);
    assert.equal(program.client.stats().delivered, 0);
    letGo();
    await program.process.pass(10);
    assert.equal(outcome, "delivered");
    world.machine.failPower(undefined);
    const second = world.start();
    await second.flush();
    assert.equal(world.received.length, 3, "what was told as delivered does not come again");
    world.machine.fs.interference = ({ kind, path }) =>
      kind === "write" && path.endsWith(".seg") && world.received.length > 3 ? new Promise(() => {}) : undefined;
    await second.stored([second.call(3)]);
    await second.process.passUntil(() => world.received.length === 4, "the data plane has it");
    world.machine.failPower(undefined);
    world.machine.fs.interference = () => {};
    await world.start().flush();
    assert.deepEqual(world.received.map(({ messageId }) => messageId).slice(3), ["m-3", "m-3"]);
  });
});

describe("a restart", () => {
  test("finds messages that have been moved at their last place only, and first", async () => {
    const world = new World();
    world.behaviour = () => down;
    const first = world.start();
    await first.stored(first.calls(0, 4));
    first.kill();
    // A crash has come right after a message was moved for the second time.
    const log = await Log.open(`${directory}/slot-1`, { fs: world.machine.fs });
    const reader = await LogReader.open(`${directory}/slot-1`, { fs: world.machine.fs });
    const [record] = (await reader.read(0, { end: log.end })).records;
    const messages = decodeMessages(record!.header, record!.payload)!;
    const move = (...indices: number[]): Promise<number> => {
      const chosen = indices.map((index) => writable(messages[index]!));
      const origins = indices.map((index) => ({ offset: record!.offset, index }));
      return log.append(
        encodeMessages(chosen, ({ acceptedAt }) => acceptedAt, origins),
        payloadOf(chosen),
      );
    };
    await move(2);
    await move(0, 1);
    const last = await move(2);
    const done = encodeAcknowledgements(0, [{ offset: last - 1, index: 1 }]);
    await log.append(done.header, done.payload);
    await log.close();
    world.behaviour = () => well;
    const second = world.start();
    await second.stored([second.call(4)]);
    await second.flush();
    assert.deepEqual(
      world.received.map(({ properties }) => properties!.n),
      [0, 2, 3, 4],
    );
    assert.equal(second.client.stats().delivered, 4);
  });

  test("sends what was left first, with the same ids, and counts it as accepted", async () => {
    const world = new World();
    world.behaviour = () => down;
    const first = world.start();
    await first.stored(first.calls(0, 500));
    first.kill();
    world.behaviour = () => well;
    const second = world.start();
    // Before the folder is open: they come behind what is in it.
    const receipts = second.calls(500, 510);
    assert.equal(second.client.stats().accepted, 10);
    assert.deepEqual(await second.flush(), { delivered: 510, dropped: 0, pending: 0 });
    assert.deepEqual(
      world.received.map(({ messageId }) => messageId),
      range(0, 510).map((n) => `m-${n}`),
    );
    const { offered, accepted, delivered, pending } = second.client.stats();
    assert.deepEqual(
      { offered, accepted, delivered, pending },
      { offered: 510, accepted: 510, delivered: 510, pending: 0 },
    );
    assert.deepEqual(await second.stored(receipts), all(10, true));
  });

  test("does not send again what was acknowledged, though segments are still there", async () => {
    const world = new World();
    const first = world.start({ interval: 0, batchSize: 10, concurrency: 1 });
    await first.stored(first.calls(0, 100));
    await first.process.passUntil(() => first.client.stats().delivered >= 50, "half of it is delivered");
    const { delivered } = first.client.stats();
    first.kill();
    const before = world.received.length;
    await world.start().flush();
    assert.equal(world.numbers.length, 100);
    assert.ok(world.received.length - before <= 100 - delivered, "only what was not acknowledged");
  });

  test("counts maxAge from the first call", async () => {
    const world = new World();
    world.behaviour = () => down;
    const config: Config = { maxAge: "2h" };
    const first = world.start(config);
    await first.stored([first.call(1)]);
    await first.process.pass(3_000_000);
    await first.stored([first.call(2)]);
    first.kill();
    const second = world.start(config);
    const reasons: string[] = [];
    second.client.on("dropped", ({ message, reason }) => reasons.push(`${message.messageId} ${reason}`));
    await second.process.pass(5_000_000);
    assert.deepEqual(reasons, ["m-1 expired"]);
    second.kill();
    world.behaviour = () => well;
    await world.start(config).flush();
    assert.deepEqual(world.numbers, [2], "what has expired does not come back");
  });

  test("that fails while it reads removes nothing", async () => {
    const world = new World();
    world.behaviour = () => down;
    const first = world.start();
    await first.stored(first.calls(0, 20));
    await first.close();
    for (const fatal of range(1, 8)) {
      let reads = 0;
      world.machine.fs.interference = ({ kind, path }) => {
        if (kind === "read" && path.endsWith(".seg") && ++reads === fatal) throw systemError("EIO", "read");
      };
      const program = world.start();
      await program.process.pass(50);
      await program.close();
    }
    world.machine.fs.interference = () => {};
    world.behaviour = () => well;
    const last = world.start();
    await last.flush();
    assert.deepEqual(world.numbers, range(0, 20));
  });

  test("keeps messages for a week by default", () => {
    const of = (config: Config): number => resolveConfig("key", "http://data.test", config, checkDurable).maxAge;
    assert.equal(of({ durable: { directory } }), 7 * 86_400_000);
    assert.equal(of({ durable: { directory }, maxAge: "1h" }), 3_600_000);
    assert.equal(of({}), 3_600_000);
  });
});

describe("memory is a window", () => {
  const config: Config = { maxQueueBytes: 20_000, maxMessageBytes: 2_000 };

  test("what it does not hold is on disk, in order, with its receipts", async () => {
    const world = new World();
    world.behaviour = () => down;
    const program = world.start(config);
    const receipts: Receipt[] = [];
    for (const n of range(0, 400)) {
      receipts.push(program.call(n, `u${n % 3}`, "x".repeat(500)));
      if (n % 10 === 0) await program.process.pass(10);
    }
    assert.ok(receipts.every(({ accepted }) => accepted));
    assert.deepEqual(await program.stored(receipts), all(400, true));
    assert.ok(program.client.stats().bytes > 200_000);
    const outcomes = Promise.all(receipts.filter((_, i) => i % 2 === 0).map((receipt) => receipt.delivered()));
    const flushed = program.client.flush({ timeout: 1e6 });
    world.behaviour = () => well;
    assert.deepEqual(await program.process.passFor(flushed, "flush"), { delivered: 400, dropped: 0, pending: 0 });
    assert.ok((await outcomes).every(({ status }) => status === "delivered"));
    // Asked when all is over.
    assert.ok(
      (await Promise.all(receipts.map((receipt) => receipt.delivered()))).every(({ status }) => status === "delivered"),
    );
    for (const user of ["u0", "u1", "u2"]) {
      const own = world.received.filter(({ userId }) => userId === user).map(({ properties }) => properties!.n);
      assert.deepEqual(
        own,
        own.toSorted((a, b) => a - b),
        user,
      );
    }
    assert.equal(world.received.length, 400);
  });

  test("a disk that cannot be read for a while delays, and loses nothing", async () => {
    const world = new World();
    world.behaviour = () => down;
    const program = world.start(config);
    for (const n of range(0, 100)) {
      program.call(n, "u", "x".repeat(500));
      await program.process.pass(10);
    }
    let reads = 0;
    world.machine.fs.interference = ({ kind, path }) => {
      if (kind === "read" && path.endsWith(".seg") && reads++ < 3) throw systemError("EIO", "read");
    };
    world.behaviour = () => well;
    assert.deepEqual(await program.flush(), { delivered: 100, dropped: 0, pending: 0 });
    assert.ok(program.codes.includes("PINTLE_DURABLE_UNAVAILABLE"));
    assert.deepEqual(world.numbers, range(0, 100));
  });
});

describe("the disk", () => {
  const config: Config = { durable: { directory, maxBytes: 1024 * 1024 }, maxMessageBytes: 2_000 };

  test("is bounded by maxBytes; ready() waits for room", async () => {
    const world = new World();
    world.behaviour = () => down;
    const program = world.start(config);
    let accepted = 0;
    for (let refused = 0; refused < 5; ) {
      const receipt = program.call(accepted, "u", "x".repeat(1_500));
      if (receipt.accepted) accepted++;
      else refused++;
      await program.process.pass(5);
      assert.ok(world.machine.fs.used <= 1024 * 1024, `${world.machine.fs.used} bytes are on disk`);
    }
    assert.equal(program.client.stats().refused.queue_full, 5);
    assert.ok(accepted > 400, `${accepted} fit`);
    let isReady = false;
    void program.client.ready().then(() => {
      isReady = true;
    });
    await program.process.pass(1_000);
    assert.equal(isReady, false);
    world.behaviour = () => well;
    await program.process.passUntil(() => isReady, "room");
    assert.ok(program.call(accepted).accepted);
    assert.equal((await program.flush()).pending, 0);
    assert.deepEqual(world.numbers, range(0, accepted + 1));
    await program.close();
    assert.ok(world.machine.fs.used < 1_000, "nothing is left");
  });

  test("full: what is stored stays, what is not is in memory, one report, and service comes back", async () => {
    const world = new World();
    world.behaviour = () => down;
    const program = world.start();
    assert.deepEqual(await program.stored(program.calls(0, 10)), all(10, true));
    world.machine.fs.capacity = world.machine.fs.used;
    for (const n of range(10, 15)) assert.deepEqual(await program.stored([program.call(n)]), [false]);
    assert.deepEqual(
      program.codes.filter((code) => code.startsWith("PINTLE_DURABLE")),
      ["PINTLE_DURABLE_WRITE_FAILED"],
    );
    world.machine.fs.capacity = Number.POSITIVE_INFINITY;
    await program.process.pass(20);
    // The log's pause between repairs is on the real clock, or rather on the client's.
    await program.process.pass(2_000);
    assert.deepEqual(await program.stored([program.call(15)]), [true]);
    world.behaviour = () => well;
    assert.deepEqual(await program.flush(), { delivered: 16, dropped: 0, pending: 0 });
    assert.deepEqual(world.numbers, range(0, 16), "in order, stored or not");
  });

  test("one message that is tried for long does not keep what is behind it", async () => {
    const world = new World();
    world.machine.segmentBytes = 16 * 1024;
    // The server breaks on two messages, one after the other.
    world.behaviour = ({ messages }) =>
      messages.some(({ properties }) => [3, 200].includes(properties!.n)) ? down : well;
    const program = world.start({ ...config, batchSize: 1, interval: 0 });
    await program.stored([program.call(3, "stuck")]);
    for (let n = 10; n < 600; n++) {
      const isStuck = n === 200 || n === 400;
      const receipt = program.call(n, isStuck ? "stuck" : `u${n % 5}`, "x".repeat(1_200));
      assert.ok(receipt.accepted, `message ${n} is accepted`);
      await program.process.pass(5);
      await program.process.passUntil(
        () => program.client.stats().pending <= 3,
        "all but the stuck ones are delivered",
      );
    }
    assert.ok(world.machine.fs.used < 150_000, `${world.machine.fs.used} bytes are on disk`);
    assert.equal(program.client.stats().pending, 3);
    program.kill();
    world.behaviour = () => well;
    const next = world.start(config);
    await next.stored([next.call(4_000, "stuck")]);
    await next.flush();
    const stuck = world.received.filter(({ userId }) => userId === "stuck").map(({ properties }) => properties!.n);
    assert.deepEqual(stuck, [3, 200, 400, 4_000], "in the order of the calls, each once");
    assert.equal(world.received.length, 600 - 10 + 2, "nothing twice");
  });
});

describe("close", () => {
  test("leaves on disk what could not be delivered, and says so", async () => {
    const world = new World();
    world.behaviour = () => down;
    const first = world.start();
    const receipts = first.calls(0, 50);
    const outcome = receipts[0]!.delivered();
    assert.deepEqual(await first.close(), { delivered: 0, dropped: 0, pending: 50 });
    assert.equal(first.client.stats().pending, 50);
    assert.deepEqual(first.client.stats().dropped, { evicted: 0, rejected: 0, expired: 0, abandoned: 0 });
    assert.deepEqual(await first.stored(receipts), all(50, true));
    const { status, error } = (await outcome) as { status: string; error: PintleError };
    assert.equal(`${status} ${error.code}`, "pending PINTLE_MESSAGE_LEFT_ON_DISK");
    assert.equal(first.process.holds, 0);
    assert.equal(first.process.timers, 0);
    world.behaviour = () => well;
    const second = world.start();
    assert.deepEqual(await second.flush(), { delivered: 50, dropped: 0, pending: 0 });
    assert.deepEqual(world.numbers, range(0, 50));
  });

  test("keeps what is stored only while it closes, and is not in the queue", async () => {
    for (const timeout of range(0, 8)) {
      const world = new World();
      const config = { maxQueueBytes: 2_000, maxMessageBytes: 1_000, interval: 0, batchSize: 1, concurrency: 1 };
      const first = world.start({ ...config, durable: { directory, sync: 3 } });
      // The first two are answered, and acknowledged while it closes.
      const receipts = range(0, 4).map((n) => first.call(n, `u${n}`, "x".repeat(200)));
      const outcomes = Promise.all(receipts.map((receipt) => receipt.delivered()));
      const { delivered, pending } = await first.close(timeout);
      assert.equal(delivered + pending, receipts.filter(({ accepted }) => accepted).length);
      const told = (await outcomes).map(({ status }) => status);
      assert.equal(told.filter((status) => status === "delivered").length, delivered);
      assert.equal(told.filter((status) => status === "pending").length, pending);
      await world.start(config).flush();
      assert.deepEqual(world.numbers.sort(), range(0, delivered + pending), `closed within ${timeout} ms`);
    }
  });

  test("tells receipts of messages that are only on disk", async () => {
    const world = new World();
    world.behaviour = () => down;
    const program = world.start({ maxQueueBytes: 5_000, maxMessageBytes: 1_000 });
    const receipts: Receipt[] = [];
    for (const n of range(0, 50)) {
      receipts.push(program.call(n, "u", "x".repeat(500)));
      await program.process.pass(10);
    }
    assert.deepEqual(await program.close(), { delivered: 0, dropped: 0, pending: 50 });
    for (const receipt of receipts) assert.equal((await receipt.delivered()).status, "pending");
  });

  test("drops as abandoned what could not be stored either", async () => {
    const world = new World();
    world.behaviour = () => down;
    const program = world.start();
    await program.stored([program.call(1)]);
    world.machine.fs.interference = ({ kind }) => {
      if (kind === "write") throw systemError("EIO", "write");
    };
    const receipt = program.call(2);
    assert.deepEqual(await program.close(), { delivered: 0, dropped: 1, pending: 1 });
    assert.equal((await receipt.delivered()).status, "dropped");
  });

  test("does not wait for ever for a disk that does not answer", async () => {
    const world = new World();
    const program = world.start();
    await program.process.pass(20);
    world.machine.fs.interference = ({ kind }) => (kind === "sync" ? new Promise(() => {}) : undefined);
    program.call(1);
    const { pending, dropped, delivered } = await program.close(100);
    assert.equal(pending + dropped + delivered, 1);
    assert.equal(program.process.holds <= 1, true);
  });

  test("a program that ends by itself closes when exitTimeout is over", async () => {
    const world = new World();
    world.behaviour = () => ({ do: "hang" });
    const program = world.start({ exitTimeout: 1_000 });
    program.call(1);
    await program.process.pass(20);
    const [resident] = program.process.residents;
    await program.process.passFor(resident!.drain(), "drain");
    assert.equal(program.process.residents.size, 0);
    assert.equal(program.call(2).error?.code, "PINTLE_CLIENT_CLOSED");
    world.behaviour = () => well;
    await world.start().flush();
    assert.deepEqual(world.numbers, [1]);
  });
});

describe("the folder", () => {
  test("of another key or URL is refused, the program lives, and nothing in it is lost", async () => {
    const world = new World();
    world.behaviour = () => down;
    const owner = world.start();
    await owner.stored(owner.calls(0, 5));
    owner.kill();
    const before = world.text(`${directory}/pintle-durable`);
    assert.match(before, /^\{"format":1,"owner":"[0-9a-f]{64}"\}\n$/);
    world.behaviour = () => well;
    const stranger = world.start({}, "another");
    const receipt = stranger.call(100);
    assert.deepEqual(await stranger.stored([receipt]), [false]);
    await stranger.flush();
    assert.deepEqual(stranger.codes, ["PINTLE_DURABLE_REFUSED"]);
    assert.match(
      stranger.errors[0]!.message,
      /durable\.directory "\/data\/events" holds the messages for another write key/,
    );
    assert.ok(!stranger.errors[0]!.message.includes("another\n"));
    assert.deepEqual(world.numbers, [100]);
    await stranger.process.pass(200_000);
    assert.deepEqual(stranger.codes, ["PINTLE_DURABLE_REFUSED"], "it is not tried again");
    await stranger.close();
    assert.equal(world.text(`${directory}/pintle-durable`), before);
    await world.start().flush();
    assert.deepEqual(world.numbers, [100, ...range(0, 5)]);
  });

  test("that cannot be written is reported once, and used as soon as it can", async () => {
    const world = new World();
    const operations = ["open", "makeDirectory", "write"];
    world.machine.fs.interference = ({ kind }) => {
      if (operations.includes(kind)) throw systemError("EROFS", kind);
    };
    const program = world.start();
    assert.deepEqual(await program.stored(program.calls(0, 3)), all(3, false));
    await program.process.pass(10_000);
    assert.deepEqual(program.codes, ["PINTLE_DURABLE_UNAVAILABLE"]);
    assert.match(program.errors[0]!.message, /cannot be used: EROFS/);
    assert.deepEqual(world.numbers, range(0, 3), "they are delivered from memory");
    world.machine.fs.interference = () => {};
    await program.process.pass(61_000);
    assert.deepEqual(await program.stored([program.call(3)]), [true]);
    await program.close(1_000);
  });

  test("whose header was written by a process that was killed before it was synced loses nothing when the power fails", async () => {
    const world = new World();
    const first = world.start();
    // It never hears that the name of the header is on disk.
    world.machine.fs.interference = ({ kind }) => (kind === "syncDirectory" ? new Promise(() => {}) : undefined);
    await first.process.pass(20);
    first.kill();
    world.machine.fs.interference = () => {};
    world.behaviour = () => down;
    const second = world.start();
    assert.deepEqual(await second.stored([second.call(1)]), [true]);
    world.machine.failPower(undefined);
    world.behaviour = () => well;
    const third = world.start();
    await third.process.pass(50);
    await third.flush();
    assert.deepEqual([world.numbers, third.codes], [[1], []]);
    await third.close();
  });

  test("with a header that is cut off is taken while there is no slot, and refused afterwards", async () => {
    const world = new World();
    await world.machine.fs.makeDirectory(directory);
    world.machine.fs.put(`${directory}/pintle-durable`, Buffer.from('{"format":1,"own'));
    const program = world.start();
    assert.deepEqual(await program.stored([program.call(1)]), [true]);
    await program.close(1_000);
    world.machine.fs.put(`${directory}/pintle-durable`, Buffer.from('{"format":1,"own'));
    const next = world.start();
    assert.deepEqual(await next.stored([next.call(2)]), [false]);
    assert.deepEqual(next.codes, ["PINTLE_DURABLE_REFUSED"]);
  });

  test("of a newer format is refused", async () => {
    const world = new World();
    await world.machine.fs.makeDirectory(directory);
    world.machine.fs.put(`${directory}/pintle-durable`, Buffer.from('{"format":2,"owner":"?"}\n'));
    const program = world.start();
    assert.deepEqual(await program.stored([program.call(1)]), [false]);
    assert.match(program.errors[0]!.message, /has format 2, known is 1/);
  });

  test("may hold files of others", async () => {
    const world = new World();
    await world.machine.fs.makeDirectory(`${directory}/slot-1`);
    const foreign = ["notes.txt", "slot-1/notes.txt", "slot-x", "slot-1/0000000001.seg.bak"];
    await world.machine.fs.makeDirectory(directory);
    for (const name of foreign) world.machine.fs.put(`${directory}/${name}`, Buffer.from("mine"));
    world.machine.fs.put(`${directory}/pintle-durable`, Buffer.from(""));
    await world.machine.fs.remove(`${directory}/pintle-durable`);
    const program = world.start();
    // A slot without a header: whose it is cannot be known.
    assert.deepEqual(await program.stored([program.call(1)]), [false]);
    assert.match(program.errors[0]!.message, /pintle-durable is missing/);
    for (const name of foreign) assert.equal(world.text(`${directory}/${name}`), "mine");
  });

  test("a torn tail is cut off and reported, and what was stored is delivered", async () => {
    const world = new World();
    world.behaviour = () => down;
    const first = world.start();
    await first.stored(first.calls(0, 20));
    first.kill();
    const path = `${directory}/slot-1/0000000001.seg`;
    const content = world.machine.fs.contentOf(path);
    world.machine.fs.put(path, Buffer.concat([content, Buffer.from("half of a record that a crash cut off")]));
    world.behaviour = () => well;
    const second = world.start();
    assert.deepEqual(await second.stored([second.call(20)]), [true]);
    await second.flush();
    assert.equal(second.client.stats().delivered, 21);
    assert.deepEqual(second.codes, ["PINTLE_DURABLE_DAMAGED"]);
    assert.match(second.errors[0]!.message, /slot-1\/0000000001\.seg: \d+ bytes from byte \d+ on cannot be read/);
    assert.deepEqual(world.numbers, range(0, 21));
  });

  test("a corrupt record costs its own messages, and no others", async () => {
    const world = new World();
    world.behaviour = () => down;
    const first = world.start();
    for (const from of [0, 10, 20]) await first.stored(first.calls(from, from + 10));
    first.kill();
    const path = `${directory}/slot-1/0000000001.seg`;
    const at = Buffer.from(world.machine.fs.contentOf(path)).indexOf('"m-13"');
    assert.ok(at > 0);
    world.machine.fs.flipBit(path, at, 1);
    world.behaviour = () => well;
    const second = world.start();
    assert.deepEqual(await second.flush(), { delivered: 20, dropped: 0, pending: 0 });
    assert.ok(second.codes.length > 0 && second.codes.every((code) => code === "PINTLE_DURABLE_DAMAGED"));
    assert.deepEqual(world.numbers, [...range(0, 10), ...range(20, 30)]);
  });

  test("what becomes unreadable after it was counted is dropped, and flush does not wait for it", async () => {
    const world = new World();
    world.behaviour = () => down;
    const program = world.start({ maxQueueBytes: 20_000, maxMessageBytes: 2_000 });
    for (const n of range(0, 100)) {
      program.call(n, "u", "x".repeat(500));
      await program.process.pass(10);
    }
    const path = `${directory}/slot-1/0000000001.seg`;
    world.machine.fs.flipBit(path, Buffer.from(world.machine.fs.contentOf(path)).indexOf('"m-70"'), 1);
    world.behaviour = () => well;
    assert.deepEqual(await program.flush(), { delivered: 99, dropped: 1, pending: 0 });
    const { delivered, dropped, pending } = program.client.stats();
    assert.deepEqual({ delivered, abandoned: dropped.abandoned, pending }, { delivered: 99, abandoned: 1, pending: 0 });
    assert.ok(program.codes.includes("PINTLE_DURABLE_DAMAGED"));
  });

  test("a slot of a newer version is left alone, and another one taken", async () => {
    const world = new World();
    const first = world.start();
    await first.stored([first.call(1)]);
    await first.close(1_000);
    const log = await Log.open(`${directory}/slot-1`, { fs: world.machine.fs });
    await log.append(Uint8Array.of(9, 1, 0, 0), Buffer.from("what may come"));
    await log.close();
    const { paths } = world.machine.fs;
    const second = world.start();
    assert.deepEqual(await second.stored([second.call(2)]), [true]);
    assert.deepEqual(second.codes, ["PINTLE_DURABLE_REFUSED"]);
    assert.match(second.errors[0]!.message, /slot-1 has a record of kind 9/);
    await second.close(1_000);
    assert.deepEqual(
      world.machine.fs.paths.filter((path) => path.includes("slot-1")),
      paths.filter((path) => path.includes("slot-1")),
    );
    assert.deepEqual(world.numbers, [1, 2]);
  });
});

describe("the option", () => {
  const make = (durable: unknown, config: object = {}): (() => void) => {
    return () =>
      void new PintleClient("key", "http://data.test", { ...config, durable } as never, new World().start().process);
  };

  test("is checked", () => {
    const option = (name: string) => (error: ConfigError) => error.name === "ConfigError" && error.option === name;
    assert.throws(make("/data"), option("durable"));
    assert.throws(make({}), option("durable.directory"));
    assert.throws(make({ directory: "" }), option("durable.directory"));
    assert.throws(make({ directory, maxBytes: 1_000 }), option("durable.maxBytes"));
    assert.throws(make({ directory, maxBytes: 1024 * 1024 }, { maxMessageBytes: 100_000 }), option("durable.maxBytes"));
    assert.throws(make({ directory, sync: "2h" }), option("durable.sync"));
    assert.throws(make({ directory, maxbytes: 1 }), option("durable.maxbytes"));
    assert.throws(make({ directory }, { overflow: "drop-oldest" }), option("overflow"));
    assert.throws(() => new WebPintle("key", "http://data.test", { durable: { directory } }), option("durable"));
    assert.doesNotThrow(make(undefined, { overflow: "drop-oldest" }));
  });
});

describe("several processes", () => {
  test("each has a slot; the slot of one that is killed is adopted by another, once", async () => {
    const world = new World();
    world.behaviour = () => down;
    const programs = [];
    for (const id of range(0, 4)) {
      const program = world.start();
      await program.stored(program.calls(id * 100, id * 100 + 20, `user of ${id}`));
      programs.push(program);
    }
    const slots = new Set(
      world.machine.fs.paths.map((path) => /slot-\d+/.exec(path)?.[0]).filter((slot) => slot !== undefined),
    );
    assert.deepEqual([...slots].sort(), ["slot-1", "slot-2", "slot-3", "slot-4"]);
    const [killed, ...others] = programs as [Program, ...Program[]];
    killed.kill();
    world.behaviour = () => well;
    for (const each of others) await each.process.pass(40_000);
    const sum = others.reduce((total, { client }) => total + client.stats().delivered, 0);
    assert.equal(sum, 80);
    assert.equal(world.received.length, 80, "nothing twice");
    assert.equal(others.filter(({ client }) => client.stats().delivered === 40).length, 1, "one has adopted it");
    // The slot is free again, and the next process has it.
    const next = world.start();
    await next.stored([next.call(1_000)]);
    assert.ok(!world.machine.fs.paths.some((path) => path.includes("slot-5")));
    for (const each of [...others, next]) assert.equal((await each.close(10_000)).pending, 0);
  });

  test("a process that starts adopts all that nobody holds, in the order of each slot", async () => {
    const world = new World();
    world.behaviour = () => down;
    const programs = range(0, 3).map(() => world.start());
    for (const [id, each] of programs.entries())
      await each.stored(each.calls(id * 100, id * 100 + 50, `user of ${id}`));
    world.machine.failPower(undefined);
    world.behaviour = () => well;
    const next = world.start();
    assert.deepEqual(await next.flush(), { delivered: 150, dropped: 0, pending: 0 });
    for (const id of range(0, 3)) {
      const own = world.numbers.filter((n) => Math.floor(n / 100) === id);
      assert.deepEqual(own, range(id * 100, id * 100 + 50));
    }
    await next.process.pass(100);
    const before = world.machine.fs.operations.length;
    await next.process.pass(16_000);
    const later = world.machine.fs.operations.slice(before).filter(({ kind }) => kind === "write" || kind === "sync");
    assert.deepEqual(later, [], "empty slots are looked at, and not written");
  });
});
