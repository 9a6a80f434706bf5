import type { DeliveredEvent } from "@pintle/events/gateway";
import { type BatchLimits, type DestinationType, delivered, type Outcome } from "@pintle/kit";
import { deliveryShape } from "@pintle/kit/host";
import { z } from "zod";

export type Deliver = (events: readonly DeliveredEvent[]) => Promise<readonly Outcome[]> | readonly Outcome[];

export interface FakeSettings {
  readonly concurrency?: number;
  readonly from?: "start" | "end";
  readonly maxAge?: number;
  readonly order?: boolean;
  readonly retry?: { readonly max: number };
}

/** A type of destination that does what a test says, and counts what it is asked. */
export class FakeDestination {
  readonly type: DestinationType;
  deliver: Deliver;
  open: () => Promise<void> = async () => {};
  opened = 0;
  closed = 0;

  constructor(deliver: Deliver, batch: BatchLimits = { events: 1, bytes: 0, whole: false }) {
    this.deliver = deliver;
    this.type = {
      type: "fake",
      displayName: "Fake Display",
      description: "does what a test says",
      settings: z.object({
        ...deliveryShape,
        concurrency: z.number().optional(),
      }) as unknown as DestinationType["settings"],
      batch: () => batch,
      concurrency: (settings) => (settings as { concurrency?: number }).concurrency ?? 4,
      open: async () => {
        await this.open();
        this.opened++;
        return {
          deliver: async (events) => this.deliver(events),
          close: async () => {
            this.closed++;
          },
        };
      },
    };
  }
}

/** Delivers everything except what `fault` says, and keeps the ids of what it delivered. */
export function destination(fault: (id: string, attempt: number) => Outcome | undefined = () => undefined): {
  readonly fake: FakeDestination;
  readonly ids: string[];
  readonly attempts: Map<string, number>;
} {
  const ids: string[] = [];
  const attempts = new Map<string, number>();
  const fake = new FakeDestination((events) =>
    events.map(({ messageId }) => {
      const attempt = (attempts.get(messageId) ?? 0) + 1;
      attempts.set(messageId, attempt);
      const outcome = fault(messageId, attempt) ?? delivered;
      if (outcome === delivered) ids.push(messageId);
      return outcome;
    }),
  );
  return { fake, ids, attempts };
}
