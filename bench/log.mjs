// npm run bench -- log [SECONDS] [--json]: durable events a second into the log alone, in groups of
// 100 and of 1000 events of 600 bytes, beside better-sqlite3 (WAL, synchronous FULL) and lmdb, in
// one run and by turns. `loop` is the longest time for which the event loop stood still. Each store
// takes groups from two callers, of which each waits for its group to be durable before it gives
// the next one. The median of five rounds.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { Log, LogReader } from "../packages/log/dist/index.js";

const json = process.argv.includes("--json");
const seconds = Number(process.argv.slice(2).find((argument) => argument !== "--json") ?? 1.5);
const rounds = 5;
const callers = 2;
const header = Buffer.alloc(40, 1);
const payload = Buffer.alloc(560, 2);
const event = Buffer.concat([header, payload]);

/**
 * Each: open(directory) gives commit(count), which resolves when so many events are durable, and
 * close().
 */
const stores = {
  "@pintle/log": async (directory) => {
    const log = await Log.open(directory);
    return {
      commit: (count) => Promise.all(Array.from({ length: count }, () => log.append(header, payload))),
      read: async () => {
        const reader = await LogReader.open(directory);
        let events = 0;
        for (let from = 0; from < log.end; ) {
          const { records, next } = await reader.read(from, { end: log.end });
          events += records.length;
          from = next;
        }
        await reader.close();
        return events;
      },
      close: () => log.close(),
    };
  },
  "better-sqlite3": async (directory) => {
    const { default: Database } = await import("better-sqlite3");
    const db = new Database(join(directory, "events.db"));
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.exec("CREATE TABLE events (id INTEGER PRIMARY KEY, body BLOB NOT NULL)");
    const insert = db.prepare("INSERT INTO events (body) VALUES (?)");
    const all = db.transaction((count) => {
      for (let index = 0; index < count; index++) insert.run(event);
    });
    return {
      commit: async (count) => all(count),
      read: async () => {
        let events = 0;
        for (const _ of db.prepare("SELECT id, body FROM events ORDER BY id").iterate()) events++;
        return events;
      },
      close: async () => db.close(),
    };
  },
  lmdb: async (directory) => {
    const { open } = await import("lmdb");
    // With overlappingSync its promises resolve before the data is on disk.
    const db = open({
      path: join(directory, "events"),
      encoding: "binary",
      keyEncoding: "uint32",
      overlappingSync: false,
    });
    let key = 0;
    return {
      commit: (count) => {
        let last;
        for (let index = 0; index < count; index++) last = db.put(key++, event);
        return last;
      },
      read: async () => {
        let events = 0;
        for (const _ of db.getRange()) events++;
        return events;
      },
      close: () => db.close(),
    };
  },
};

async function measure(name, group) {
  const directory = mkdtempSync(join(tmpdir(), "pintle-bench-log-"));
  try {
    const store = await stores[name](directory);
    for (let index = 0; index < 20; index++) await store.commit(group);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const began = performance.now();
    const until = began + seconds * 1000;
    let events = 0;
    const caller = async () => {
      while (performance.now() < until) {
        await store.commit(group);
        events += group;
        // A caller has something else to do; without a turn of the loop nobody could be served
        // beside a store that never gives one.
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    const written = events / (performance.now() - began);
    delay.disable();
    const readFrom = performance.now();
    const read = (await store.read()) / (performance.now() - readFrom);
    await store.close();
    return { written, read, loop: delay.max / 1e6 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rows = [];
for (const group of [100, 1000]) {
  const results = new Map(Object.keys(stores).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(stores)) results.get(name).push(await measure(name, group));
  }
  for (const [store, all] of results) {
    const of = (figure) => all.map((one) => one[figure]);
    const [least, most] = [Math.min(...of("written")), Math.max(...of("written"))];
    rows.push({
      store,
      group,
      written: median(of("written")),
      least,
      most,
      read: median(of("read")),
      loop: median(of("loop")),
    });
  }
}

const thousands = (number) => `${number.toFixed(0)}k`;
if (json) console.log(JSON.stringify(rows));
else {
  console.table(
    rows.map(({ store, group, written, least, most, read, loop }) => ({
      store,
      group,
      "durable events/s": thousands(written),
      spread: `${thousands(least)}-${thousands(most)}`,
      "read events/s": thousands(read),
      "loop, worst ms": Number(loop.toFixed(1)),
    })),
  );
}
