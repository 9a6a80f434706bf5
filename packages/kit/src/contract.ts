import type { DeliveredEvent } from "@pintle/events/gateway";
import type { z } from "zod";
import type { DeliverySettings } from "./delivery-settings.ts";
import type { ShownRequest } from "./hiding.ts";
import type { Answer, Outcome } from "./outcome.ts";
import type { Sleep } from "./pacer.ts";
import type { Person } from "./person.ts";
import type { RawEvent } from "./raw-event.ts";
import type { Sender } from "./sender.ts";
import type { Commit, Place, Position } from "./transaction.ts";

/** The surroundings that a destination's connection may use. */
export interface Tools {
  /** Where relative paths in settings start: the folder of the configuration file. */
  readonly directory: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Sent as `User-Agent`. */
  readonly userAgent: string;
  /** Id of the destination, under which it stores anything it keeps elsewhere. */
  readonly destinationId?: string;
  /** The id in RudderStack, if it comes from there. */
  readonly rudderStackId?: string;
  /**
   * The key under which the configuration lists it. Events can address it by this in
   * `integrations`.
   */
  readonly destinationName?: string;
  /** Values that are hidden wherever a request or an answer is kept, besides the type's secrets. */
  readonly secrets?: readonly string[];
  /**
   * Acquires the exclusive right to write what `name` (a path) stands for. One process has it at a
   * time, and loses it when it ends. Rejects while another process has it.
   */
  readonly lock?: (name: string) => Promise<{ release(): Promise<void> }>;
  /** A sender in place of the network, for tests. */
  readonly sender?: Sender;
  /** How a request waits for its turn, in place of timers, for tests. */
  readonly sleep?: Sleep;
  /**
   * Whether to make requests without sending them. Answers mean nothing then, and no token is
   * requested.
   */
  readonly dry?: boolean;
  /** Wraps the kit's own sender, to observe what goes over it. */
  readonly watch?: (sender: Sender) => Sender;
}

/** The source that accepted an event. */
export interface EventSource {
  readonly id: string;
  /** The id in RudderStack, if it comes from there. */
  readonly rudderStackId?: string;
  readonly name: string;
}

/** The context of a batch, besides its events. */
export interface Delivery {
  /** The source of each event, in the order of the events. */
  readonly sources: readonly EventSource[];
  /** Only where the type is `transactional`. */
  readonly commit?: Commit;
  /**
   * Called by a destination that no longer needs the events, before it settles, because it has
   * serialised what goes out. The memory of the events is then released to others.
   */
  readonly released?: () => void;
  /**
   * Called by a destination reached by HTTP for each request sent. Present only while somebody
   * watches, because it costs time.
   */
  readonly sent?: (request: SentRequest) => void;
}

/** A request that carried events of a batch, in a form fit to show to people, and its result. */
export interface SentRequest {
  /** The `messageId`s of the events. */
  readonly messageIds: readonly string[];
  /** The request, without the secrets of the settings. */
  readonly request: ShownRequest;
  /** Absent if there was no answer; `error` says why. */
  readonly answer?: Answer;
  readonly error?: string;
}

/** The result of trying out a destination. */
export interface TriedOut {
  readonly outcome: Outcome;
  /** Whether the service has kept the event as a real one. */
  readonly counts: boolean;
}

/** A destination that is ready to take events. */
export interface Connection {
  /**
   * Delivers a batch: one outcome for each event, in the same order. It settles within a time limit
   * of its own, does not retry, and may be called again while earlier calls are in flight, up to
   * `concurrency` times.
   */
  deliver(events: readonly DeliveredEvent[], delivery?: Delivery): Promise<readonly Outcome[]>;
  /** The same for events as JSON, if the type is `raw`. */
  deliverRaw?(events: readonly RawEvent[], delivery?: Delivery): Promise<readonly Outcome[]>;
  /**
   * The position of a `transactional` destination in a partition, by its own account. If the
   * position stored there belongs to another log, it is `otherwise` from now on. If the destination
   * knows nothing of the partition, it is `anew`: it was never asked before, or was restored to an
   * earlier state. The router asks before it delivers anything of the partition, and again after
   * each batch that was not delivered, since a batch whose commit was not confirmed may have been
   * committed.
   *
   * The first call claims the partition for this connection: a connection that had claimed it
   * earlier can no longer commit.
   *
   * @throws if the position is unavailable now, or another connection has claimed the partition
   * since; the router asks again
   */
  position?(place: Place, otherwise: Position, anew?: Position): Promise<Position>;
  /**
   * Tries out the settings and the event in the type's own way, if it has one. `undefined` means
   * that the event is to be delivered like any other.
   */
  tryOut?(event: DeliveredEvent): Promise<TriedOut | undefined>;
  /**
   * Has the service forget people. Each gets an outcome, `delivered` if the service has done it or
   * accepted it. Present only if the type says `forgets: "by requests"`.
   */
  forget?(people: readonly Person[]): Promise<readonly Outcome[]>;
  /** Aborts what is in flight and releases everything. */
  close(): Promise<void>;
}

