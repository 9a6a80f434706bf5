// npm run bench -- sdk-call [CALLS]: what one track() costs the program that makes it, with the server well, failing and hanging, and with
// the queue full, beside one JSON.stringify of the same event. The server is a process of its own; rounds of all cases alternate, so that what
// else the machine does falls on all of them alike.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const rounds = 5;
const callsPerRound = Math.ceil(Number(process.argv[2] ?? 50_000) / rounds);
/** Calls between two turns of the event loop: what one request of a busy server may record. */
const callsPerTurn = 20;

if (process.argv[2] === "serve") serve();
else await main();

async function main() {
  const { Pintle } = await import("@pintle/sdk");
  const server = fork(fileURLToPath(import.meta.url), ["serve"], { stdio: "inherit" });
  const [port] = await once(server, "message");
  const url = (path) => `http://127.0.0.1:${port}/${path}`;
  const logger = { debug() {}, info() {}, warn() {}, error() {} };

  let sink = 0;
  const plain = (event) => {
    sink += JSON.stringify(event).length;
  };
  const cases = [{ name: "JSON.stringify alone", call: plain, clients: [] }];
  for (const [name, path, config] of [
    ["track(), server well", "well", {}],
    ["track(), server failing (503)", "failing", {}],
    ["track(), server hanging", "hanging", {}],
    ["track(), queue full", "hanging", { maxQueueBytes: 100_000 }],
  ]) {
    const clients = [];
    cases.push({
      name,
      clients,
      // A client for each round: a queue that grows from round to round would be another case.
      begin: () => clients.push(new Pintle("wk_bench", url(path), { logger, ...config })),
      call: (event) => clients.at(-1).track(event),
      end: () => clients.at(-1).close({ timeout: 0 }),
    });
  }

  // The first round warms up and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const each of cases) {
      each.begin?.();
      const times = await measure(each.call);
      await each.end?.();
      if (round > 0) each.times = [...(each.times ?? []), ...times];
    }
  }
  server.kill();

  const rows = cases.map(({ name, times }) => ({ name, ...summary(times) }));
  const [base] = rows;
  console.log(
    `${rounds * callsPerRound} calls each, microseconds, event of ${JSON.stringify(eventOf(0)).length} bytes`,
  );
  console.log(
    `${"".padEnd(32)}${["mean", "mean 99%", "median", "p99", "max", "x", "x 99%"].map((head) => head.padStart(10)).join("")}`,
  );
  for (const { name, mean, mean99, median, p99, max } of rows) {
    const times = [mean, mean99, median, p99, max, mean / base.mean, mean99 / base.mean99];
    const figures = times.map((value) => value.toFixed(1).padStart(10));
    console.log(`${name.padEnd(32)}${figures.join("")}`);
  }
  for (const { name, clients } of cases.slice(1)) {
    const { offered, accepted, refused, delivered } = clients.at(-1).stats();
    if (offered !== accepted + refused.queue_full) throw new Error(`events were refused: ${JSON.stringify(refused)}`);
    console.log(
      `${name}: of the last round ${accepted} accepted, ${refused.queue_full} refused, ${delivered} delivered`,
    );
  }
  if (sink === 0) throw new Error("nothing was encoded");
}

async function measure(call) {
  const times = new Float64Array(callsPerRound);
  for (let i = 0; i < callsPerRound; i++) {
    const event = eventOf(i);
    const begun = performance.now();
    call(event);
    times[i] = (performance.now() - begun) * 1_000;
    if (i % callsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return times;
}

function eventOf(i) {
  return {
    userId: `user-${i % 1_000}`,
    event: "Order Completed",
    properties: {
      orderId: `o-${i}`,
      currency: "EUR",
      revenue: 25.5,
      total: 30.1,
      shipping: 4.6,
      coupon: "WINTER",
      repeat: false,
      products: [
        { id: "p-1", sku: "SKU-1", name: "Pizza Margherita", price: 8.5, quantity: 3 },
        { id: "p-2", sku: "SKU-2", name: "Mineral water", price: 4.6, quantity: 1 },
      ],
    },
    context: { ip: "203.0.113.9", userAgent: "Mozilla/5.0 (X11; Linux x86_64)", locale: "de-AT" },
  };
}

function summary(times) {
  const sorted = Float64Array.from(times).sort();
  return {
    mean: meanOf(sorted),
    // Without the slowest hundredth: on a machine that does other things besides, the mean is theirs.
    mean99: meanOf(sorted.subarray(0, Math.floor(sorted.length * 0.99))),
    median: sorted[Math.floor(sorted.length / 2)],
    p99: sorted[Math.floor(sorted.length * 0.99)],
    max: sorted.at(-1),
  };
}

function meanOf(times) {
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}

function serve() {
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      if (request.url.startsWith("/hanging")) return;
      response.statusCode = request.url.startsWith("/failing") ? 503 : 200;
      response.end("OK");
    });
  });
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
  process.on("disconnect", () => process.exit());
}
