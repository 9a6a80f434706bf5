// npm run bench -- durable [SECONDS]: what durable mode costs. A program accepts 5,000 events a
// second, in memory and in durable mode by turns, each time in a process of its own, with the
// server well in another one. Told: CPU (user and system, all threads) for each event, and the
// delay of the event loop. `pacing` is the same program that makes the events and sends none.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const eventsPerSecond = 5_000;
const tick = 5;
const rounds = 3;
const modes = ["pacing", "memory", "durable"];
const [role = "5", ...rest] = process.argv.slice(2);

if (role === "serve") serve();
else if (role === "run") await run(...rest);
else await main(Number(role));

async function main(seconds) {
  const server = fork(fileURLToPath(import.meta.url), ["serve"]);
  const [port] = await once(server, "message");
  const results = Object.fromEntries(modes.map((mode) => [mode, []]));
  for (let round = 0; round < rounds; round++) {
    for (const mode of modes) {
      const child = fork(fileURLToPath(import.meta.url), ["run", mode, `http://127.0.0.1:${port}`, String(seconds)]);
      const [result] = await once(child, "message");
      results[mode].push(result);
    }
  }
  server.kill();
  console.log(`${eventsPerSecond} events/s for ${seconds} s, ${rounds} rounds by turns, medians`);
  const cpu = {};
  for (const mode of modes) {
    const of = (field) => median(results[mode].map((result) => result[field]));
    cpu[mode] = of("cpu");
    const parts = [`${cpu[mode].toFixed(1)} us CPU per event`, `loop delay p99 ${of("delay").toFixed(1)} ms`];
    if (mode === "durable") parts.push(`stored after ${of("stored").toFixed(1)} ms (mean)`);
    console.log(`${mode.padEnd(8)} ${parts.join(", ")}`);
  }
  const net = (cpu.durable - cpu.pacing) / (cpu.memory - cpu.pacing);
  console.log(`durable / memory: ${(cpu.durable / cpu.memory).toFixed(2)}; less what pacing takes: ${net.toFixed(2)}`);
}

async function run(mode, url, seconds) {
  const { Pintle } = await import("@pintle/sdk");
  const directory = mkdtempSync(join(tmpdir(), "pintle-bench-"));
  const durable = mode === "durable" ? { durable: { directory } } : {};
  const client = new Pintle("wk_bench", url, durable);
  // One-off loading and compiling is not counted.
  await pace(1, mode, client);
  await client.flush();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const before = process.cpuUsage();
  const stored = await pace(Number(seconds), mode, client);
  await client.flush();
  const { user, system } = process.cpuUsage(before);
  const { delivered, dropped } = client.stats();
  await client.close();
  rmSync(directory, { recursive: true });
  const events = Number(seconds) * eventsPerSecond;
  if (mode !== "pacing" && delivered < events) throw new Error(`${delivered} delivered, ${JSON.stringify(dropped)}`);
  process.send({ cpu: (user + system) / events, delay: delay.percentile(99) / 1e6, stored });
  process.disconnect();
}

/** Makes events at the pace; resolves with the mean time until one of a hundred is stored. */
async function pace(seconds, mode, client) {
  const total = seconds * eventsPerSecond;
  const began = performance.now();
  const waits = [];
  for (let made = 0; made < total; ) {
    const due = Math.min(total, ((performance.now() - began) * eventsPerSecond) / 1_000);
    for (; made < due; made++) {
      const event = eventOf(made);
      if (mode === "pacing") continue;
      const at = performance.now();
      const receipt = client.track(event);
      if (made % 100 === 0) waits.push(receipt.stored().then(() => performance.now() - at));
    }
    await sleep(tick);
  }
  const times = await Promise.all(waits);
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}

function eventOf(n) {
  return {
    userId: `user-${n % 1_000}`,
    event: "Order Completed",
    properties: {
      orderId: `order-${n}`,
      revenue: 25.5,
      currency: "EUR",
      coupon: "SUMMER",
      products: [
        { productId: "p-1", sku: "SKU-1", name: "Pizza Margherita", price: 8.5, quantity: 2 },
        { productId: "p-2", sku: "SKU-2", name: "Tiramisu", price: 8.5, quantity: 1 },
      ],
    },
    context: { ip: "203.0.113.9", userAgent: "Mozilla/5.0 (X11; Linux x86_64)", locale: "de-AT" },
  };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function serve() {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end("ok"));
  });
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
}
