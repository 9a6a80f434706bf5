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

/** What a connection of a destination may use of the world. */
export interface Tools {
  /** Where relative paths in settings start: the folder of the configuration file. */
  readonly directory: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Sent as `User-Agent`. */
  readonly userAgent: string;
  /** Id of the destination: what it keeps elsewhere, it keeps under this. */
  readonly destinationId?: string;
  /** The id in RudderStack, if it comes from there. */
  readonly rudderStackId?: string;
  /**
   * The key under which the configuration lists it: by this, events can address it in
   * `integrations`.
   */
  readonly destinationName?: string;
  /** Values that are hidden wherever a request or an answer is kept, beside the type's secrets. */
  readonly secrets?: readonly string[];
  /**
   * Takes the right to write what `name` (a path) stands for, which one process has at a time and
   * loses with its end. Rejects while somebody else has it.
   */
  readonly lock?: (name: string) => Promise<{ release(): Promise<void> }>;
  /** A sender in place of the network, for tests. */
  readonly sender?: Sender;
  /** The way a request waits for its turn, in place of timers, for tests. */
  readonly sleep?: Sleep;
  /**
   * Whether only the requests are wanted that would be sent, and answers mean nothing: no token is
   * asked for.
   */
  readonly dry?: boolean;
  /** Put around the kit's own sender by who wants to see what goes over it. */
  readonly watch?: (sender: Sender) => Sender;
}

/** The source that accepted an event. */
export interface EventSource {
  readonly id: string;
  /** The id in RudderStack, if it comes from there. */
  readonly rudderStackId?: string;
  readonly name: string;
}

/** What there is to know about a batch beside its events. */
export interface Delivery {
  /** Where each event came in, in the order of the events. */
  readonly sources: readonly EventSource[];
  /** Only where the type is `transactional`. */
  readonly commit?: Commit;
  /**
   * Called by a destination that needs the events no longer, before it settles: it has written down
   * what goes out. The memory that they take is then somebody else's.
   */
  readonly released?: () => void;
  /**
   * Called by a destination that is reached by HTTP for each request that was sent. Only there
   * while somebody watches: it costs.
   */
  readonly sent?: (request: SentRequest) => void;
}

/** A request that carried events of a batch, as it can be shown to people, and what came of it. */
export interface SentRequest {
  /** The `messageId`s of the events. */
  readonly messageIds: readonly string[];
  /** The request, without the secrets of the settings. */
  readonly request: ShownRequest;
  /** Absent: there was none, for the reason that `error` gives. */
  readonly answer?: Answer;
  readonly error?: string;
}

/** What came of trying a destination out. */
export interface TriedOut {
  readonly outcome: Outcome;
  /** Whether the service has kept the event as one that counts. */
  readonly counts: boolean;
}

/** A destination that is ready to take events. */
export interface Connection {
  /**
   * Delivers a batch: one outcome for each event, in the same order. It settles within a time of
   * its own choosing, does not retry, and may be called again while earlier calls are on their way,
   * up to `concurrency` times.
   */
  deliver(events: readonly DeliveredEvent[], delivery?: Delivery): Promise<readonly Outcome[]>;
  /** The same of events as their JSON: where the type is `raw`. */
  deliverRaw?(events: readonly RawEvent[], delivery?: Delivery): Promise<readonly Outcome[]>;
  /**
   * Where the type is `transactional`: where the destination stands in a partition, by its own
   * account. Where another log was the last one to stand there, it is `otherwise` from now on;
   * where it knows nothing of the partition at all, it is `anew`: it was never asked before, or was
   * set back to before it was. Asked before anything of the partition is delivered, and again after
   * each batch that was not delivered, since a batch whose commit was not confirmed may have been
   * committed.
   *
   * The first call claims the partition for this connection: from then on, another one that had
   * claimed it cannot commit.
   *
   * @throws when it cannot be said now, or somebody else has claimed the partition since; the
   * router asks again
   */
  position?(place: Place, otherwise: Position, anew?: Position): Promise<Position>;
  /**
   * Tries out the settings and the event in the way that the type has for it, if it has one.
   * `undefined`: the event is to be delivered like any other.
   */
  tryOut?(event: DeliveredEvent): Promise<TriedOut | undefined>;
  /**
   * Has the service forget people: an outcome for each, `delivered` where it is done or was taken
   * on. Only where the type says `forgets: "by requests"`.
   */
  forget?(people: readonly Person[]): Promise<readonly Outcome[]>;
  /** Breaks off what is on its way and lets go of everything. */
  close(): Promise<void>;
}

/** A connection of a type that is `raw`. */
export interface RawConnection extends Omit<Connection, "deliver" | "deliverRaw"> {
  /** @see Connection.deliver */
  deliver(events: readonly RawEvent[], delivery?: Delivery): Promise<readonly Outcome[]>;
}

/**
 * How much one call of `deliver` takes, and how much one request of a destination that is reached
 * by HTTP.
 */
export interface BatchLimits {
  readonly events: number;
  /**
   * Bytes: for a call, about those of the events' JSON; for a request, exactly those of its body
   * before compression. A single event may be larger.
   */
  readonly bytes: number;
  /**
   * Items of a request, where an event may make several (`itemsOf`). A single event may make more.
   * @default as many as `events`
   */
  readonly items?: number;
  /**
   * Whether a batch is delivered as a whole, in its order, or not at all: nothing of a user gets
   * through behind an event of theirs that has to be tried again. Only then may it hold several
   * events of one user key; where events can fail singly, a later event could overtake an earlier
   * one, so a batch holds at most one event of a user key.
   */
  readonly whole: boolean;
}

/** How a destination is tried out so that nothing stays. */
export interface Trial<Settings = unknown> {
  /**
   * What is written where, and what becomes of it, without a secret: "a line in a file of its own,
   * ./x, which is removed".
   */
  readonly writes: string;
  /** The settings to open it with, in place of its own. */
  readonly settings: Settings;
  /** Removes what was written, also what a failure has left. */
  remove(): Promise<void>;
}

/** What a trial may know of the world. */
export interface TrialTools {
  /** Where relative paths in settings start. */
  readonly directory: string;
  /** A word of small letters that nothing else is called by. */
  readonly word: string;
}

/** A kind of destination: what a configuration calls `type`. */
export interface DestinationType<Settings = unknown> {
  /** `[a-z0-9-]+`. */
  readonly type: string;
  /** The second name under which events address it in `integrations`. */
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
   * Whether its connections take events as their JSON (`deliverRaw`): those that no transformation
   * has made are not parsed then.
   */
  readonly raw?: boolean;
  /**
   * Whether it is defined by `requests`, so that all that it does to the world goes through
   * `Tools.sender`.
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
  /** What somebody has to do by hand, so that the service forgets these people. */
  forgetByHand?(people: readonly Person[], settings: Settings): string;
  /** Calls of `deliver` at a time. */
  concurrency(settings: Settings): number;
  /**
   * Where what is delivered would stay there: how `pintle check --send` tries it out. @throws when
   * it can be seen that it would fail
   */
  trial?(settings: Settings, tools: TrialTools): Promise<Trial<Settings>>;
  /** @throws when it cannot be opened now; the router tries again */
  open(settings: Settings, tools: Tools): Promise<Connection>;
}
