import { errorMessage } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { unaccepted } from "./accept.ts";
import { baseOf } from "./addresses.ts";
import { adjustedOutcomes } from "./adjustment.ts";
import { type Attempt, optionsAt } from "./attempt.ts";
import type { CarriedEvent } from "./carried-event.ts";
import { classifyAnswer, classifyError } from "./classify.ts";
import type { BatchLimits, Delivery, Tools } from "./contract.ts";
import { converse } from "./conversation.ts";
import { type Hiding, hiding, type ShownRequest } from "./hiding.ts";
import { deliverInRequests, type HttpReady, missing, type RequestResult } from "./http-batch.ts";
import type { HttpFunctions } from "./http-definition.ts";
import type { EventRequest } from "./http-request.ts";
import { type Answer, type Dead, type Outcome, type Retry, retry, type Verdict } from "./outcome.ts";
import { OutgoingRequests, withUserAgent } from "./outgoing.ts";
import { Pacer } from "./pacer.ts";
import { poolSender, type SendLimits } from "./sender.ts";
import { sleep } from "./sleep.ts";
import { Suspects } from "./suspects.ts";
import { Tokens } from "./token.ts";

/** Bytes of an answer that are kept with an event: enough to see what a server complains about. */
const keptAnswerBytes: number = 10 * 1024;

/** Bytes of an answer that `classify` gets: a batch may be answered with a line for each event. */
const classifiedAnswerBytes = 1 << 20;

/** What it takes to deliver by HTTP, beside the definition. */
interface HttpOptions<Settings, Event> {
  readonly settings: Settings;
  readonly limits: BatchLimits;
  /** Whether no event of a user may overtake an earlier one of the batch. */
  readonly inOrder: boolean;
  /** The user key of an event, `""` for none. */
  readonly userOf: (event: Event) => string;
  readonly concurrency: number;
  /** What of the settings is secret. */
  readonly secrets: readonly string[];
  /** What an event may call the destination by in `integrations`; the first counts first. */
  readonly keys: readonly string[];
  readonly tools: Tools;
}

/** Events go out as what they are given as. */
export interface HttpConnection<Event> {
  deliver(events: readonly Event[], delivery?: Delivery): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}

