import type { Settings } from "../config.ts";
import type { Environment } from "../environment.ts";
import { PintleError, type ResponseErrorCode } from "../errors.ts";
import { describeThrown } from "../foreign.ts";
import { loggedAs } from "../logged.ts";
import type { QueueEntry } from "../store/entry.ts";
import type { MessageQueue } from "../store/memory/queue.ts";
import type { TransportResponse } from "../transport/transport.ts";
import { askedDelay, holdDelay } from "./answer-delays.ts";
import { retryDelay } from "./backoff.ts";
import { type MessageBatch, type PartRefusal, type RequestPart, untilRegrouped } from "./batch.ts";
import { divide, join, mark, split, suspect, wantsCompany } from "./batch-parts.ts";
import type { ClientBreaker } from "./breaker.ts";
import { classifyResponse } from "./classify-response.ts";
import type { DataPlaneClient } from "./data-plane-client.ts";
import { askForNodes } from "./nodes.ts";
import { alikeLimit, misreadLimit, Refusals } from "./refusals.ts";
import { responseError, responseErrors } from "./response-errors.ts";

/** Messages alone that are tried before a batch is held again, at most. */
const mostProbes = 30;

/** What the handling of a response needs of the delivery, and changes besides the batch. */
export interface ResponseContext {
  readonly client: DataPlaneClient;
  readonly breaker: ClientBreaker;
  /** Batches that are not out. */
  readonly waiting: ReadonlySet<MessageBatch>;
  /** Messages and bytes of one request, at most. */
  readonly most: readonly [count: number, bytes: number];
  /** Milliseconds on the client's clock. */
  now(): number;
  /** Time is short: waits are, too, and what the server asks for is not waited for. */
  isUrgent(): boolean;
  /** A request failed in a way that says nothing about its messages. */
  failed(batch: MessageBatch, failure: Failure): void;
  /** Gives up messages that the data plane refused. */
  reject(entries: readonly QueueEntry[], error: PintleError): void;
  problem(error: PintleError, kind: string): void;
  /** Batches have become due. */
  pump(): void;
}

/**
 * Applies what a response means to the batch whose front part the request carried, where it means
 * anything but that the messages are delivered. A client loads this code behind its first request.
 */
export class ResponseHandler {
  readonly #settings: Settings;
  readonly #environment: Environment;
  readonly #context: ResponseContext;
  readonly #refusals = new Refusals();
  /** Nodes behind RudderStack's proxy. */
  #nodes = 1;
  #nodesRequest: AbortController | undefined;

  constructor(settings: Settings, environment: Environment, context: ResponseContext) {
    this.#settings = settings;
    this.#environment = environment;
    this.#context = context;
  }

  /** A request has succeeded, and its part of the batch is delivered. */
  succeeded(batch: MessageBatch, { status, flaw }: TransportResponse): void {
    this.#refusals.succeeded();
    // Something else is accepted, so it was not the server's fault.
    this.#rejectSuspects(batch);
    if (flaw !== undefined)
      this.#context.problem(
        responseError("PINTLE_ANSWER_FLAWED", this.#redact(`the answer ${status} counts, but ${flaw}`), status),
        "flaw",
      );
  }

  /**
   * Afterwards the batch is empty, or its `dueAt`, which is now, says when its front part is to be
   * sent.
   */
  apply(batch: MessageBatch, answer: TransportResponse, now: number): void {
    const { status, flaw } = answer;
    const meaning = classifyResponse(answer, this.#environment.now(), this.#settings.nodeAware);
    switch (meaning.act) {
      case "retry":
        this.#context.failed(batch, {
          what: `status ${status}${flaw === undefined ? "" : `, and ${flaw}`}`,
          status,
          asked: meaning.after === undefined ? undefined : askedDelay(meaning.after, this.#environment.random()),
        });
        break;
      case "hold":
        this.#hold(batch, now, status, flaw === undefined ? meaning.words : flaw);
        break;
      case "regroup":
        batch.regroups++;
        batch.dueAt = untilRegrouped;
        this.#askForNodes();
        break;
      case "split":
        this.#refuse(batch, now, status, meaning.words);
        break;
      case "misread":
        this.#misread(batch, now, status, meaning.words);
        break;
    }
  }

