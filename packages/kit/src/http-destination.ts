import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { errorMessage } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { unaccepted } from "./accept.ts";
import { type Addresses, baseOf } from "./addresses.ts";
import { adjustedOutcomes } from "./adjustment.ts";
import { type AnswerContext, type Attempt, optionsAt } from "./attempt.ts";
import { classifyAnswer, classifyError } from "./classify.ts";
import type { BatchLimits, Connection, Delivery, Tools } from "./contract.ts";
import { hiding } from "./hiding.ts";
import { deliverInRequests, missing, type RequestResult } from "./http-batch.ts";
import type { EventRequest, HttpRequest } from "./http-request.ts";
import { type Answer, type Outcome, retry, type Verdict } from "./outcome.ts";
import { type PoolOptions, poolSender, type SendLimits } from "./sender.ts";
import { Suspects } from "./suspects.ts";

/** How a destination that is reached by HTTP is defined. */
export interface HttpDefinition<Settings> {
  readonly raw?: false;
  /**
   * The requests that deliver these events, in the order in which they are to be sent. Pure: tests
   * need no network. Where it throws with several events it is called again with half of them; an
   * event with which it throws alone becomes a dead letter, with the reason of `refuse`, else
   * `request`.
   */
  requests(events: readonly DeliveredEvent[], settings: Settings, attempt: Attempt): readonly EventRequest[];
  /**
   * Whether the event is for the service at all: `true`, or a short fixed word, like `unsupported`,
   * under which it is counted as filtered. Pure. What it throws ends the event as in `requests`.
   * @default all are
   */
  accepts?(event: DeliveredEvent, settings: Settings): true | string;
  /**
   * Whether `requests` heeds `chosenRequest`. @default false: a transformation that chooses
   * something has failed
   */
  readonly takesRequests?: boolean;
  /**
   * Only events with the same key get into one call of `requests`: the list, the account, the
   * region that a request is about. Pure.
   */
  key?(event: DeliveredEvent, settings: Settings): string;
  /**
   * Milliseconds for one request, from connecting to the last byte of the answer. @default 10_000
   */
  timeout?(settings: Settings): number;
  /** Which addresses may be connected to. @default all */
  network?(settings: Settings): Pick<PoolOptions, "blockPrivate">;
  /**
   * What an answer means, where this destination knows better: one outcome for all events of the
   * request, or one for each; `undefined` leaves it to the kit: `classifyAnswer`, and where an
   * answer of several events is about one of them, finding out which. Where the whole request was
   * refused because of some of its events, `again` is what the others get, and `oneOf` those of
   * which it is one. Pure.
   */
  classify?(
    answer: Answer,
    events: readonly DeliveredEvent[],
    context: AnswerContext<Settings>,
  ): Verdict | readonly Verdict[] | undefined;
  /**
   * Where the service is reached: one address, or one for each region, the first being the default.
   * The type has the settings `endpoint` and `region` then, and `requests` gets the address that
   * they choose as `base`.
   */
  readonly addresses?: Addresses;
}

/** Bytes of an answer that are kept with an event: enough to see what a server complains about. */
const keptAnswerBytes: number = 10 * 1024;

/** Bytes of an answer that `classify` gets: a batch may be answered with a line for each event. */
const classifiedAnswerBytes = 1 << 20;

/** What it takes to deliver by HTTP, beside the definition. */
interface HttpOptions<Settings> {
  readonly settings: Settings;
  readonly limits: BatchLimits;
  /** Whether no event of a user may overtake an earlier one of the batch. */
  readonly inOrder: boolean;
  readonly concurrency: number;
  /** What of the settings is secret. */
  readonly secrets: readonly string[];
  /** What an event may call the destination by in `integrations`; the first counts first. */
  readonly keys: readonly string[];
  readonly tools: Tools;
}

