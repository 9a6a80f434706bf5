import type { Connection, DestinationType, Outcome, Tools } from "@pintle/destinations/kit";
import { hashUserKey, userKey } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import type { AssignedPartition, Engine, EngineRecord, Subscription } from "../engine/engine.ts";
import { EngineError } from "../engine/engine-error.ts";
import { eventsOf } from "../engine/event-record.ts";
import type { Logger } from "../logger.ts";
import type { Redact } from "../redactor.ts";
import { backoff } from "./backoff.ts";
import { Breaker } from "./breaker.ts";
import type { Clock } from "./clock.ts";
import { encodeDeadLetter } from "./dead-letter.ts";
import { filterEvent } from "./filter.ts";
import { type Entry, type Lane, Lanes } from "./lanes.ts";
import { type ConsumerLimits, defaultLimits } from "./limits.ts";
import type { PartitionState } from "./partition-state.ts";
import type { Register } from "./register.ts";
import { scopeOf } from "./scope.ts";
import type { DestinationStatus, Problem } from "./status.ts";
import { Tally } from "./tally.ts";
import { countEvents, countUnread, takeOffUnread } from "./unread.ts";
import { Window } from "./window.ts";

/** A destination as the router needs it. */
export interface ConsumerDestination {
  readonly id: string;
  readonly name: string;
  readonly type: DestinationType;
  /** What the type's schema made of its keys in the configuration. */
  readonly settings: { readonly from?: "start" | "end" | undefined; readonly maxAge: number };
  /** Ids of the sources that are connected to it. */
  readonly sources: ReadonlySet<string>;
}

export interface ConsumerOptions {
  readonly destination: ConsumerDestination;
  readonly engine: Engine;
  readonly register: Register;
  readonly tools: Tools;
  readonly clock: Clock;
  /** Gives a number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly redact: Redact;
  readonly limits?: Partial<ConsumerLimits>;
}

/** Events that go out in one call of `deliver`. */
interface Batch {
  readonly entries: readonly Entry[];
  readonly lanes: readonly Lane[];
  readonly bytes: number;
  readonly isProbe: boolean;
}

const noUserKey = hashUserKey("");

const noOutcome: Outcome = {
  outcome: "retry",
  scope: "event",
  reason: "no_outcome",
  detail: "the destination gave no outcome",
};

/**
 * Brings the events of the log to one destination: a consumer group of its own, so that no other destination feels how this
 * one fares. Each event that it reads ends in exactly one of four ways, and is counted when it does:
 *
 * delivered | filtered (reason) | dead (reason), durable in `dead.<id>` | still waiting, in memory and above the saved progress
 *
 * An event is finished when it has ended; only then may progress move past it. What is lost when the process dies is
 * therefore at most the knowledge that something had ended: it is done again, never left out.
 *
 * Reading stops when the window is full, and while the breaker is not closed; then the log holds what waits.
 */
export class Consumer {
  readonly #destination: ConsumerDestination;
  readonly #engine: Engine;
  readonly #register: Register;
  readonly #tools: Tools;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #logger: Logger;
  readonly #redact: Redact;
  readonly #limits: ConsumerLimits;
  readonly #readAhead: number;
  readonly #names: { readonly name: string; readonly displayName: string };

  readonly #partitions = new Map<number, PartitionState>();
  readonly #lanes = new Lanes();
  readonly #breaker: Breaker;
  #subscription: Subscription | undefined;
  #begun: Promise<unknown>[] = [];

  #connection: Connection | undefined;
  #connecting: Promise<void> | undefined;

  /** Batches on their way, and the payload bytes of their events. */
  #inFlight = 0;
  #inFlightEvents = 0;
  #inFlightBytes = 0;
  /** Events in memory that are not finished, and their bytes. */
  #windowEvents = 0;
  #windowBytes = 0;

  /** Entries whose dead letter could not be written, to be tried again. */
  #unburied: (() => void)[] = [];
  #burialFailures = 0;

  #delivered = 0;
  #retried = 0;
  #malformed = 0;
  readonly #filtered = new Tally();
  readonly #dead = new Tally();
  #problem: Problem | undefined;
  #stopped = false;

