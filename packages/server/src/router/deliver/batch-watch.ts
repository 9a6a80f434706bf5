import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Dead, Delivered, Retry, SentRequest } from "@pintle/kit";
import type { Entry } from "../lanes/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** Gathers what is told of the attempt at a batch. Only made while somebody watches: see `Tap`. */
export class BatchWatch {
  readonly #ledger: Ledger;
  /** Entries by the `messageId` under which they go out. */
  readonly #entries = new Map<string, Entry>();
  readonly #requests = new Map<Entry, SentRequest[]>();

  constructor(ledger: Ledger, entries: readonly Entry[]) {
    this.#ledger = ledger;
    for (const entry of entries) this.#goesOut(entry, entry.transformed ?? [entry.event]);
  }

  /** Notes the events that go out in place of one. */
  transformed(entry: Entry, events: readonly DeliveredEvent[]): void {
    this.#goesOut(entry, events);
    this.#ledger.tell(entry, { kind: "transformed", events });
  }

  /** @see Delivery.sent */
  readonly sent = (request: SentRequest): void => {
    for (const entry of new Set(request.messageIds.flatMap((id) => this.#entries.get(id) ?? []))) {
      const requests = this.#requests.get(entry) ?? [];
      this.#requests.set(entry, [...requests, request]);
    }
  };

  /** The attempt at an event has come to this. */
  attempted(entry: Entry, outcome: Delivered | Retry | Dead): void {
    const reason = outcome.outcome === "delivered" ? {} : { reason: outcome.reason };
    this.#ledger.tell(entry, {
      kind: "attempt",
      number: entry.attempts,
      outcome: outcome.outcome,
      ...reason,
      ...(outcome.detail === undefined ? {} : { detail: outcome.detail }),
      ...("adjusted" in outcome && outcome.adjusted !== undefined ? { adjusted: outcome.adjusted } : {}),
      requests: this.#requests.get(entry) ?? [],
    });
  }

  #goesOut(entry: Entry, events: readonly DeliveredEvent[]): void {
    for (const { messageId } of events) this.#entries.set(messageId, entry);
  }
}
