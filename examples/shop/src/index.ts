import { Pintle } from "@pintle/sdk";
import { Shop } from "./shop.ts";
import { customerNumber, visit } from "./visitor.ts";

/*
 * The shop with visitors in it. `npm start` runs it beside a data plane and shows what happens; by
 * itself:
 *
 *   PINTLE_WRITE_KEY=wk_... PINTLE_URL=http://127.0.0.1:8080 node examples/shop/dist/index.js
 */
const writeKey = process.env.PINTLE_WRITE_KEY ?? "wk_example_shop";
const url = process.env.PINTLE_URL ?? "http://127.0.0.1:8080";

const client = new Pintle(writeKey, url, { interval: "1s" });
const shop = new Shop(client);

const visitorsAtATime = 8;
const stepEvery = 50;
let visitors = 0;
const visits = Array.from({ length: visitorsAtATime }, nextVisit);

function nextVisit(): Generator<void> {
  visitors++;
  // Every third visitor has been here before.
  const isNew = visitors % 3 !== 0;
  const number = isNew ? visitors : Math.max(1, Math.floor(Math.random() * visitors));
  return visit(shop, customerNumber(number), isNew, Math.random);
}

const steps = setInterval(() => {
  const turn = Math.floor(Math.random() * visits.length);
  if (visits[turn]!.next().done) visits[turn] = nextVisit();
}, stepEvery);

// Whoever started this process may want to show how it goes.
const reports = setInterval(() => process.send?.(client.stats()), 250);

async function close(): Promise<void> {
  clearInterval(steps);
  clearInterval(reports);
  await client.close();
  if (process.connected) {
    process.send?.(client.stats());
    process.disconnect();
  }
}

for (const signal of ["SIGTERM", "SIGINT", "disconnect"]) process.once(signal, () => void close());
