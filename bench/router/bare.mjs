// Sends the bodies with undici.Pool and nothing else: what a delivery costs at least. Connections
// and bodies are Pintle's.
import { Pool } from "undici";
import { eventBody } from "./events.mjs";

const [origin, count, connections] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const pool = new Pool(origin, { connections });
const bodies = Array.from({ length: count }, (_, n) => JSON.stringify(eventBody(n)));
const headers = { "content-type": "application/json", "user-agent": "Pintle/bench", "idempotency-key": "" };
let next = 0;

async function send() {
  while (next < count) {
    const n = next++;
    const { body } = await pool.request({
      method: "POST",
      path: "/0",
      headers: { ...headers, "idempotency-key": `m${n}` },
      body: bodies[n],
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
