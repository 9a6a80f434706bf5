import assert from "node:assert/strict";
import type { Message } from "@pintle/events";
import type { FaultOptions, Kept, Vendor } from "@pintle/kit/testing";
import { type Sale, saleOf, takingsOf } from "./takings.ts";

/** A destination in a story, and what has to have become of the events. */
export interface Role {
  /**
   * Its block in the configuration, for a service at `url`. A `type` that is the URL of a file is a
   * module with a type of its own.
   */
  destination(url: string): Readonly<Record<string, unknown>>;
  readonly vendor: Vendor;
  /** @default every kind of fault, three times each */
  readonly faults?: FaultOptions;
  /** The keys under which the service has to have what comes of an event; none: it is filtered. */
  keys(message: Message): readonly string[];
  /** The reason with which an event has to be a dead letter. @default none is */
  dead?(message: Message): string | undefined;
  /**
   * The sale that something at the service is: revenue, orders and customers have to be the shop's.
   */
  sale?(kept: Kept): Sale | undefined;
  /** Whether the events of a user have to come in their order. @default true */
  readonly inOrder?: boolean;
}

/** What has become of the events, by the service and the data plane. */
export interface Ends {
  /** What the service has, by its key, in the order in which it came first. */
  readonly kept: ReadonlyMap<string, Kept>;
  /** The reasons of dead letters, by `messageId`. */
  readonly letters: ReadonlyMap<string, string>;
  /** How many events were filtered, where that is known. */
  readonly filtered: number | undefined;
}

/**
 * Compares what has become of the events with what has to. @throws AssertionError that says where
 * it differs
 */
export function checkEnds(role: Role, messages: readonly Message[], { kept, letters, filtered }: Ends): void {
  const dead = new Map(
    messages.flatMap((message) => {
      const reason = role.dead?.(message);
      return reason === undefined ? [] : [[message.messageId!, reason] as const];
    }),
  );
  assert.deepEqual(new Map([...letters].sort()), new Map([...dead].sort()), "dead letters");
  const alive = messages.filter(({ messageId }) => !dead.has(messageId!));
  const keys = alive.map((message) => role.keys(message));
  const owners = new Map(keys.flatMap((its, index) => its.map((key) => [key, index] as const)));
  assert.equal(owners.size, keys.flat().length, "two events have the same key");
  const missing = [...owners.keys()].filter((key) => !kept.has(key));
  const strange = [...kept.keys()].filter((key) => !owners.has(key));
  assert.deepEqual({ missing: missing.slice(0, 5), strange: strange.slice(0, 5) }, { missing: [], strange: [] });
  if (role.inOrder !== false) checkOrder(kept, alive, owners);
  if (role.sale !== undefined) {
    const there = [...kept.values()].flatMap((each) => role.sale!(each) ?? []);
    assert.deepEqual(takingsOf(there), takingsOf(alive.flatMap((message) => saleOf(message) ?? [])), "takings");
  }
  if (filtered !== undefined) {
    assert.equal(filtered, keys.filter((its) => its.length === 0).length, "filtered events");
  }
}

function checkOrder(
  kept: ReadonlyMap<string, Kept>,
  messages: readonly Message[],
  owners: ReadonlyMap<string, number>,
): void {
  const latest = new Map<string, number>();
  for (const key of kept.keys()) {
    const index = owners.get(key)!;
    const { userId, anonymousId, messageId } = messages[index] as Message & { userId?: string; anonymousId?: string };
    const user = String(userId ?? anonymousId);
    assert.ok(index >= (latest.get(user) ?? -1), `${messageId} of ${user} came after a later event`);
    latest.set(user, index);
  }
}
