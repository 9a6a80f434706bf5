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
import { compressedLimit, decompress, type Encoding, encodingOf } from "./decompress.ts";
import type { EventLog } from "./event-log.ts";
import type { GatewayLimits } from "./limits.ts";
import { gif, type PixelType, pixelEvent } from "./pixel.ts";
import { readEvents } from "./read-events.ts";
import { BodyReceipt, gone } from "./receive-body.ts";
import type { RequestContext } from "./request-context.ts";
import { isAbsoluteTarget } from "./request-target.ts";
import type { KnownSource, Sources } from "./sources.ts";
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
  post(context: RequestContext, endpoint: Endpoint): void {
    const source = this.#tools.sources.ofConnection(context.connection, context.headers.authorization);
    if (source === null) context.refuse(noKeyInHeader);
    else this.#receive(context, endpoint, source);
  }

  /** `/beacon/v1/batch`: `sendBeacon` can set no header, so the key is in the query. */
  beacon(context: RequestContext): void {
    const key = context.query().get("writeKey");
    if (key === null || key === "") context.refuse(noKeyInQuery);
    else this.#receive(context, "batch", this.#tools.sources.find(key));
  }

  /**
   * `/pixel/v1/track` and `page`: the answer is the image, whatever becomes of the event, for a
   * person looks at it.
   */
  pixel(context: RequestContext, type: PixelType): void {
    const { sources, counters } = this.#tools;
    const query = context.query();
    const source = this.#admit(sources.find(query.get("writeKey") ?? ""));
    const answer = (refusal?: GatewayAnswer): void => {
      if (refusal !== undefined) counters.refuse(refusal.reason);
      context.send(200, "image/gif", gif, ["Cache-Control", "no-store"]);
    };
    const event = pixelEvent(type, query);
    if ("status" in source) answer(source);
    else if (event === undefined) answer();
    else this.#store(context, type, source, Buffer.from(JSON.stringify(event)), answer);
  }

  /** The source, if a request of it may come in now. */
  #admit(source: KnownSource | undefined): KnownSource | GatewayAnswer {
    const { storage, budget, clock } = this.#tools;
    if (source === undefined) return unknownKey;
    if (!source.enabled) return sourceDisabled;
    const now = clock();
    if (!storage.admits(now)) return storageDown;
    return budget.admits(now) ? source : busy;
  }

  /** Reads the body, stores it, and answers. */
  #receive(context: RequestContext, endpoint: Endpoint, known: KnownSource | undefined): void {
    const { budget, limits, clock } = this.#tools;
    const { headers } = context;
    const source = this.#admit(known);
    if ("status" in source) {
      context.refuse(source);
      return;
    }
    const encoding = encodingOf(headers["content-encoding"]);
    if (encoding === "unsupported") {
      context.refuse(unsupportedEncoding);
      return;
    }
    const limit = encoding === undefined ? limits.bodyBytes : compressedLimit(limits.bodyBytes);
    if (Number(headers["content-length"] ?? 0) > limit) {
      context.refuse(bodyTooLarge);
      return;
    }
    context.continue();
    const bounds = { limit, budget, now: clock() };
    new BodyReceipt(context.request, context.connection, bounds, (received) => {
      try {
        if (received === gone) context.abandon();
        else if (!Buffer.isBuffer(received)) context.refuse(received);
        else if (encoding === undefined) this.#keep(context, endpoint, source, received);
        else this.#unpack(context, endpoint, source, received, encoding);
      } catch (error) {
        context.fail(error);
      }
    });
  }

  /** Decompresses a body whose bytes are taken from the room, and goes on with what it was. */
  #unpack(context: RequestContext, endpoint: Endpoint, source: KnownSource, packed: Buffer, encoding: Encoding): void {
    const { budget, limits } = this.#tools;
    const goOn = (body: Buffer | GatewayAnswer): void => {
      budget.give(packed.length);
      if (!Buffer.isBuffer(body)) {
        context.refuse(body);
      } else if (budget.take(body.length)) {
        this.#keep(context, endpoint, source, body);
      } else {
        budget.give(body.length);
        context.refuse(busy);
      }
    };
    // Only a large body goes to the thread pool: awaiting what is there already would cost a turn
    // for nothing.
    const unpacked = decompress(packed, encoding, limits.bodyBytes);
    if (unpacked instanceof Promise) unpacked.then(goOn).catch((error: unknown) => context.fail(error));
    else goOn(unpacked);
  }

  /** Stores a body whose bytes are taken from the room, and answers. */
  #keep(context: RequestContext, endpoint: Endpoint, source: KnownSource, body: Buffer): void {
    const { budget } = this.#tools;
    let isOpen = true;
    const answer = (refusal?: GatewayAnswer): void => {
      if (isOpen) budget.give(body.length);
      isOpen = false;
      if (refusal === undefined || (refusal === emptyBatch && context.path === "/v1/import")) context.ok();
      else context.refuse(refusal);
    };
    try {
      this.#store(context, endpoint, source, body, answer);
    } catch (error) {
      if (isOpen) budget.give(body.length);
      throw error;
    }
  }

  /** Checks the events of a body and makes it durable. Tells what refuses it, or nothing. */
  #store(
    context: RequestContext,
    endpoint: Endpoint,
    source: KnownSource,
    body: Buffer,
    answer: (refusal?: GatewayAnswer) => void,
  ): void {
    const { log, addresses, counters, storage, limits, clock, newId } = this.#tools;
    const { request, headers, connection } = context;
    if (isAbsoluteTarget(request.url ?? "")) counters.odd(source.id, "absolute_target", 1);
    const read = readEvents(body, endpoint, limits.events, newId, log.isDivided);
    if ("status" in read) {
      if (read === noId) counters.odd(source.id, "no_id", 1);
      answer(read);
      return;
    }
    const { events, payload } = read;

    const receivedAt = clock();
    const wait = source.limit?.take(events.messageIds.length, receivedAt) ?? 0;
    if (wait > 0) {
      answer(rateLimited(wait));
      return;
    }

    const facts: EventRecordFacts = {
      receivedAt,
      sourceId: source.id,
      // Sent several times, node:http joins it to one string.
      requestIp: addresses.find(connection.address, headers["x-forwarded-for"] as string | undefined),
      endpoint,
      messageIds: events.messageIds,
      keyHashes: events.keyHashes,
      batchSentAt: events.batchSentAt,
    };
    const stored = (): void => {
      storage.stored();
      counters.odd(source.id, "numeric_time", events.numericTimes);
      counters.odd(source.id, "unreadable_time", events.unreadableTimes);
      if (read.hadByteOrderMark) counters.odd(source.id, "byte_order_mark", 1);
      if (read.hadNotANumber) counters.odd(source.id, "not_a_number", 1);
      counters.accept(events.messageIds.length, payload.length, clock() - receivedAt);
      answer();
    };
    const failed = (error: unknown): void => {
      storage.failed(error, clock());
      answer(storageDown);
    };
    const appended = log.append(facts, payload, events.ranges);
    appended.then(stored, failed).catch((error: unknown) => context.fail(error));
  }
}
