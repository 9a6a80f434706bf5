import { loadDestinationType } from "@pintle/destinations";
import { completeEvent, type DeliveredEvent } from "@pintle/events/gateway";
import type { Commit, Connection, Outcome, Place, Position } from "@pintle/kit";

let made = 0;

/** An event as destinations get it; `messageId` and `receivedAt` are made if they are not given. */
export function event(fields: Record<string, unknown>): DeliveredEvent {
  const number = ++made;
  return completeEvent(
    { type: "track", userId: "u", ...fields },
    {
      receivedAt: Date.parse((fields.receivedAt as string | undefined) ?? "2026-11-23T09:00:00.000Z"),
      requestIp: "192.0.2.1",
      messageId: (fields.messageId as string | undefined) ?? `m${number}`,
    },
  );
}

export const testTools: { now: () => number; userAgent: string; destinationId: string } = {
  now: () => Date.now(),
  userAgent: "Pintle/test",
  destinationId: "warehouse",
};

/**
 * A destination that loads tables on its own, without a router: batches go in, outcomes come out.
 */
export class TestWarehouse implements AsyncDisposable {
  /** Dead letters that were written before their commit. */
  readonly buried: Outcome[] = [];
  readonly connection: Connection;
  readonly place: Place;
  #position: Position = { low: 0, finished: [] };

  private constructor(connection: Connection, log: string) {
    this.connection = connection;
    this.place = { log, topic: "events", partition: 0 };
  }

  /** The destination `postgres`. */
  static async open(url: string, settings: Record<string, unknown> = {}, log = "log"): Promise<TestWarehouse> {
    const postgres = await loadDestinationType("postgres");
    const values = postgres.settings.parse({ url, namespace: "shop", ...settings });
    return await TestWarehouse.over(await postgres.open(values, { ...testTools, directory: "/" }), log);
  }

  static async over(connection: Connection, log = "log"): Promise<TestWarehouse> {
    const warehouse = new TestWarehouse(connection, log);
    await warehouse.position();
    return warehouse;
  }

  async position(): Promise<Position> {
    this.#position = await this.connection.position!(this.place, this.#position);
    return this.#position;
  }

  /** Loads a batch; the position moves by one. Returns the outcomes in short. */
  async load(events: readonly DeliveredEvent[], source = { id: "shop", name: "Shop" }): Promise<string[]> {
    const from = this.#position;
    const position = { low: from.low + 1, finished: [] };
    const commit: Commit = {
      positions: [{ place: this.place, from, position }],
      writeLetters: async (dead) => void this.buried.push(...dead.values()),
    };
    const outcomes = await this.connection.deliver(events, { sources: events.map(() => source), commit });
    if (outcomes.every(({ outcome }) => outcome !== "retry")) this.#position = position;
    return outcomes.map((each) => (each.outcome === "delivered" ? "delivered" : `${each.outcome} ${each.reason}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
  }
}
