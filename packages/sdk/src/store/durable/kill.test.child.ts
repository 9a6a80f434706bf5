/**
 * A program for kill.test.ts that accepts 5,000 events a second in durable mode, says on stdout
 * what is stored (`s MESSAGE-ID USER NUMBER`) and what has been delivered (`d MESSAGE-ID`), and may
 * end itself by SIGKILL at a numbered operation of the file system.
 *
 * Arguments: directory, URL, first number, number of the fatal operation (-1: none), phase of it,
 * events to accept. Then it waits for the end of stdin, delivers all, and ends. PINTLE_RATE: events
 * a second. PINTLE_ADOPT: milliseconds between two looks for orphaned slots.
 */
import { writeSync } from "node:fs";
import { FolderLock } from "@pintle/log";
import { FatalFileSystem, type FatalPhase } from "@pintle/log/testing";
import { nodeEnvironment } from "../../environment/node.ts";
import { PintleClient } from "../../pintle.ts";
import { checkDurable } from "./durable-options.ts";
import { DurableStore } from "./durable-store.ts";
import { OpeningStore } from "./opening-store.ts";

const [directory = "", url = "", first = "0", fatal = "-1", phase = "before", most = "0"] = process.argv.slice(2);
const eventsPerSecond = Number(process.env.PINTLE_RATE ?? 5_000);
const timeout = Number(process.env.PINTLE_TIMEOUT ?? 2_000);
const adoptPause = Number(process.env.PINTLE_ADOPT ?? 15_000);
const tick = 5;

const { fs } = new FatalFileSystem(Number(fatal), phase as FatalPhase);

let lines = "";
function say(line: string): void {
  if (lines === "") {
    setImmediate(() => {
      writeSync(1, lines);
      lines = "";
    });
  }
  lines += `${line}\n`;
}

const takeLock = (folder: string, wait: number): Promise<FolderLock> => FolderLock.acquire(folder, { wait });
const system = { fs, takeLock, adoptPause };
const client = new PintleClient(
  "key",
  url,
  {
    // Small, so that memory is a window from early on, and segments come and go.
    durable: { directory, maxBytes: 32 * 1024 * 1024 },
    maxQueueBytes: 1024 * 1024,
    interval: 50,
    timeout,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  },
  {
    ...nodeEnvironment,
    durable: (value, others) => ({
      ...checkDurable(value, others),
      open: (settings, memory, host) =>
        new OpeningStore(() => DurableStore.open(settings, memory, host, system), memory, host),
    }),
  },
);
client.on("delivered", ({ messageIds }) => {
  for (const id of messageIds) say(`d ${id}`);
});

const began = performance.now();
let accepted = 0;
const timer = setInterval(() => {
  const due = Math.min(Number(most), ((performance.now() - began) * eventsPerSecond) / 1_000);
  for (; accepted < due; accepted++) {
    const n = Number(first) + accepted;
    const userId = `user-${n % 97}`;
    const receipt = client.track({ userId, event: "Order Completed", properties: { n, plan: "Free", filler } });
    if (!receipt.accepted) continue;
    void receipt.stored().then((isStored) => {
      if (isStored) say(`s ${receipt.messageId} ${userId} ${n}`);
    });
  }
  if (accepted < Number(most)) return;
  clearInterval(timer);
  process.stdin.resume().once("end", () => {
    void client.close({ timeout: 60_000 }).then(({ pending }) => say(`end ${pending}`));
  });
}, tick);
const filler = "x".repeat(200);