/** A connection of a type that is `raw`. */
export interface RawConnection extends Omit<Connection, "deliver" | "deliverRaw"> {
  /** @see Connection.deliver */
  deliver(events: readonly RawEvent[], delivery?: Delivery): Promise<readonly Outcome[]>;
}

/** The limits of one call of `deliver`, and of one request of a destination reached by HTTP. */
export interface BatchLimits {
  readonly events: number;
  /**
   * Bytes: for a call, approximately those of the events' JSON; for a request, exactly those of its
   * body before compression. A single event may be larger.
   */
  readonly bytes: number;
  /**
   * Items of a request, where an event may make several (`itemsOf`). A single event may make more.
   * @default as many as `events`
   */
  readonly items?: number;
  /**
   * Whether a batch is delivered as a whole and in order, or not at all, so that no event of a user
   * gets through behind an earlier one that has to be retried. Only then may it hold several events
   * of one user key; where events can fail singly, a later event could overtake an earlier one, so
   * a batch holds at most one event of a user key.
   */
  readonly whole: boolean;
}

/** How to try out a destination without leaving anything behind. */
export interface Trial<Settings = unknown> {
  /**
   * What is written, where, and what happens to it afterwards, without secrets: "a line in a file
   * of its own, ./x, which is removed".
   */
  readonly writes: string;
  /** The settings to open it with, in place of its own. */
  readonly settings: Settings;
  /** Removes what was written, including what a failure left behind. */
  remove(): Promise<void>;
}

/** The surroundings that a trial may use. */
export interface TrialTools {
  /** Where relative paths in settings start. */
  readonly directory: string;
  /** A unique word in lower case. */
  readonly word: string;
}

/** A kind of destination: what a configuration calls `type`. */
export interface DestinationType<Settings = unknown> {
  /** `[a-z0-9-]+`. */
  readonly type: string;
  /** Another name under which events address it in `integrations`. */
  readonly displayName: string;
  /** Other names by which clients of RudderStack and Segment address it there: `["AM"]`. */
  readonly names?: readonly string[];
  readonly description: string;
  /** The keys of a configuration, each with its description. Its output is valid input again. */
  readonly settings: z.ZodType<Settings & DeliverySettings>;
  batch(settings: Settings): BatchLimits;
  /**
   * Whether it commits events and position together, so that each event is delivered exactly once.
   * Then a batch is whole, and connections have `position`. Two calls of `deliver` are made at a
   * time, so that the second batch can be prepared while the first one is committed. They are
   * committed, and settle, in the order of the calls; the position of the second begins where that
   * of the first ends.
   */
  readonly transactional?: boolean;
  /**
   * Whether its connections take events as JSON (`deliverRaw`). Events that no transformation has
   * made are then not parsed.
   */
  readonly raw?: boolean;
  /**
   * Whether it is defined by `requests`, so that everything it sends goes through `Tools.sender`.
   */
  readonly isHttp?: boolean;
  /**
   * Whether a transformation may choose URL, method and headers of an event's request:
   * `chosenRequest`.
   */
  readonly takesRequests?: boolean;
  /**
   * Whether people can be forgotten there: by `Connection.forget`, or by what `forgetByHand` says.
   */
  readonly forgets?: "by requests" | "by hand";
  /** The manual steps that make the service forget these people. */
  forgetByHand?(people: readonly Person[], settings: Settings): string;
  /** Calls of `deliver` at a time. */
  concurrency(settings: Settings): number;
  /**
   * How `pintle check --send` tries it out, if delivered events would otherwise stay there. @throws
   * if it is clear beforehand that the trial would fail
   */
  trial?(settings: Settings, tools: TrialTools): Promise<Trial<Settings>>;
  /** @throws when it cannot be opened now; the router tries again */
  open(settings: Settings, tools: Tools): Promise<Connection>;
}