export function openHttp<Settings, Event extends CarriedEvent>(
  definition: HttpFunctions<Settings, Event>,
  { settings, limits, inOrder, userOf, concurrency, secrets, keys, tools }: HttpOptions<Settings, Event>,
): HttpConnection<Event> {
  const network = tools.sender ?? poolSender({ connections: concurrency, ...definition.network?.(settings) });
  const sender = tools.watch?.(network) ?? network;
  const readsAnswers = definition.classify !== undefined || definition.converse !== undefined;
  const sendLimits: SendLimits = {
    timeout: definition.timeout?.(settings) ?? 10_000,
    bodyBytes: readsAnswers ? classifiedAnswerBytes : keptAnswerBytes,
    successes: readsAnswers,
  };

  const base = definition.addresses === undefined ? "" : baseOf(definition.addresses, settings);
  const name = tools.destinationName;
  const options = (event: DeliveredEvent) => optionsAt(event, keys);
  // Not by a spread, which takes longer than all else that is done for an event here.
  const attemptNow = (): Attempt => ({ now: tools.now(), base, name, options, token: tokens?.token ?? "" });

  const { token, pace } = definition;
  // Past who watches: what is answered is a secret that nobody knows yet.
  const tokens =
    token === undefined || tools.dry === true
      ? undefined
      : new Tokens({
          request() {
            const request = token.request(settings, { now: tools.now(), base, name, options, token: "" });
            return request === undefined ? undefined : withUserAgent(request, tools.userAgent);
          },
          send: (request) => network.send(request, { ...sendLimits, successes: true }),
          read: (answer) => token.read(answer),
          now: tools.now,
        });
  const pacer =
    pace === undefined
      ? undefined
      : new Pacer((key) => [pace.call(definition, settings, key)].flat(), tools.now, tools.sleep ?? sleep);
  const outgoing = new OutgoingRequests({ sender, limits: sendLimits, pacer, tokens });
  const send = (request: EventRequest): Promise<Answer> => outgoing.send(request);

  let hides = { token: "", hiding: hiding(secrets) };
  function hidingNow(): Hiding {
    const current = tokens?.token ?? "";
    if (current !== hides.token) hides = { token: current, hiding: hiding([...secrets, current]) };
    return hides.hiding;
  }
  const shown = (request: EventRequest): ShownRequest => hidingNow().request(request);
  const withoutSecrets = (answer: Answer): Answer => ({ ...answer, body: hidingNow().words(answer.body) });

  /** Adds what was changed in each event. */
  function adjusted(result: RequestResult, request: EventRequest, count: number): RequestResult {
    const { outcome, outcomes } = result;
    if (request.adjusted === undefined || (outcome !== undefined && outcome.outcome !== "delivered")) return result;
    const its = adjustedOutcomes(request, count, (position) => outcome ?? outcomes?.[position]);
    return { outcomes: its.map((each) => each ?? missing) };
  }

  /** Adds the request that the result belongs to, for whoever wants to know why; hides secrets. */
  function explained(result: RequestResult, request: EventRequest): RequestResult {
    const { outcome, outcomes } = result;
    if (outcome?.outcome === "delivered" || outcomes?.every((each) => each.outcome === "delivered")) return result;
    const sent = shown(request);
    const facts = ({ answer }: Retry | Dead) => ({
      request: sent,
      ...(answer === undefined ? {} : { answer: withoutSecrets(answer) }),
    });
    const withRequest = <Each extends Verdict>(each: Each): Each => {
      if (each.outcome === "one_of") return { ...each, of: { ...each.of, ...facts(each.of) } };
      return each.outcome === "retry" || each.outcome === "dead" ? { ...each, ...facts(each) } : each;
    };
    if (outcome !== undefined) return { ...result, outcome: withRequest(outcome) };
    return { ...result, ...(outcomes === undefined ? {} : { outcomes: outcomes.map((each) => withRequest(each)) }) };
  }

  function judge(answer: Answer, events: readonly Event[], request: EventRequest): RequestResult {
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

  /** A conversation, which stands for one request with all its events. */
  const conversationOf = (sent: Delivery["sent"]): HttpReady<Event> => ({
    request: wordless,
    async send(carried) {
      const { result, request } = await converse(
        () => definition.converse!(carried, settings, attemptNow()),
        carried,
        async (question) => {
          const asked = withUserAgent(question, tools.userAgent);
          const answered = send(asked);
          if (sent !== undefined) told(answered, asked, carried, sent);
          return { request: asked, answered };
        },
        tools.now,
      );
      if (request === undefined) return result;
      const outcomes = result.outcomes?.map((each) => briefly(each)) ?? [];
      return explained(adjusted({ outcomes }, request, carried.length), request);
    },
  });

  const requestsOf = (events: readonly Event[], sent: Delivery["sent"]): readonly HttpReady<Event>[] => {
    if (definition.converse !== undefined) return [conversationOf(sent)];
    return definition.requests!(events, settings, attemptNow()).map((made) => {
      const request = withUserAgent(made, tools.userAgent);
      return {
        request,
        send: (carried: readonly Event[]): Promise<RequestResult> => {
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
    carried: readonly Event[],
    sent: NonNullable<Delivery["sent"]>,
  ): void {
    const facts = { messageIds: carried.map(({ messageId }) => messageId), request: shown(request) };
    answered.then(
      (answer) => sent({ ...facts, answer: keptOf(withoutSecrets(answer)) }),
      (error: unknown) => sent({ ...facts, error: errorMessage(error) }),
    );
  }
  const suspects = new Suspects();
  const judgesEvents = readsAnswers;
  const { key } = definition;
  const keyOf = key === undefined ? undefined : (event: Event) => key.call(definition, event, settings);

  const { itemsOf: count } = definition;
  const countItems = count === undefined ? undefined : (event: Event) => count.call(definition, event, settings);

  const { accepts } = definition;
  const unacceptedOf = (events: readonly Event[]): ReadonlyMap<number, Outcome> =>
    accepts === undefined ? none : unaccepted(events, (event) => accepts.call(definition, event, settings));
  const unwatched = (events: readonly Event[]) => requestsOf(events, undefined);
  function deliverAll(events: readonly Event[], released: Delivery["released"], sent: Delivery["sent"]) {
    const its = sent === undefined ? unwatched : (given: readonly Event[]) => requestsOf(given, sent);
    return deliverInRequests(events, {
      requestsOf: its,
      keyOf,
      itemsOf: countItems,
      limits,
      inOrder,
      userOf,
      suspects,
      judgesEvents,
      released,
    });
  }

  function deliver(events: readonly Event[], delivery?: Delivery): Promise<readonly Outcome[]> {
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
  }

  return {
    deliver:
      tokens === undefined
        ? deliver
        : async (events, delivery) => {
            const tokenless = await tokens.ready();
            return tokenless === undefined ? deliver(events, delivery) : events.map(() => tokenless);
          },
    close: () => outgoing.close(),
  };
}

const none: ReadonlyMap<number, Outcome> = new Map();

/** Stands for the requests of a conversation, which are not made yet. */
const wordless: EventRequest = { method: "POST", url: "", headers: {} };

/** Positions of the events of the items, among those that the request carries. */
function itemsOf({ events, items }: EventRequest, carried: readonly unknown[]): readonly number[] {
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
