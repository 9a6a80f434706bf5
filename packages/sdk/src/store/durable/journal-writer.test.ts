import assert from "node:assert/strict";
import { test } from "node:test";
import { Log, LogReader, type LogRecord } from "@pintle/log";
import { FakeFileSystem, systemError } from "@pintle/log/testing";
import type { PintleError } from "../../errors.ts";
import { settled, VirtualEnvironment } from "../../simulation/virtual-environment.ts";
import { ByteStore } from "../memory/byte-store.ts";
import { JournalWriter } from "./journal-writer.ts";
import { PendingIndex } from "./pending-index.ts";
import { decodeAcknowledgements, decodeMessages } from "./record.ts";
import { RecordBatch } from "./record-batch.ts";
import { StoredEntry } from "./stored-entry.ts";

const sync = 5;

/** A writer, a disk, and what the writer tells. */
class Desk {
  readonly fs: FakeFileSystem;
  readonly environment: VirtualEnvironment;
  readonly index: PendingIndex = new PendingIndex();
  readonly problems: PintleError[] = [];
  readonly told: string[] = [];
  readonly writer: JournalWriter;
  readonly #log: Log;
  readonly #bytes = new ByteStore();

  static async open(): Promise<Desk> {
    const fs = new FakeFileSystem();
    const environment = new VirtualEnvironment(() => Promise.reject(new Error("no network")));
    const log = await Log.open("/log", { fs, now: environment.now, segmentBytes: 64 * 1024 });
    return new Desk(fs, environment, log);
  }

  private constructor(fs: FakeFileSystem, environment: VirtualEnvironment, log: Log) {
    this.fs = fs;
    this.environment = environment;
    this.#log = log;
    const { after, hold } = this.environment;
    this.writer = new JournalWriter(
      log,
      this.index,
      { sync, after, hold, epoch: () => 1_000 },
      {
        settled: (batch) => this.told.push(batch.state),
        turned: () => this.told.push("turned"),
        changed: () => {},
        problem: (error) => this.problems.push(error),
      },
    );
  }

  entry(text: string): StoredEntry {
    const entry = new StoredEntry(7, 3);
    assert.ok(this.#bytes.write(entry, text, 100));
    return entry;
  }

  write(...texts: readonly string[]): RecordBatch {
    const batch = new RecordBatch(1);
    this.writer.write(batch);
    for (const text of texts) {
      const entry = this.entry(text);
      batch.add(entry);
      this.writer.grew(entry.length);
    }
    return batch;
  }

  /** Lets time pass, and the disk do what it has to. */
  async pass(milliseconds: number): Promise<void> {
    await this.environment.advance(milliseconds);
    for (let turn = 0; turn < 20; turn++) await settled();
  }

  /** What the log has, in short. */
  async records(): Promise<string[]> {
    const reader = await LogReader.open("/log", { fs: this.fs });
    const records: LogRecord[] = [];
    for (let at = 0; at < this.#log.end; ) {
      const part = await reader.read(at, { end: this.#log.end, maxBytes: 1e6 });
      records.push(...part.records);
      at = part.next;
    }
    await reader.close();
    return records.map(({ header, payload }) => {
      const acknowledged = decodeAcknowledgements(header, payload);
      if (acknowledged === undefined) {
        return decodeMessages(header, payload)!
          .map(({ bytes }) => new TextDecoder().decode(bytes))
          .join(" ");
      }
      const ranges = acknowledged.ranges.map(({ offset, first, count }) => `${offset}/${first}+${count}`);
      return [`low ${acknowledged.low}`, ...ranges].join(" ");
    });
  }
}

test("what gathers within `sync` milliseconds is one turn; messages come before acknowledgements", async () => {
  const desk = await Desk.open();
  const first = desk.write("a", "b");
  assert.deepEqual([desk.writer.isIdle, desk.environment.holds, desk.writer.bytes], [false, 1, 2]);
  await desk.pass(sync - 1);
  assert.equal(first.state, "open");
  await desk.pass(1);
  assert.deepEqual([first.state, first.offset, desk.writer.bytes], ["stored", 0, 0]);
  assert.deepEqual([desk.writer.isIdle, desk.environment.holds, desk.environment.timers], [true, 0, 0]);

  let isDone = false;
  desk.writer.acknowledge([first.entries[1]!], () => {
    isDone = true;
  });
  desk.write("c");
  await desk.pass(sync);
  assert.ok(isDone);
  assert.deepEqual(await desk.records(), ["a b", "c", "low 0 0/1+1"]);
  assert.deepEqual(desk.told, ["stored", "turned", "stored", "turned"]);
});

test("what comes while a turn is being written waits for the next one, and is never forgotten", async () => {
  const desk = await Desk.open();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  desk.write("a");
  await desk.environment.advance(sync - 1);
  desk.fs.interference = ({ kind }) => (kind === "sync" ? held : undefined);
  await desk.pass(1);
  const second = desk.write("b");
  await desk.pass(10 * sync);
  assert.equal(second.state, "open", "the disk has not answered yet");
  release();
  await desk.pass(0);
  assert.equal(second.state, "stored", "it was due");
  assert.deepEqual(await desk.records(), ["a", "b"]);
  assert.ok(desk.writer.isIdle);
});

test("acknowledgements that could not be written are in the next record; a failure is told once", async () => {
  const desk = await Desk.open();
  const batch = desk.write("a", "b", "c");
  await desk.pass(sync);
  desk.fs.interference = ({ kind }) => {
    if (kind === "write" || kind === "sync" || kind === "open") throw systemError("EIO", "the disk is gone");
  };
  let ends = 0;
  const end = (at: number): void => {
    desk.writer.acknowledge([batch.entries[at]!], () => ends++);
  };
  end(0);
  await desk.pass(sync);
  assert.equal(ends, 1, "it has ended all the same");
  const failed = desk.write("d");
  await desk.pass(sync);
  assert.equal(failed.state, "failed");
  assert.ok(desk.writer.hasFailed);
  assert.deepEqual(
    desk.problems.map(({ code }) => code),
    ["PINTLE_DURABLE_WRITE_FAILED"],
  );

  desk.fs.interference = () => {};
  await desk.pass(2_000);
  end(1);
  await desk.pass(sync);
  assert.equal(desk.writer.hasFailed, false);
  const all = (await desk.records()).filter((record) => record.startsWith("low")).join(" ");
  assert.match(all, /0\/0\+2/);
});

test("finish writes at once what waits, in as many turns as it takes", async () => {
  const desk = await Desk.open();
  const batch = desk.write("a");
  batch.whenSettled(() => desk.writer.acknowledge([batch.entries[0]!], () => {}));
  await desk.environment.until(desk.writer.finish());
  assert.deepEqual(await desk.records(), ["a", "low 1"]);
  assert.ok(desk.writer.isIdle);
  await desk.writer.finish();
});
