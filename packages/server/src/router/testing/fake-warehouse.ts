import { isDeepStrictEqual } from "node:util";
import {
  type Connection,
  type Dead,
  type DestinationType,
  dead,
  delivered,
  type Outcome,
  type Position,
  retry,
} from "@pintle/kit";
import { deliveryShape } from "@pintle/kit/host";
import { z } from "zod";
import { settle } from "./fake-clock.ts";
import type { FakeDestination } from "./fake-destination.ts";

/** What a transaction comes to. `lost`: it is committed, and the answer does not arrive. */
export type Fate = "ok" | "failed" | "lost";

interface PositionRow {
  readonly log: string;
  readonly position: Position;
  readonly writer: number;
}

/**
 * A database in memory whose transactions take rows and position together. It outlives the
 * processes that write to it.
 */
export class FakeWarehouse {
  /** Events that are loaded, by `messageId`, in the order of loading. */
  rows: readonly string[] = [];
  #positions: ReadonlyMap<string, PositionRow> = new Map();
  #writers = 0;
  fate: () => Fate = () => "ok";
  /** Events whose rows are refused. */
  refuses: (messageId: string) => boolean = () => false;
  /** Asking for a position fails. */
  isDown: () => boolean = () => false;
  asked = 0;
  #claims = 0;

  /**
   * Everything that is stored, to go back to. Going back says whether it went behind a claim: then
   * whoever has made it is fenced.
   */
  snapshot(): () => boolean {
    const { rows } = this;
    const positions = this.#positions;
    const claims = this.#claims;
    return () => {
      this.rows = rows;
      this.#positions = positions;
      return claims !== this.#claims;
    };
  }

  /** The type, for a process that lives as long as `alive` says. */
  process(alive: () => boolean = () => true): Pick<FakeDestination, "type"> {
    const type: DestinationType = {
      type: "warehouse",
      displayName: "Warehouse",
      description: "keeps rows and position in memory",
      settings: z.object(deliveryShape) as unknown as DestinationType["settings"],
      batch: () => ({ events: 4, bytes: 1 << 20, whole: true }),
      transactional: true,
      concurrency: () => 1,
      open: async () => this.#connection(alive),
    };
    return { type };
  }

  #connection(alive: () => boolean): Connection {
    const writer = ++this.#writers;
    const claimed = new Set<string>();
    let last: Promise<unknown> = Promise.resolve();
    const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
      const turn = last.then(work);
      last = turn.catch(() => {});
      return turn;
    };
    return {
      position: async ({ log, topic, partition }, otherwise, anew = otherwise) => {
        await settle();
        if (!alive()) return new Promise(() => {});
        this.asked++;
        if (this.isDown()) throw new Error("the warehouse is down");
        const key = `${topic} ${partition}`;
        const row = this.#positions.get(key);
        if (row !== undefined && claimed.has(key)) {
          if (row.writer !== writer) throw new Error("fenced");
          return row.position;
        }
        claimed.add(key);
        this.#claims++;
        const position = row?.log === log ? row.position : structuredClone(row === undefined ? anew : otherwise);
        this.#positions = new Map(this.#positions).set(key, { log, position, writer });
        return position;
      },

      deliver: (events, delivery) =>
        inTurn(async () => {
          const fail = (reason: string): Outcome[] => events.map(() => retry("destination", reason));
          await settle();
          const fate = this.fate();
          const lost = new Map<number, Dead>();
          events.forEach(({ messageId }, index) => {
            if (this.refuses(messageId)) lost.set(index, dead("row_refused"));
          });
          const { positions, writeLetters } = delivery!.commit!;
          if (lost.size > 0) await writeLetters(lost);
          if (!alive()) return new Promise(() => {});
          if (fate === "failed") return fail("failed");
          for (const { place, from } of positions) {
            const row = this.#positions.get(`${place.topic} ${place.partition}`);
            if (row?.writer !== writer) return fail("fenced");
            if (!isDeepStrictEqual(row.position, from)) return fail("position");
          }
          this.rows = [
            ...this.rows,
            ...events.filter((_, index) => !lost.has(index)).map(({ messageId }) => messageId),
          ];
          const moved = new Map(this.#positions);
          for (const { place, position } of positions)
            moved.set(`${place.topic} ${place.partition}`, {
              log: place.log,
              position: structuredClone(position),
              writer,
            });
          this.#positions = moved;
          await settle();
          if (!alive()) return new Promise(() => {});
          return fate === "lost" ? fail("answer_lost") : events.map((_, index) => lost.get(index) ?? delivered);
        }),

      close: async () => {},
    };
  }
}
