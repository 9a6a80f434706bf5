import type { ConnectionsCheck, DurableCheck, Settings } from "./config.ts";
import type { MessageCounters } from "./counters.ts";
import type { RequestEnded } from "./diagnostics/channels.ts";
import type { Outbox, OutboxHost } from "./outbox/outbox.ts";
import type { TellLog } from "./report/problem-log.ts";
import type { Timers } from "./timers.ts";
import type { Gzip } from "./transport/gzip.ts";
import type { Transport } from "./transport/transport.ts";

/**
 * Everything that the client takes from its surroundings. `node.ts` and `web.ts` are the real ones;
 * tests run the same client on virtual time, with a transport and randomness of their own.
 */
export interface Environment extends Timers {
  /** Name and version of the runtime, as in `node/20.20.2`: for `User-Agent`. */
  readonly runtime: string;
  /** Milliseconds since 1970. May jump: for time stamps only. */
  now(): number;
  /** Milliseconds since some moment. Never jumps: for ages, intervals and backoffs. */
  monotonic(): number;
  /** Calls back when what runs now has ended, before any timer or answer. */
  soon(callback: () => void): void;
  /** A number from 0 up to, but not including, 1. */
  random(): number;
  /** A new UUID v4. */
  uuid(): string;
  /** The lane of a user key: a hash of 32 bit. Where it is written to disk it can never change. */
  lane(userKey: string): number;
  /** What stands behind the calls of a client: there with it, or loaded with the first message. */
  readonly openOutbox: OpenOutbox;
  /** Opens the log of a client. */
  openLog(settings: Settings, monotonic: () => number): TellLog;
  /** Called before the first request. */
  loadTransport(settings: Settings): Promise<Transport>;
  /**
   * Reads the options about connections. Absent where the runtime makes them, and cannot be told
   * how.
   */
  readonly connections?: ConnectionsCheck;
  /** Reads the option `durable`. Absent where there is no file system. */
  readonly durable?: DurableCheck;
  readonly gzip: Gzip;
  readonly lifecycle: Lifecycle | undefined;
  readonly telemetry?: Telemetry;
}

/** Observes clients and their requests, for all clients of the process. */
export interface Telemetry {
  watch(client: object, counters: MessageCounters): void;
  requestEnded(request: RequestEnded): void;
}

/** The end of the program, where the runtime tells of it. */
export interface Lifecycle {
  /**
   * Keeps the program from ending by itself without `resident.drain`. Cheap; called when
   * messages begin to wait.
   */
  enter(resident: Resident): void;
  /** Lets the program end: no message waits any more. */
  leave(resident: Resident): void;
  /** The client has been closed. */
  forget(resident: Resident): void;
  /**
   * Calls back on SIGTERM and SIGINT; they have their usual effect when the promise has resolved.
   * Returns what ends it.
   */
  onSignal(close: () => Promise<unknown>): () => void;
}

/** Has messages waiting when the program ends. */
export interface Resident {
  /** Whether it is drained on SIGTERM, where nobody else listens to that. */
  readonly minds: boolean;
  /**
   * Tries to deliver everything within `exitTimeout`, then gives up what is left. Never rejects.
   */
  drain(): Promise<void>;
  /**
   * The program ends now, because of `process.exit()` or an exception: nothing can be sent any
   * more.
   */
  lost(): void;
}

/** Makes an outbox. */
export type OpenOutbox = (
  settings: Settings,
  environment: Environment,
  counters: MessageCounters,
  host: OutboxHost,
) => Outbox;
