// A worker that takes jobs until it is told to stop; SIGTERM loses none of its events.
import { setTimeout as sleep } from "node:timers/promises";
import { Pintle } from "@pintle/sdk";

const { WRITE_KEY = "", DATA_PLANE_URL = "" } = process.env;
// An interval that is long on purpose: nothing but the end of the program sends what is queued.
const client = new Pintle(WRITE_KEY, DATA_PLANE_URL, { interval: "1h" });

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
process.once("SIGINT", () => stop.abort());

let jobs = 0;
while (!stop.signal.aborted) {
  await client.ready();
  client.track({ userId: `user-${jobs % 3}`, event: "Job Done", properties: { job: jobs } });
  jobs++;
  if (jobs === 10) console.log("ten jobs done");
  await sleep(5, undefined, { signal: stop.signal }).catch(() => {});
}
const { delivered } = await client.close();
console.log(`stopped after ${jobs} jobs; ${delivered} events were delivered at the end`);
