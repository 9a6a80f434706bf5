import type { Endpoint, EventRecordFacts } from "../records/event-record.ts";
import {
  bodyTooLarge,
  busy,
  emptyBatch,
  type GatewayAnswer,
  noId,
  noKeyInHeader,
  noKeyInQuery,
  rateLimited,
  sourceDisabled,
  storageDown,
  unknownKey,
  unsupportedEncoding,
} from "./answer.ts";
import type { BodyBudget } from "./body-budget.ts";
import type { ClientAddress } from "./client-address.ts";
import type { GatewayCounters } from "./counters.ts";
import { compressedLimit, decompress, encodingOf } from "./decompress.ts";
import type { EventLog } from "./event-log.ts";
import type { GatewayLimits } from "./limits.ts";
import { gif, type PixelType, pixelEvent } from "./pixel.ts";
import { readEvents } from "./read-events.ts";
import { gone, receiveBody } from "./receive-body.ts";
import type { RequestContext } from "./request-context.ts";
import { isAbsoluteTarget } from "./request-target.ts";
import { type KnownSource, type Sources, writeKeyOf } from "./sources.ts";
import type { StorageGate } from "./storage-gate.ts";

/** What the endpoints that take events work with. */
export interface IngestTools {
  readonly log: EventLog;
  readonly sources: Sources;
  readonly addresses: ClientAddress;
  readonly counters: GatewayCounters;
  readonly budget: BodyBudget;
  readonly storage: StorageGate;
  readonly limits: GatewayLimits;
  readonly clock: () => number;
  readonly newId: () => string;
}

/**
 * The way of a request with events to its answer. The checks stand in the order of the table in
 * docs/gateway.md; each ends the way with a refusal. After the last one the body goes to the engine
 * as it was received, and `ok` waits until it is durable.
 */
export class Ingest {
  readonly #tools: IngestTools;

  constructor(tools: IngestTools) {
    this.#tools = tools;
  }

  /**
   * `/v1/batch`, `/v1/track` and the like, `/v1/import`: the key is the user of Basic
   * authentication.
   */
  async post(context: RequestContext, endpoint: Endpoint): Promise<void> {
    const key = writeKeyOf(context.headers.authorization);
    const answer = key === undefined ? noKeyInHeader : await this.#receive(context, endpoint, key);
    if (answer === undefined) context.ok();
    else if (answer === emptyBatch && context.path === "/v1/import") context.ok();
    else if (answer !== gone) context.refuse(answer);
    else context.abandon();
  }

  /** `/beacon/v1/batch`: `sendBeacon` can set no header, so the key is in the query. */
  async beacon(context: RequestContext): Promise<void> {
    const key = context.query().get("writeKey");
    const answer = key === null || key === "" ? noKeyInQuery : await this.#receive(context, "batch", key);
    if (answer === undefined) context.ok();
    else if (answer !== gone) context.refuse(answer);
    else context.abandon();
  }

  /**
   * `/pixel/v1/track` and `page`: the answer is the image, whatever becomes of the event, for a
   * person looks at it.
   */
  async pixel(context: RequestContext, type: PixelType): Promise<void> {
    const query = context.query();
    const source = this.#admit(query.get("writeKey") ?? "");
    let answer: GatewayAnswer | undefined;
    if ("status" in source) {
      answer = source;
    } else {
      const event = pixelEvent(type, query);
      if (event !== undefined) {
        answer = await this.#store(context, type, source, Buffer.from(JSON.stringify(event)));
      }
    }
    if (answer !== undefined) this.#tools.counters.refuse(answer.reason);
    context.send(200, "image/gif", gif, ["Cache-Control", "no-store"]);
  }

  /** The source of a key, if a request of it may come in now. */
  #admit(key: string): KnownSource | GatewayAnswer {
    const { sources, storage, budget, clock } = this.#tools;
    const source = sources.find(key);
    if (source === undefined) return unknownKey;
    if (!source.enabled) return sourceDisabled;
    const now = clock();
    if (!storage.admits(now)) return storageDown;
    return budget.admits(now) ? source : busy;
  }

  /** Reads the body and stores it. `undefined`: it is durable. */
  async #receive(
    context: RequestContext,
    endpoint: Endpoint,
    key: string,
  ): Promise<GatewayAnswer | typeof gone | undefined> {
    const { budget, limits, clock } = this.#tools;
    const source = this.#admit(key);
    if ("status" in source) return source;

    const { headers } = context;
    const encoding = encodingOf(headers["content-encoding"]);
    if (encoding === "unsupported") return unsupportedEncoding;
    const limit = encoding === undefined ? limits.bodyBytes : compressedLimit(limits.bodyBytes);
    if (Number(headers["content-length"] ?? 0) > limit) return bodyTooLarge;

    context.continue();
    const received = await receiveBody(context.request, limit, budget, clock());
    if (!Buffer.isBuffer(received)) return received;
    let held = received.length;
    try {
      if (encoding === undefined) return await this.#store(context, endpoint, source, received);

      // Only a large body goes to the thread pool: awaiting what is there already would cost a turn
      // for nothing.
      const unpacked = decompress(received, encoding, limits.bodyBytes);
      const body = unpacked instanceof Promise ? await unpacked : unpacked;
      if (!Buffer.isBuffer(body)) return body;
      budget.give(held);
      held = body.length;
      if (!budget.take(held)) return busy;
      return await this.#store(context, endpoint, source, body);
    } finally {
      budget.give(held);
    }
  }

  /** Checks the events of a body and makes it durable. */
  async #store(
    { request, headers }: RequestContext,
    endpoint: Endpoint,
    source: KnownSource,
    body: Buffer,
  ): Promise<GatewayAnswer | undefined> {
    const { log, addresses, counters, storage, limits, clock, newId } = this.#tools;
    if (isAbsoluteTarget(request.url ?? "")) counters.odd(source.id, "absolute_target", 1);
    const events = readEvents(body, endpoint, limits.events, newId, log.isDivided);
    if ("status" in events) {
      if (events === noId) counters.odd(source.id, "no_id", 1);
      return events;
    }
    const { payload } = events;

    const receivedAt = clock();
    const wait = source.limit?.take(events.messageIds.length, receivedAt) ?? 0;
    if (wait > 0) return rateLimited(wait);

    const facts: EventRecordFacts = {
      receivedAt,
      sourceId: source.id,
      // Sent several times, node:http joins it to one string.
      requestIp: addresses.find(request.socket.remoteAddress, headers["x-forwarded-for"] as string | undefined),
      endpoint,
      messageIds: events.messageIds,
      keyHashes: events.keyHashes,
      batchSentAt: events.batchSentAt,
    };
    try {
      await log.append(facts, payload, events.ranges);
    } catch (error) {
      storage.failed(error, clock());
      return storageDown;
    }
    storage.stored();
    counters.odd(source.id, "numeric_time", events.numericTimes);
    counters.odd(source.id, "unreadable_time", events.unreadableTimes);
    if (events.hadByteOrderMark === true) counters.odd(source.id, "byte_order_mark", 1);
    if (events.hadNotANumber === true) counters.odd(source.id, "not_a_number", 1);
    counters.accept(events.messageIds.length, payload.length, clock() - receivedAt);
    return undefined;
  }
}