  #cancelWake: (() => void) | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #cancelSave: (() => void) | undefined;
  #cancelBurials: (() => void) | undefined;
  /** Readers that wait for room. */
  #forRoom: (() => void)[] = [];
  #closing: Promise<void> | undefined;
  /** Nothing counts any more: whatever still comes back belongs to nobody. */
  #closed = false;
  #onDrained: (() => void) | undefined;

  constructor(options: ConsumerOptions) {
    this.#destination = options.destination;
    this.#engine = options.engine;
    this.#register = options.register;
    this.#tools = options.tools;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#logger = options.logger;
    this.#redact = options.redact;
    this.#limits = { ...defaultLimits, ...options.limits };
    const { type, name, settings } = options.destination;
    this.#readAhead = Math.max(this.#limits.readAhead, 2 * type.batch.events);
    this.#names = { name, displayName: type.displayName };
    this.#breaker = new Breaker(Math.max(1, type.concurrency(settings)), options.random);
  }

  get id(): string {
    return this.#destination.id;
  }

  /** Events in memory that are not finished: bounded, whatever waits. */
  get inMemory(): number {
    return this.#windowEvents;
  }

  /** Joins the log. Resolves when it is durable where this destination begins in the partitions that it got. */
  async start(): Promise<void> {
    this.#subscription = await this.#engine.subscribe("events", this.id, {
      assigned: (partition) => {
        this.#begun.push(this.#assigned(partition));
      },
      revoked: (partition) => this.#revoked(partition),
    });
    await Promise.all(this.#begun);
  }

  // --- reading ---

  async #assigned(source: AssignedPartition): Promise<void> {
    const from = source.progress?.low ?? (await this.#begin(source));
    if (this.#closing !== undefined) return;
    const finishedBefore = new Map<number, Set<number>>();
    for (const [offset, index] of source.progress?.finished ?? []) {
      const indices = finishedBefore.get(offset);
      if (indices === undefined) finishedBefore.set(offset, new Set([index]));
      else indices.add(index);
    }
    const partition: PartitionState = {
      source,
      window: new Window(from),
      finishedBefore,
      endAtStart: source.end(),
      abort: new AbortController(),
      pending: 0,
      onIdle: undefined,
      dirty: false,
      revoked: false,
      countedTo: from,
      unread: 0,
    };
    this.#partitions.set(source.partition, partition);
    void this.#read(partition);
  }

  /** Where a destination without progress begins. */
  async #begin(source: AssignedPartition): Promise<number> {
    const known = this.#register.beginningOf(this.id, source.partition);
    if (known !== undefined) return known;
    const fromStart = this.#register.firstStart || this.#destination.settings.from === "start";
    const from = fromStart ? source.start() : source.end();
    await this.#register.add(this.id, source.partition, from);
    source.save({ low: from, finished: [] });
    return from;
  }