export function openHttp<Settings>(
  definition: HttpDefinition<Settings>,
  { settings, limits, inOrder, concurrency, secrets, keys, tools }: HttpOptions<Settings>,
): Connection {
  const network = tools.sender ?? poolSender({ connections: concurrency, ...definition.network?.(settings) });
  const sender = tools.watch?.(network) ?? network;
  const sendLimits: SendLimits = {
    timeout: definition.timeout?.(settings) ?? 10_000,
    bodyBytes: definition.classify === undefined ? keptAnswerBytes : classifiedAnswerBytes,
    successes: definition.classify !== undefined,
  };

  const { request: shown } = hiding(secrets);

  const base = definition.addresses === undefined ? "" : baseOf(definition.addresses, settings);
  const name = tools.destinationName;
  const options = (event: DeliveredEvent) => optionsAt(event, keys);
  // Not by a spread, which takes longer than all else that is done for an event here.
  const attemptNow = (): Attempt => ({ now: tools.now(), base, name, options });

  async function send(request: EventRequest): Promise<Answer> {
    return sender.send(request.gzip === true ? await compressed(request) : request, sendLimits);
  }

  /** Adds what was changed in each event. */
  function adjusted(result: RequestResult, request: EventRequest, count: number): RequestResult {
    const { outcome, outcomes } = result;
    if (request.adjusted === undefined || (outcome !== undefined && outcome.outcome !== "delivered")) return result;
    const its = adjustedOutcomes(request, count, (position) => outcome ?? outcomes?.[position]);
    return { outcomes: its.map((each) => each ?? missing) };
  }

  /** Adds the request that the result belongs to, for whoever wants to know why. */
  function explained(result: RequestResult, request: EventRequest): RequestResult {
    const { outcome, outcomes } = result;
    if (outcome?.outcome === "delivered" || outcomes?.every((each) => each.outcome === "delivered")) return result;
    const sent = shown(request);
    const withRequest = <Each extends Verdict>(each: Each): Each => {
      if (each.outcome === "one_of") return { ...each, of: { ...each.of, request: sent } };
      return each.outcome === "retry" || each.outcome === "dead" ? { ...each, request: sent } : each;
    };
    if (outcome !== undefined) return { ...result, outcome: withRequest(outcome) };
    return { ...result, ...(outcomes === undefined ? {} : { outcomes: outcomes.map((each) => withRequest(each)) }) };
  }

  function judge(answer: Answer, events: readonly DeliveredEvent[], request: EventRequest): RequestResult {
    const usual = (): RequestResult => {
      const outcome = briefly(classifyAnswer(answer, tools.now()));
      return { outcome, mayBeOne: contentStatuses.has(answer.status) };
    };
    try {
      const own = definition.classify?.(answer, events, {
        ...attemptNow(),
        settings,
        items: itemsOf(request, events),
      });
      if (own === undefined) return usual();
      if (isList(own)) return { outcomes: own.map((each) => briefly(each)) };
      const isOpen = own.outcome === "again" || own.outcome === "one_of";
      return isOpen ? { outcomes: events.map(() => briefly(own)) } : { outcome: briefly(own) };
    } catch (error) {
      // A server that answers with something else than it used to is no reason to lose the event.
      return { outcome: briefly(retry("event", "classify", { answer, detail: errorMessage(error) })) };
    }
  }

  const requestsOf = (events: readonly DeliveredEvent[], sent: Delivery["sent"]) => {
    return definition.requests(events, settings, attemptNow()).map((made) => {
      const request = withUserAgent(made, tools.userAgent);
      return {
        request,
        send: (carried: readonly DeliveredEvent[]): Promise<RequestResult> => {
          const answered = send(request);
          if (sent !== undefined) told(answered, request, carried, sent);
          return answered
            .then(
              (answer) => judge(answer, carried, request),
              (error: unknown): RequestResult => ({ outcome: classifyError(error) }),
            )
            .then((result) => explained(adjusted(result, request, carried.length), request));
        },
      };
    });
  };

  /** Tells who watches of a request, once it has its answer, and before that is judged. */
  function told(
    answered: Promise<Answer>,
    request: EventRequest,
    carried: readonly DeliveredEvent[],
    sent: NonNullable<Delivery["sent"]>,
  ): void {
    const facts = { messageIds: carried.map(({ messageId }) => messageId), request: shown(request) };
    answered.then(
      (answer) => sent({ ...facts, answer: keptOf(answer) }),
      (error: unknown) => sent({ ...facts, error: errorMessage(error) }),
    );
  }
  const suspects = new Suspects();
  const judgesEvents = definition.classify !== undefined;
  const { key } = definition;
  const keyOf = key === undefined ? undefined : (event: DeliveredEvent) => key.call(definition, event, settings);

  const { accepts } = definition;
  const unacceptedOf = (events: readonly DeliveredEvent[]): ReadonlyMap<number, Outcome> =>
    accepts === undefined ? none : unaccepted(events, (event) => accepts.call(definition, event, settings));
  const unwatched = (events: readonly DeliveredEvent[]) => requestsOf(events, undefined);
  function deliverAll(events: readonly DeliveredEvent[], released: Delivery["released"], sent: Delivery["sent"]) {
    const its = sent === undefined ? unwatched : (given: readonly DeliveredEvent[]) => requestsOf(given, sent);
    return deliverInRequests(events, { requestsOf: its, keyOf, limits, inOrder, suspects, judgesEvents, released });
  }

  return {
    deliver(events, delivery) {
      const ended = unacceptedOf(events);
      const { released, sent } = delivery ?? {};
      if (ended.size === 0) return deliverAll(events, released, sent);
      const going = events.filter((_, position) => !ended.has(position));
      const positions = [...events.keys()];
      const delivered = going.length === 0 ? Promise.resolve([]) : deliverAll(going, undefined, sent);
      return delivered.then((outcomes) => {
        const next = outcomes.values();
        return positions.map((position) => ended.get(position) ?? next.next().value ?? missing);
      });
    },
    close: () => sender.close(),
  };
}