  /**
   * Prepares a batch that is about to be sent: divides it for as many nodes as there are, and takes
   * messages out of the queue to go with it, if they may tell whose fault its refusal is.
   */
  begin(batch: MessageBatch, queue: MessageQueue): void {
    if (wantsCompany(batch)) join(batch, queue.takeBehind(batch.oldest!, ...this.#context.most));
    divide(batch, this.#nodes);
  }

  /** Asks for nothing any more. */
  stop(): void {
    this.#nodesRequest?.abort();
  }

  /** Asks once for all batches that wait for it. */
  #askForNodes(): void {
    if (this.#nodesRequest !== undefined) return;
    const controller = new AbortController();
    this.#nodesRequest = controller;
    const end = (result: unknown): void => {
      this.#nodesRequest = undefined;
      if (!controller.signal.aborted) this.#regroup(result);
    };
    askForNodes(this.#context.client, controller.signal).then(end, end);
  }

  /**
   * The number of nodes is known, or could not be learnt: sets the batches that waited for it on
   * their way.
   */
  #regroup(result: unknown): void {
    const now = this.#context.now();
    const isKnown = typeof result === "number";
    if (isKnown) {
      this.#nodes = result;
    } else {
      this.#context.breaker.failed(now);
      const what = `GET /cluster-info failed: ${describeThrown(result)}`;
      this.#context.problem(new PintleError("PINTLE_SEND_FAILED", this.#redact(what)), "cluster-info");
    }
    for (const batch of this.#context.waiting) {
      if (batch.dueAt !== untilRegrouped) continue;
      // Told so twice in a row: the number is not the reason, or is still changing.
      const atOnce = isKnown && batch.regroups <= 1;
      batch.dueAt = atOnce ? now : now + retryDelay(batch.regroups, this.#environment.random());
    }
    this.#context.pump();
  }

  #hold(batch: MessageBatch, now: number, status: number, words: string): void {
    batch.holds++;
    const hold = this.#context.isUrgent() ? undefined : holdDelay;
    batch.dueAt = now + (hold ?? retryDelay)(batch.holds, this.#environment.random());
    this.#context.breaker.failed(now, undefined, hold);
    this.#context.problem(
      this.#answered("PINTLE_SEND_HELD", "the data plane answered", { status, words }),
      `hold ${status}`,
    );
  }

  /**
   * The whole body was not understood: the server, something on the way to it, or one message may
   * be the reason. The batch probes with parts of itself, down to single messages; once anything is
   * accepted, those that were not understood alone are at fault. Until then they are held.
   */
  #misread(batch: MessageBatch, now: number, status: number, words: string): void {
    const { refusal, entries } = batch.front!;
    const inRow = this.#refusals.misread();
    const { successes } = this.#refusals;
    const isOwn = refusal !== undefined && this.#isItsOwnFault(refusal);
    if (entries.length > 1) {
      // A part of it may be understood: then the rest has the message at fault.
      if (refusal === undefined) mark(batch, { alone: false, successes, status, words });
      split(batch);
      // A server that is wrong about everything is asked one part at a time, with long waits.
      if (!isOwn && inRow >= misreadLimit) this.#hold(batch, now, status, words);
      return;
    }
    if (refusal?.alone === true && isOwn) {
      this.#reject(batch.shift()!, refusal);
    } else {
      if (refusal?.alone !== true)
        mark(batch, { alone: true, successes, status, words, misread: isOwn ? "known" : "open" });
      suspect(batch);
      if (batch.suspects.length >= Math.min(mostProbes, alikeLimit * (batch.probes + 1))) {
        this.#holdSuspects(batch, now, { status, words });
        return;
      }
    }
    if (batch.parts.length === 0) this.#endSuspicion(batch, now);
  }

  /** 400 or 413: finds the message at fault, if there is one. */
  #refuse(batch: MessageBatch, now: number, status: number, words: string): void {
    const part = batch.front!;
    if (part.entries.length > 1) {
      split(batch);
      return;
    }
    const known = part.refusal?.alone === true ? part.refusal : undefined;
    if (known !== undefined && this.#isItsOwnFault(known)) {
      batch.shift();
      this.#reject(part, known);
    } else {
      mark(batch, known ?? { alone: true, successes: this.#refusals.successes, status, words });
      suspect(batch);
      if (this.#refusals.refused(status, words) >= alikeLimit) {
        batch.restoreSuspects();
        this.#hold(batch, now, status, words);
        return;
      }
    }
    if (batch.parts.length === 0) this.#endSuspicion(batch, now);
  }

  /** Decides, when every message of the batch was refused alone, whether that is their fault. */
  #endSuspicion(batch: MessageBatch, now: number): void {
    const misread = batch.suspects.flatMap(({ refusal }) => (refusal?.misread === undefined ? [] : [refusal]));
    const open = misread.find((refusal) => refusal.misread === "open" && !this.#isItsOwnFault(refusal));
    const doubtful = open ?? (misread.length >= alikeLimit ? misread[0] : undefined);
    if (doubtful === undefined) this.#rejectSuspects(batch);
    else this.#holdSuspects(batch, now, doubtful);
  }

  /** Holds the suspects: nothing was accepted that would tell whose fault it is. */
  #holdSuspects(batch: MessageBatch, now: number, { status, words }: Pick<PartRefusal, "status" | "words">): void {
    batch.restoreSuspects();
    batch.probes++;
    this.#hold(batch, now, status, words);
  }

  /**
   * Whether a refusal is the message's own fault: something else was accepted since, so the server
   * is well.
   */
  #isItsOwnFault(refusal: PartRefusal): boolean {
    return this.#refusals.successes > refusal.successes;
  }

  #rejectSuspects(batch: MessageBatch): void {
    for (const part of batch.suspects.splice(0)) this.#reject(part, part.refusal!);
  }