  async #revoked(number: number): Promise<void> {
    const partition = this.#partitions.get(number);
    if (partition === undefined) return;
    partition.revoked = true;
    partition.abort.abort();
    this.#signalRoom();
    if (partition.pending > 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        partition.onIdle = resolve;
      });
    }
    partition.source.save(partition.window.progress());
    this.#partitions.delete(number);
  }

  /** The reading loop of a partition. It ends with the partition and never throws. */
  async #read(partition: PartitionState): Promise<void> {
    const { source, window, abort } = partition;
    let failures = 0;
    while (!this.#ended(partition)) {
      if (!this.#mayRead(partition)) {
        await new Promise<void>((resolve) => this.#forRoom.push(resolve));
        continue;
      }
      try {
        const from = window.position;
        const { records, next } = await source.read(from, this.#limits.readBytes);
        failures = 0;
        if (next === from) {
          await source.wait(from, abort.signal);
          continue;
        }
        for (const record of records) {
          while (!this.#mayRead(partition) && !this.#ended(partition)) {
            await new Promise<void>((resolve) => this.#forRoom.push(resolve));
          }
          if (this.#ended(partition)) return;
          this.#take(record, partition);
          this.#pump();
        }
        window.skipTo(next);
        this.#touch(partition);
      } catch (error) {
        if (this.#ended(partition)) return;
        if (error instanceof EngineError && error.code === "RECORD_TOO_NEW") {
          // To step over it would lose it, and a newer version will read it.
          this.#stopped = true;
          this.#report("record_too_new", error.message);
          return;
        }
        failures++;
        this.#report("read", error instanceof Error ? error.message : String(error));
        await this.#delay(backoff(failures, this.#random), partition);
      }
    }
  }

  #ended(partition: PartitionState): boolean {
    return partition.revoked || this.#closing !== undefined;
  }

  #mayRead({ window }: PartitionState): boolean {
    if (this.#breaker.state !== "closed") return this.#needsProbe();
    return (
      this.#lanes.ready < this.#readAhead &&
      this.#windowEvents < this.#limits.windowEvents &&
      this.#windowBytes < this.#limits.windowBytes &&
      window.finishedAbove < this.#limits.finishedAbove
    );
  }

  /**
   * While the destination is in trouble nothing is read, but for an event to probe it with: one beside that which failed
   * last, since that one may be the trouble.
   */
  #needsProbe(): boolean {
    return this.#lanes.ready < 2 && this.#windowEvents < this.#limits.windowEvents;
  }

  #signalRoom(): void {
    if (this.#forRoom.length === 0) return;
    const waiting = this.#forRoom;
    this.#forRoom = [];
    for (const go of waiting) go();
  }

  /** Takes a record in: filters its events, and puts those that go out into their lanes. */
  #take(record: EngineRecord, partition: PartitionState): void {
    const { sourceId, events: count } = countEvents(record.header);
    if (!this.#destination.sources.has(sourceId) && sourceId !== "") {
      takeOffUnread(record, partition, this.#concerns);
      this.#skip(record, partition, sourceId, count);
      return;
    }
    let events: DeliveredEvent[];
    let keyHashes: ArrayLike<number>;
    try {
      ({ events, keyHashes } = eventsOf(record));
    } catch (error) {
      if (!(error instanceof EngineError) || error.code === "RECORD_TOO_NEW") throw error;
      takeOffUnread(record, partition, this.#concerns);
      this.#takeUnreadable(record, partition, { sourceId, count, error });
      return;
    }
    takeOffUnread(record, partition, this.#concerns);
    const before = partition.finishedBefore.get(record.offset);
    partition.finishedBefore.delete(record.offset);
    const state = partition.window.add(record.offset, record.time, events.length);
    const bytes = Math.ceil(record.payload.length / events.length);
    for (let index = 0; index < events.length; index++) {
      if (before?.has(index) === true) {
        partition.window.finish(state, index);
        continue;
      }
      const event = events[index]!;
      const { verdict, malformed } = filterEvent(event, this.#names);
      if (malformed) this.#malformed++;
      if (verdict === "integrations") {
        this.#filtered.add(verdict);
        partition.window.finish(state, index);
        continue;
      }
      const keyHash = keyHashes[index]!;
      const entry: Entry = {
        partition,
        record: state,
        index,
        event,
        sourceId,
        keyHash,
        bytes,
        weight: 1,
        lane: undefined,
        next: undefined,
        attempts: 0,
        firstAttempt: undefined,
        deliveredAtFailure: undefined,
      };
      this.#windowEvents++;
      this.#windowBytes += bytes;
      if (verdict === "type") {
        partition.pending++;
        this.#bury(entry, "type", {
          detail: `the event has the type ${JSON.stringify(event.type) ?? "(none)"}`.slice(0, 200),
        });
      } else {
        this.#lanes.add(
          entry,
          keyHash !== noUserKey || userKey({ userId: event.userId, anonymousId: event.anonymousId }) !== "",
        );
      }
    }
    this.#touch(partition);
  }

  /** Whether the events of a source at this offset are, or were, for this destination. */
  readonly #concerns = (sourceId: string, offset: number): boolean => {
    if (sourceId === "" || this.#destination.sources.has(sourceId)) return true;
    // It may have been connected when they were accepted, before this start: they are counted as filtered.
    for (const { endAtStart } of this.#partitions.values()) if (offset < endAtStart) return true;
    return false;
  };

  /** A record of a source that is not connected to this destination. */
  #skip(record: EngineRecord, partition: PartitionState, sourceId: string, count: number): void {
    const before = partition.finishedBefore.get(record.offset)?.size ?? 0;
    partition.finishedBefore.delete(record.offset);
    if (this.#concerns(sourceId, record.offset) && count > before) this.#filtered.add("disconnected", count - before);
    partition.window.add(record.offset, record.time, 0);
    this.#touch(partition);
  }

  /** A record of which nothing can be made is kept whole, as one dead letter that counts as all its events. */
  #takeUnreadable(
    record: EngineRecord,
    partition: PartitionState,
    { sourceId, count, error }: { sourceId: string; count: number; error: EngineError },
  ): void {
    const state = partition.window.add(record.offset, record.time, 1);
    const finished = partition.finishedBefore.delete(record.offset);
    this.#touch(partition);
    if (finished) {
      partition.window.finish(state, 0);
      return;
    }
    const base64 = (bytes: Uint8Array) =>
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
    const event = { messageId: "", header: base64(record.header), payload: base64(record.payload) };
    this.#windowEvents += count;
    this.#windowBytes += record.payload.length;
    partition.pending++;
    this.#bury(
      {
        partition,
        record: state,
        index: 0,
        event: event as unknown as DeliveredEvent,
        sourceId,
        keyHash: 0,
        bytes: record.payload.length,
        weight: count,
        lane: undefined,
        next: undefined,
        attempts: 0,
        firstAttempt: undefined,
        deliveredAtFailure: undefined,
      },
      "record",
      { detail: error.message },
    );
  }

  // --- delivering ---

  /** Sends as much as may go out now, and sets the timer for what comes later. */
  #pump(): void {
    if (this.#closing !== undefined) return;
    const now = this.#clock.now();
    this.#breaker.tick(now);
    this.#lanes.wake(now);
    if (this.#connection === undefined) {
      if (this.#lanes.ready > 0) this.#connect();
    } else {
      while (
        this.#lanes.ready > 0 &&
        this.#breaker.admits(this.#inFlight) &&
        (this.#inFlight === 0 || this.#inFlightBytes < this.#limits.inFlightBytes)
      ) {
        const batch = this.#nextBatch();
        if (batch === undefined) break;
        this.#send(batch, this.#connection, now);
      }
    }
    if (this.#forRoom.length > 0 && this.#hasRoom()) this.#signalRoom();
    this.#setWake();
  }

  /** Half of what may be held is free, so that reading does not go on in crumbs; or the probe needs an event. */
  #hasRoom(): boolean {
    if (this.#breaker.state !== "closed") return this.#needsProbe();
    return (
      this.#lanes.ready * 2 <= this.#readAhead &&
      this.#windowEvents * 2 <= this.#limits.windowEvents &&
      this.#windowBytes * 2 <= this.#limits.windowBytes
    );
  }

  #setWake(): void {
    const breakerAt = this.#breaker.state === "open" ? this.#breaker.until : Number.POSITIVE_INFINITY;
    const at = Math.min(breakerAt, this.#lanes.nextDue);
    if (at === this.#wakeAt) return;
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#wakeAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#cancelWake = this.#clock.after(Math.max(0, Math.ceil(at - this.#clock.now())), () => {
      this.#cancelWake = undefined;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#pump();
    });
  }

  #connect(): void {
    if (this.#connecting !== undefined || !this.#breaker.admits(0)) return;
    const isProbe = this.#breaker.state === "half-open";
    if (isProbe) this.#breaker.probe();
    this.#connecting = this.#open().then(
      (connection) => {
        this.#connecting = undefined;
        if (this.#closing !== undefined) return connection.close();
        this.#connection = connection;
        if (isProbe) this.#recovered(true);
        this.#pump();
      },
      (error: unknown) => {
        this.#connecting = undefined;
        this.#trouble("open", error instanceof Error ? error.message : String(error), isProbe);
        this.#pump();
      },
    );
  }

  async #open(): Promise<Connection> {
    return this.#destination.type.open(this.#destination.settings, this.#tools);
  }

  #nextBatch(): Batch | undefined {
    const isProbe = this.#breaker.state === "half-open";
    const { events: most, bytes: mostBytes, whole } = this.#destination.type.batch;
    const entries: Entry[] = [];
    const lanes: Lane[] = [];
    let bytes = 0;
    while (entries.length < most && (entries.length === 0 || bytes < mostBytes)) {
      const lane = this.#lanes.take(isProbe);
      if (lane === undefined) break;
      let taken = 0;
      do {
        const entry = this.#lanes.shift(lane);
        if (entry === undefined) break;
        if (entry.partition.revoked) {
          this.#leave(entry);
          continue;
        }
        entries.push(entry);
        bytes += entry.bytes;
        taken++;
      } while (taken === 0 || (whole && entries.length < most && bytes < mostBytes));
      if (taken === 0) this.#lanes.release(lane);
      else lanes.push(lane);
    }
    if (entries.length === 0) return undefined;
    // Lanes keep the order within a user; a file is nicer to read in the order of the log.
    if (whole && entries.length > 1) entries.sort(inLogOrder);
    return { entries, lanes, bytes, isProbe };
  }

  #send(batch: Batch, connection: Connection, now: number): void {
    const { entries, bytes, isProbe } = batch;
    if (isProbe) this.#breaker.probe();
    this.#inFlight++;
    this.#inFlightEvents += entries.length;
    this.#inFlightBytes += bytes;
    const events = new Array<DeliveredEvent>(entries.length);
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at]!;
      entry.attempts++;
      entry.firstAttempt ??= now;
      entry.partition.pending++;
      events[at] = entry.event;
    }
    let delivery: Promise<readonly Outcome[]>;
    try {
      delivery = connection.deliver(events);
    } catch (error) {
      delivery = Promise.reject(error);
    }
    delivery.then(
      (outcomes) => this.#settle(batch, outcomes),
      // A fault of the destination's type, since it reports failures as outcomes. It may be this event's doing.
      (error: unknown) => {
        const detail = error instanceof Error ? error.message : String(error);
        this.#settle(
          batch,
          entries.map(() => ({ outcome: "retry", scope: "event", reason: "error", detail })),
        );
      },
    );
  }

  /** The outcomes of a batch are there. */
  #settle({ entries, lanes, bytes, isProbe }: Batch, outcomes: readonly Outcome[]): void {
    if (this.#closed) return;
    const now = this.#clock.now();
    this.#inFlight--;
    this.#inFlightEvents -= entries.length;
    this.#inFlightBytes -= bytes;

    let sick: Outcome | undefined;
    let failed: Outcome | undefined;
    let gotThrough = false;
    let mostFail = false;
    const dueAt = new Map<Lane, number>();
    const again = new Set<Lane>();
    // From the last to the first: what is put back into a lane ends up in its order.
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at]!;
      const outcome = outcomes[at] ?? noOutcome;
      const lane = entry.lane!;
      if (outcome.outcome === "retry") {
        const scope = scopeOf(outcome, this.#delivered, entry.deliveredAtFailure);
        entry.deliveredAtFailure ??= this.#delivered;
        if (scope === "destination") sick = worse(sick, outcome);
        else failed = outcome;
        if (entry.attempts === 1 && scope === "event") mostFail = this.#breaker.firstAttempt(true) || mostFail;
        if (outcome.ages === false) {
          entry.firstAttempt = undefined;
        } else if (now - (entry.firstAttempt ?? now) >= this.#destination.settings.maxAge) {
          this.#bury(entry, "expired", outcome);
          continue;
        }
        this.#retried++;
        this.#unpend(entry.partition);
        this.#lanes.unshift(lane, entry);
        if (scope === "destination") again.add(lane);
        else dueAt.set(lane, now + backoff(entry.attempts, this.#random, outcome.after));
        continue;
      }
      gotThrough = true;
      if (entry.attempts === 1) this.#breaker.firstAttempt(false);
      if (outcome.outcome === "delivered") {
        this.#delivered++;
        this.#unpend(entry.partition);
        this.#finish(entry);
      } else {
        this.#bury(entry, outcome.reason, outcome);
      }
    }
    for (const lane of lanes) {
      const due = dueAt.get(lane);
      if (due !== undefined) this.#lanes.wait(lane, due);
      else if (again.has(lane)) this.#lanes.retry(lane);
      else this.#lanes.release(lane);
    }
    if (sick !== undefined) this.#trouble(sick.reason, sick.detail ?? sick.reason, isProbe, sick.after);
    else if (mostFail) this.#trouble(failed!.reason, `most events fail: ${failed!.detail ?? failed!.reason}`, isProbe);
    else if (gotThrough) this.#recovered(isProbe);
    else if (isProbe) this.#trouble(failed!.reason, failed!.detail ?? failed!.reason, isProbe, failed!.after);
    else if (failed !== undefined) this.#note(failed.reason, failed.detail ?? failed.reason);
    this.#pump();
    this.#checkDrained();
  }

  #trouble(reason: string, message: string, isProbe: boolean, after = 0): void {
    const before = this.#breaker.state;
    this.#breaker.troubled(this.#clock.now(), isProbe, after);
    // Once when it begins, not for every probe.
    if (before === "closed") this.#report(reason, message);
    else this.#note(reason, message);
  }

  #recovered(isProbe: boolean): void {
    const before = this.#breaker.state;
    this.#breaker.succeeded(isProbe);
    if (before === "half-open" && this.#breaker.state === "closed") {
      this.#logger.info({ destination: this.#destination.name }, "destination works again");
    }
  }

  // --- ending ---

  /** The event has ended. Progress may move past it. */
  #finish(entry: Entry): void {
    this.#leave(entry);
    if (entry.partition.revoked) return;
    entry.partition.window.finish(entry.record, entry.index);
    this.#touch(entry.partition);
  }

  /** The event is no longer in memory. */
  #leave(entry: Entry): void {
    this.#windowEvents -= entry.weight;
    this.#windowBytes -= entry.bytes;
  }

  #unpend(partition: PartitionState): void {
    partition.pending--;
    if (partition.pending === 0) partition.onIdle?.();
  }

  /** Gives an event up: it is finished once its dead letter is durable. */
  #bury(entry: Entry, reason: string, { detail, answer }: Pick<Outcome, "detail" | "answer">): void {
    const { partition, record, index, event, sourceId, attempts, firstAttempt, keyHash } = entry;
    const wall = this.#clock.wall();
    const letter = encodeDeadLetter({
      reason,
      sourceId,
      partition: partition.source.partition,
      offset: record.offset,
      index,
      at: wall,
      attempts,
      ...(firstAttempt === undefined ? {} : { firstAttempt: Math.round(wall - (this.#clock.now() - firstAttempt)) }),
      event,
      ...(answer === undefined ? {} : { answer: this.#redactAnswer(answer) }),
      ...(detail === undefined ? {} : { detail: this.#redact(detail) }),
    });
    const attempt = () => {
      this.#engine.append(`dead.${this.id}`, { keyHash, ...letter }).then(
        () => {
          if (this.#closed) return;
          this.#burialFailures = 0;
          this.#dead.add(reason, entry.weight);
          this.#unpend(partition);
          this.#finish(entry);
          this.#note(reason, detail ?? reason);
          this.#pump();
          this.#checkDrained();
        },
        (error: unknown) => {
          if (this.#closed) return;
          this.#unburied.push(attempt);
          this.#report(
            "dead_letter",
            `a dead letter cannot be written: ${error instanceof Error ? error.message : String(error)}`,
          );
          this.#cancelBurials ??= this.#clock.after(backoff(++this.#burialFailures, this.#random), () => {
            this.#cancelBurials = undefined;
            const attempts = this.#unburied;
            this.#unburied = [];
            for (const again of attempts) again();
          });
        },
      );
    };
    attempt();
  }

  #redactAnswer(answer: NonNullable<Outcome["answer"]>): NonNullable<Outcome["answer"]> {
    const headers = Object.entries(answer.headers).map(([name, value]) => [name, this.#redact(value)]);
    return { status: answer.status, headers: Object.fromEntries(headers), body: this.#redact(answer.body) };
  }

  // --- progress ---

  #touch(partition: PartitionState): void {
    partition.dirty = true;
    if (this.#cancelSave !== undefined || this.#closed) return;
    // A long list costs more to save, so it is saved less often.
    const { saveInterval } = this.#limits;
    const delay = partition.window.finishedAbove > 1000 ? saveInterval * 10 : saveInterval;
    this.#cancelSave = this.#clock.after(delay, () => {
      this.#cancelSave = undefined;
      this.#save();
    });
  }

  #save(): void {
    for (const partition of this.#partitions.values()) {
      if (!partition.dirty || partition.revoked) continue;
      partition.dirty = false;
      partition.source.save(partition.window.progress());
    }
  }

  // --- telling ---

  #note(reason: string, message: string): void {
    this.#problem = {
      at: new Date(this.#clock.wall()).toISOString(),
      reason,
      message: this.#redact(message).slice(0, 500),
    };
  }

  #report(reason: string, message: string): void {
    this.#note(reason, message);
    this.#logger.warn(
      { destination: this.#destination.name, reason },
      `destination in trouble: ${this.#problem?.message}`,
    );
  }

  /**
   * How the destination stands. Everything in it is of one instant, the one at which the promise resolves.
   *
   * @param countFor milliseconds that counting what is unread may take
   */
  async status(countFor = 500): Promise<DestinationStatus> {
    const deadline = this.#clock.now() + countFor;
    const all = [...this.#partitions.values()];
    const counted = await Promise.all(
      all.map((partition) => countUnread(partition, this.#concerns, this.#clock, deadline)),
    );
    return this.snapshot(counted.every(Boolean));
  }

  /** How the destination stands, with what was counted before. */
  snapshot(counted: boolean): DestinationStatus {
    let unread = 0;
    let records = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for (const { unread: some, window, source } of this.#partitions.values()) {
      unread += some;
      records += Math.max(0, source.end() - window.low);
      oldest = Math.min(oldest, window.oldest?.time ?? Number.POSITIVE_INFINITY);
    }
    const waiting = this.#windowEvents + unread;
    const { id, name, type } = this.#destination;
    return {
      id,
      name,
      type: type.type,
      state: this.#stopped ? "stopped" : this.#breaker.state,
      delivered: this.#delivered,
      filtered: this.#filtered.toJSON(),
      dead: this.#dead.toJSON(),
      retried: this.#retried,
      waiting,
      inFlight: this.#inFlightEvents,
      lanesWaiting: this.#lanes.waiting,
      lag: {
        records,
        events: waiting,
        seconds: oldest === Number.POSITIVE_INFINITY ? 0 : Math.max(0, (this.#clock.wall() - oldest) / 1000),
      },
      counted,
      malformedIntegrations: this.#malformed,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  // --- closing ---

  /**
   * Sends nothing more, waits for what is on its way, at most `within` milliseconds, saves progress and leaves the group.
   * What was not finished is delivered again after the next start. Called again it does nothing more.
   */
  close(within = 5000): Promise<void> {
    this.#closing ??= this.#close(within);
    return this.#closing;
  }

  async #close(within: number): Promise<void> {
    // The caller has to have its promise in `#closing` before anything below looks at it.
    await Promise.resolve();
    for (const { abort } of this.#partitions.values()) abort.abort();
    this.#signalRoom();
    if (!this.#isDrained()) {
      await this.#atMost(within, (drained) => {
        this.#onDrained = drained;
      });
    }
    this.#closed = true;
    this.#cancelWake?.();
    this.#cancelSave?.();
    this.#cancelBurials?.();
    for (const partition of this.#partitions.values()) {
      if (!partition.revoked) partition.source.save(partition.window.progress());
      partition.onIdle?.();
    }
    const connection = this.#connection;
    if (connection !== undefined) {
      await this.#atMost(1000, (done) => connection.close().then(done, done));
    }
    await this.#subscription?.close();
  }

  #isDrained(): boolean {
    if (this.#inFlight > 0) return false;
    for (const { pending } of this.#partitions.values()) if (pending > 0) return false;
    return true;
  }

  #checkDrained(): void {
    if (this.#onDrained !== undefined && this.#isDrained()) this.#onDrained();
  }

  async #atMost(milliseconds: number, begin: (done: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(milliseconds, resolve);
      begin(() => {
        cancel();
        resolve();
      });
    });
  }

  async #delay(milliseconds: number, { abort }: PartitionState): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(milliseconds, resolve);
      abort.signal.addEventListener("abort", () => {
        cancel();
        resolve();
      });
    });
  }
}

function inLogOrder(a: Entry, b: Entry): number {
  return (
    a.partition.source.partition - b.partition.source.partition ||
    a.record.offset - b.record.offset ||
    a.index - b.index
  );
}

/** Of two reasons to stop, the one that asks for the longer pause. */
function worse(one: Outcome | undefined, other: Outcome): Outcome {
  return one === undefined || (other.after ?? 0) > (one.after ?? 0) ? other : one;
}
