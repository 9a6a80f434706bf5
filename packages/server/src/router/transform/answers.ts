import { parseJson } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { requestKey, takeRequest } from "@pintle/kit/values";
import { parsedCost } from "../memory/heap-cost.ts";
import type { Transformed } from "./event-transform.ts";
import { type Piece, pieceKinds } from "./frames.ts";
import type { Job } from "./job.ts";
import { mostResults, mostResultsBytes } from "./transform.ts";

/**
 * Bytes of heap that what comes of one event may take: that of text which is as large as may be,
 * and a little more.
 */
const mostCost = 160 << 20;

/**
 * Bytes of results of one event whose cost is not reckoned: that would take longer than parsing
 * them.
 */
const cheapBytes = 1 << 20;

/**
 * Bytes of the ids of all that one event becomes: they have to fit into one record of the retry
 * topic.
 */
const mostIdBytes = 4 << 20;

/**
 * What the process says about one batch. It is not trusted: the function runs in it, and can do
 * there what it likes.
 */
export class Answers {
  readonly #batch: readonly Job[];
  readonly #takesRequests: boolean;
  /** Position of the event that is to be answered next. */
  #next = 0;
  /** What came of it so far. */
  #items: DeliveredEvent[] = [];
  #sizes: number[] = [];
  #bytes = 0;
  /** Bytes of heap that they take, as `parsedCost` knows them. */
  #cost = 0;

  /**
   * @param takesRequests whether the destination lets a transformation choose the request of an
   * event
   */
  constructor(batch: readonly Job[], takesRequests = false) {
    this.#batch = batch;
    this.#takesRequests = takesRequests;
  }

  /** Position of the event that is answered next. */
  get next(): number {
    return this.#next;
  }

  /** Whether that one is answered in part. */
  get isInside(): boolean {
    return this.#items.length > 0;
  }

  /**
   * What became of an event, once it is known; `"done"` when the batch has ended.
   *
   * @throws TypeError, RangeError for what a process does not say that goes by its rules
   */
  take({ kind, index, text }: Piece): { readonly job: Job; readonly transformed: Transformed } | "done" | undefined {
    if (kind === pieceKinds.done) {
      const isProgress = index === this.#next && index > 0 && !this.isInside;
      if (!isProgress) throw new RangeError("it ended a batch in the middle of an event");
      return "done";
    }
    const job = this.#batch[this.#next];
    if (job === undefined || index !== this.#next) throw new RangeError("it answered an event that is not its turn");
    if (kind === pieceKinds.item) {
      this.#add(text, `${job.id.messageId}:${this.#items.length}`);
      return undefined;
    }
    const transformed = this.#ended(kind, text, job.id.messageId);
    this.#next++;
    this.#items = [];
    this.#sizes = [];
    this.#bytes = 0;
    this.#cost = 0;
    return { job, transformed };
  }

  #ended(kind: number, text: string, messageId: string): Transformed {
    if (kind === pieceKinds.failed) {
      const detail = text.replaceAll(/\s+/g, " ").slice(0, 500);
      return { kind: "dead", reason: "transformation", detail };
    }
    if (kind === pieceKinds.end) {
      if (this.#items.length === 0 || Number(text) !== this.#items.length)
        throw new RangeError("it gave a list that is not complete");
      return this.#delivery();
    }
    if (this.isInside) throw new RangeError("it gave a list without an end");
    if (kind === pieceKinds.filtered) return { kind: "filtered", reason: "transformation" };
    if (kind !== pieceKinds.one) throw new RangeError("it gave what nobody knows");
    this.#add(text, messageId);
    return this.#delivery();
  }

  #delivery(): Transformed {
    try {
      for (const event of this.#items) {
        if (this.#takesRequests) takeRequest(event);
        else if (Object.hasOwn(event, requestKey)) {
          throw new TypeError(`it gave ${requestKey}, and this type of destination lets nobody choose its requests`);
        }
      }
    } catch (error) {
      return { kind: "dead", reason: "transformation", detail: (error as TypeError).message };
    }
    return { kind: "deliver", events: this.#items, sizes: this.#sizes };
  }

  /** Adds an event. Its id is always ours: whoever could choose it would make two events one. */
  #add(json: string, messageId: string): void {
    this.#bytes += json.length;
    if (this.#items.length >= mostResults || this.#bytes > mostResultsBytes) {
      throw new RangeError(`it gave more than ${mostResultsBytes} bytes, or ${mostResults} events, for one`);
    }
    if ((this.#items.length + 1) * messageId.length > mostIdBytes) {
      throw new RangeError("it gave so many events for one with a long messageId that they cannot be told apart");
    }
    const cost = this.#bytes <= cheapBytes ? json.length : parsedCost(Buffer.from(json));
    this.#cost += cost;
    if (this.#cost > mostCost) this.#checkCost();
    const event: unknown = parseJson(json);
    if (typeof event !== "object" || event === null || Array.isArray(event)) throw new TypeError("it gave no event");
    const result = event as { messageId: string };
    result.messageId = messageId;
    this.#items.push(result as DeliveredEvent);
    this.#sizes.push(cost);
  }

  /** What came in is charged twice, so what costs no more than that may always come of it. */
  #checkCost(): void {
    const most = mostCost + parsedCost(Buffer.from(this.#batch[this.#next]!.json));
    if (this.#cost <= most) return;
    const megabytes = (bytes: number) => Math.round(bytes / 1e6);
    throw new RangeError(
      `what it gave for one event may take ${megabytes(this.#cost)} MB of memory once it is parsed; ${megabytes(most)} MB are the most`,
    );
  }
}