const none: ReadonlyMap<number, Outcome> = new Map();

/** Positions of the events of the items, among those that the request carries. */
function itemsOf({ events, items }: EventRequest, carried: readonly DeliveredEvent[]): readonly number[] {
  if (items === undefined) return [...carried.keys()];
  return events === undefined ? items : items.map((position) => events.indexOf(position));
}

/**
 * Statuses that speak about what a request carries. All others would have been the answer to any
 * request.
 */
const contentStatuses: ReadonlySet<number> = new Set([400, 409, 413, 422]);

/** Keeps no more of the answer than dead letters show. */
function briefly<Each extends Verdict>(verdict: Each): Each {
  if (verdict.outcome === "one_of") return { ...verdict, of: briefly(verdict.of) };
  if (verdict.outcome !== "retry" && verdict.outcome !== "dead") return verdict;
  const { answer } = verdict;
  if (answer === undefined || answer.body.length <= keptAnswerBytes) return verdict;
  return { ...verdict, answer: keptOf(answer) };
}

function keptOf(answer: Answer): Answer {
  return { ...answer, body: answer.body.slice(0, keptAnswerBytes) };
}

function isList(value: Verdict | readonly Verdict[]): value is readonly Verdict[] {
  return Array.isArray(value);
}

function withUserAgent<Request extends HttpRequest>(request: Request, userAgent: string): Request {
  for (const name in request.headers) {
    if (name.length === 10 && name.toLowerCase() === "user-agent") return request;
  }
  return { ...request, headers: { ...request.headers, "user-agent": userAgent } };
}

const compress = promisify(gzip);

async function compressed(request: HttpRequest): Promise<HttpRequest> {
  // The quickest level: half the time of the usual one, for an eighth more bytes.
  const body = await compress(request.body ?? "", { level: constants.Z_BEST_SPEED });
  return { ...request, headers: { ...request.headers, "content-encoding": "gzip" }, body };
}
