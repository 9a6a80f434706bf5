// Sends the bodies with undici.Pool and nothing else: what a delivery costs at least. Connections
// and bodies are Pintle's: one event each, or lists of some, compressed.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Pool } from "undici";
import { eventBody } from "./events.mjs";

const [origin, count, connections, batch] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const pool = new Pool(origin, { connections });
const compress = promisify(gzip);
const headers = { "content-type": "application/json", "user-agent": "Pintle/bench" };
const bodies = Array.from({ length: Math.ceil(count / batch) }, (_, n) => {
  const events = Array.from({ length: Math.min(batch, count - n * batch) }, (_, k) => eventBody(n * batch + k));
  return JSON.stringify(batch === 1 ? events[0] : events);
});
let next = 0;

async function send() {
  while (next < bodies.length) {
    const n = next++;
    const single = batch === 1;
    const { body } = await pool.request({
      method: "POST",
      path: single ? "/0" : "/batch",
      headers: { ...headers, ...(single ? { "idempotency-key": `m${n}` } : { "content-encoding": "gzip" }) },
      body: single ? bodies[n] : await compress(bodies[n]),
    });
    await body.dump();
  }
}

process.send("ready");
process.once("message", async () => {
  await Promise.all(Array.from({ length: connections }, send));
  await pool.close();
  process.disconnect();
});