  #reject(part: RequestPart, { status, words }: PartRefusal): void {
    const error = this.#answered("PINTLE_MESSAGE_REJECTED", "the data plane refused the message with status", {
      status,
      words,
    });
    this.#context.reject(part.entries, error);
  }

  /**
   * Adds the server's words, which the log has only where they cannot quote a message.
   */
  #answered(
    code: ResponseErrorCode,
    what: string,
    { status, words }: { readonly status: number; readonly words: string },
  ): PintleError {
    const error = responseError(code, `${what} ${status}${quote(this.#redact(words))}`, status);
    if (words === "" || isOpen(status, words)) return error;
    return loggedAs(error, `${what} ${status} (in ${words.length} characters)`, responseErrors[code].advice);
  }

  /** The server may have repeated the write key in its words. */
  #redact(text: string): string {
    return text.replaceAll(this.#settings.writeKey, "[write key]");
  }
}

/** Why there was no answer that says anything about the messages. */
export interface Failure {
  readonly what: string;
  readonly status?: number;
  /** Milliseconds that the server asked for. */
  readonly asked?: number | undefined;
  /** What to do, where more than patience is needed. */
  readonly advice?: string | undefined;
}

function quote(words: string): string {
  return words === "" ? "" : ` "${words}"`;
}

/** Statuses about the key and the path. */
const openStatuses: ReadonlySet<number> = new Set([401, 403, 404, 405]);

/** What RudderStack's gateway and ours say of requests: docs/gateway.md. */
const openWords: ReadonlySet<string> = new Set([
  "batch exceeds the maximum allowed number of events",
  "empty batch payload",
  "event is not a valid rudder event",
  "failed to uncompress request body",
  "invalid json",
  "json is nested deeper than 512 levels",
  "request neither has anonymousId nor userId",
  "request size exceeds max limit",
  "source is disabled",
  "unsupported content encoding",
]);

/**
 * Whether an answer can hold nothing of a message: servers like to quote what they do not
 * understand.
 */
function isOpen(status: number, words: string): boolean {
  return openStatuses.has(status) || openWords.has(words);
}
