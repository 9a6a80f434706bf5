import assert from "node:assert/strict";
import { test } from "node:test";
import { Pintle } from "@pintle/sdk";
import { byCustomer, cdnowFile, needCdnow, type Purchase, readPurchases } from "./purchases.ts";
import { DataPlane } from "./support/data-plane.ts";
import { readEventFile } from "./support/event-file.ts";
import { onEvent, onFolder, until } from "./support/until.ts";
import { type Delivered, everyThirdFails, WebhookSink, withoutRepeats } from "./support/webhook-sink.ts";

const writeKey = "wk_cdnow";
const customersOf = (purchases: readonly Purchase[]): number => byCustomer(purchases).size;

test("18 months of CDNOW's purchases arrive at a webhook and in a file, complete and in order", needCdnow, async () => {
  const purchases = readPurchases(cdnowFile!);
  await using sink = await WebhookSink.listen();
  await using plane = await startPlane(sink);
  const client = new Pintle(writeKey, plane.url, { strict: true });
  const seen = new Set<string>();
  for (const purchase of purchases) await send(client, purchase, seen);
  await allDelivered(client, purchases);

  await allArrived(plane, sink, purchases);
  assert.deepEqual(await plane.stop(), { code: 0, signal: null });
  const written = await readEventFile(fileOf(plane));
  for (const events of [sink.events, written]) {
    check(events, purchases);
    assert.equal(withoutRepeats(events).length, events.length, "where nothing fails, nothing is repeated");
  }
});

test(
  "nothing is lost or out of order when the data plane is killed on the way and the webhook keeps failing",
  needCdnow,
  async () => {
    const purchases = readPurchases(cdnowFile!);
    // 500 is a fault of one event, so only its user waits; 503 would be one of the destination,
    // which is then given time to recover.
    await using sink = await WebhookSink.listen(everyThirdFails(500));
    await using plane = await startPlane(sink);
    // Small batches: many requests, so that each kill finds some answered, some on their way and
    // some not yet sent.
    const client = new Pintle(writeKey, plane.url, { strict: true, batchSize: 20 });
    const seen = new Set<string>();
    // Each kill comes in the middle of deliveries, and the shop goes on selling while the data
    // plane is down.
    const kills = [0.15, 0.3, 0.5, 0.7, 0.85].map((part) => Math.floor(part * purchases.length));
    let restarting: Promise<void> = Promise.resolve();
    for (const [index, purchase] of purchases.entries()) {
      if (kills.includes(index)) {
        await restarting;
        const wanted = sink.requests + 200;
        await until("the webhook to be in the middle of it", () => sink.requests >= wanted, {
          hints: [onEvent(sink, "request")],
          state: () => `${wanted - sink.requests} requests missing. The data plane printed:\n${plane.output}`,
        });
        assert.deepEqual(await plane.kill(), { code: null, signal: "SIGKILL" });
        restarting = plane.restart();
        restarting.catch(() => {}); // Awaited before the next kill, or at the end.
      }
      await send(client, purchase, seen);
    }
    await restarting;
    await allDelivered(client, purchases);

    await allArrived(plane, sink, purchases);
    assert.deepEqual(await plane.stop(), { code: 0, signal: null });
    check(sink.events, purchases);
    check(await readEventFile(fileOf(plane)), purchases);
    assert.ok(sink.failed > sink.requests / 4, `the webhook failed ${sink.failed} of ${sink.requests} requests`);
  },
);

function startPlane(sink: WebhookSink): Promise<DataPlane> {
  return DataPlane.start({
    sources: [{ name: "cdnow", writeKey, destinations: ["hook", "audit"] }],
    destinations: { hook: { type: "webhook", url: sink.url }, audit: { type: "file", path: "./events.jsonl" } },
  });
}

/**
 * What the shop does at a purchase: identifies the customer at the first one, and tracks the order.
 */
async function send(client: Pintle, { customer, date, cds, cents }: Purchase, seen: Set<string>): Promise<void> {
  const timestamp = new Date(date);
  if (!seen.has(customer)) {
    seen.add(customer);
    await client.ready();
    client.identify({ userId: customer, timestamp, traits: { customer } });
  }
  await client.ready();
  client.track({ userId: customer, event: "Order Completed", timestamp, properties: { revenue: cents / 100, cds } });
}

/** The SDK's account: everything was accepted, and everything was delivered to the data plane. */
async function allDelivered(client: Pintle, purchases: readonly Purchase[]): Promise<void> {
  await client.close({ timeout: 120_000 });
  const { accepted, delivered, pending } = client.stats();
  const count = purchases.length + customersOf(purchases);
  assert.deepEqual({ accepted, delivered, pending }, { accepted: count, delivered: count, pending: 0 });
}

/** Waits until every event has arrived at both destinations. */
async function allArrived(plane: DataPlane, sink: WebhookSink, purchases: readonly Purchase[]): Promise<void> {
  const count = purchases.length + customersOf(purchases);
  const distinct = (events: readonly Delivered[]): number => new Set(events.map(({ messageId }) => messageId)).size;
  await until("every event at the webhook", () => sink.events.length >= count && distinct(sink.events) >= count, {
    hints: [onEvent(sink, "event")],
    state: () => `${distinct(sink.events)} of ${count}. The data plane printed:\n${plane.output}`,
  });
  let written: Delivered[] = [];
  const allWritten = async (): Promise<boolean> => {
    written = await readEventFile(fileOf(plane));
    return written.length >= count && distinct(written) >= count;
  };
  await until("every event in the file", allWritten, {
    hints: [onFolder(plane.path())],
    state: () => `${distinct(written)} of ${count}. The data plane printed:\n${plane.output}`,
  });
}

function fileOf(plane: DataPlane): string {
  return plane.path("events.jsonl");
}

/** Compares what has arrived, without repeats, with what the purchases say. */
function check(arrived: readonly Delivered[], purchases: readonly Purchase[]): void {
  const events = withoutRepeats(arrived);
  const customers = byCustomer(purchases);
  assert.equal(events.length, purchases.length + customers.size, "number of events");

  const identifies = events.filter(({ type }) => type === "identify").map(({ userId }) => userId as string);
  assert.deepEqual(identifies.toSorted(), [...customers.keys()].toSorted(), "one identify for each customer");

  const orders = events.filter(({ type, event }) => type === "track" && event === "Order Completed").map(toPurchase);
  const sum = (all: readonly Purchase[]): number => all.reduce((total, { cents }) => total + cents, 0);
  assert.equal(sum(orders), sum(purchases), "sum of revenue, in cents");

  const arrivedBy = byCustomer(events.map((event) => ({ customer: event.userId as string, event })));
  for (const [customer, bought] of customers) {
    const [first, ...rest] = (arrivedBy.get(customer) ?? []).map(({ event }) => event);
    assert.equal(first?.type, "identify", `${customer} is identified before any order`);
    assert.equal(first?.timestamp, bought[0]!.date);
    assert.deepEqual(rest.map(toPurchase), bought, `the orders of ${customer}, in order`);
  }
}

function toPurchase({ userId, timestamp, properties }: Delivered): Purchase {
  const { revenue, cds } = properties as { revenue: number; cds: number };
  return { customer: userId as string, date: timestamp as string, cds, cents: Math.round(revenue * 100) };
}
