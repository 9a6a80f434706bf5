import assert from "node:assert/strict";
import { DataPlane } from "../support/data-plane.ts";
import { onEvent, until } from "../support/until.ts";
import { type Delivered, WebhookSink } from "../support/webhook-sink.ts";
import { WireTap } from "../support/wire-tap.ts";
import { checkDelivered } from "./check-delivered.ts";

export const writeKey = "wk_official_client";

/** What a client, run against `dataPlaneUrl`, has at hand. */
export interface ClientTrip {
  /** The wire between the client and the data plane. */
  readonly tap: WireTap;
  /** Waits until `count` events have arrived at the destination. */
  arrived(count: number): Promise<void>;
}

/**
 * Takes a client on a trip: its requests go through a tap into a data plane of its own, and its
 * events come out at a webhook. When `run` is over and `count` events have arrived, each is
 * compared with what the client sent, field by field, and there are no others. Returns them by
 * `messageId`.
 */
export async function takeTrip(
  count: number,
  run: (dataPlaneUrl: string, trip: ClientTrip) => Promise<void>,
): Promise<Map<string, Delivered>> {
  await using sink = await WebhookSink.listen();
  await using plane = await DataPlane.start({
    sources: [{ name: "client", writeKey, destinations: ["hook"] }],
    destinations: { hook: { type: "webhook", url: sink.url } },
  });
  await using tap = await WireTap.listen(plane.url);
  const arrived = (wanted: number): Promise<void> =>
    until(`${wanted} events at the webhook`, () => sink.events.length >= wanted, {
      hints: [onEvent(sink, "event"), onEvent(tap, "exchange")],
      state: () => `${sink.events.length}, after ${summary(tap)}. The data plane printed:\n${plane.output}`,
    }).then(() => {});

  await run(tap.url, { tap, arrived });
  await arrived(count);
  // What it has not delivered by now it would have to deliver here: nothing comes twice, and
  // nothing too much.
  await plane.stop();

  const refused = tap.exchanges.filter(({ status }) => status >= 300);
  assert.deepEqual(refused, [], "every request of the client is answered with 2xx");
  const delivered = new Map(sink.events.map((event) => [event.messageId, event]));
  assert.equal(delivered.size, sink.events.length, "no event is delivered twice");
  assert.equal(sink.events.length, count);
  assert.equal(tap.sent.length, count, "the client sent each event once");
  for (const sent of tap.sent) {
    const event = delivered.get(sent.event.messageId as string);
    assert.ok(event, `${sent.event.messageId} arrives`);
    checkDelivered(sent, event);
  }
  return delivered;
}

function summary(tap: WireTap): string {
  return tap.exchanges
    .map(({ method, path, status, answer }) => `${method} ${path}: ${status} ${answer.trim()}`)
    .join("; ");
}
