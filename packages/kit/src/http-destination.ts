import type { DeliveredEvent } from "@pintle/events/gateway";
import { unaccepted } from "./accept.ts";
import type { CarriedEvent } from "./carried-event.ts";
import { classifyError } from "./classify.ts";
import type { BatchLimits, Delivery, TriedOut } from "./contract.ts";
import { converse } from "./conversation.ts";
import { deliverInRequests, type HttpReady, missing, type RequestResult } from "./http-batch.ts";
import type { HttpFunctions } from "./http-definition.ts";
import { HttpLine, type LineOptions } from "./http-line.ts";
import type { EventRequest } from "./http-request.ts";
import { type Answer, delivered, type Outcome, type Verdict } from "./outcome.ts";
import type { Person } from "./person.ts";
import { Suspects } from "./suspects.ts";
import { triedOut } from "./try-out.ts";
import { adjustedResult, briefly, explained, itemsOf, judged } from "./verdicts.ts";

/** The parts needed to deliver by HTTP, besides the definition. */
interface HttpOptions<Settings, Event> extends LineOptions<Settings> {
  readonly limits: BatchLimits;
  /** Whether no event of a user may overtake an earlier one of the batch. */
  readonly inOrder: boolean;
  /** The user key of an event, `""` for none. */
  readonly userOf: (event: Event) => string;
}

/** The meaning of an answer to a request. */
type Judge<Event> = (answer: Answer, carried: readonly Event[], request: EventRequest) => RequestResult;

/** A person to be forgotten, handled like an event. */
interface CarriedPerson extends CarriedEvent {
  readonly person: Person;
}

const none: ReadonlyMap<number, Outcome> = new Map();

/** A placeholder for the requests of a conversation, which are not made yet. */
const wordless: EventRequest = { method: "POST", url: "", headers: {} };

/** A service that takes events by HTTP, as objects or as JSON. */
export class HttpConnection<Settings, Event extends CarriedEvent> {
  readonly #definition: HttpFunctions<Settings, Event>;
  readonly #settings: Settings;
  readonly #limits: BatchLimits;
  readonly #inOrder: boolean;
  readonly #userOf: (event: Event) => string;
  readonly #line: HttpLine<Settings>;
  readonly #suspects = new Suspects();
  readonly #keyOf: ((event: Event) => string) | undefined;
  readonly #countItems: ((event: Event) => number) | undefined;

  constructor(definition: HttpFunctions<Settings, Event>, options: HttpOptions<Settings, Event>) {
    const { settings, limits, inOrder, userOf } = options;
    const { key, itemsOf: count } = definition;
    this.#definition = definition;
    this.#settings = settings;
    this.#limits = limits;
    this.#inOrder = inOrder;
    this.#userOf = userOf;
    this.#line = new HttpLine(definition, options);
    this.#keyOf = key === undefined ? undefined : (event) => key.call(definition, event, settings);
    this.#countItems = count === undefined ? undefined : (event) => count.call(definition, event, settings);
  }

  deliver(events: readonly Event[], delivery?: Delivery): Promise<readonly Outcome[]> {
    const { released, sent } = delivery ?? {};
    const { accepts } = this.#definition;
    const ended =
      accepts === undefined
        ? none
        : unaccepted(events, (event) => accepts.call(this.#definition, event, this.#settings));
    if (ended.size === 0) return this.#deliverReady(events, released, sent);
    const going = events.filter((_, position) => !ended.has(position));
    const positions = [...events.keys()];
    const settling = going.length === 0 ? Promise.resolve([]) : this.#deliverReady(going, undefined, sent);
    return settling.then((outcomes) => {
      const next = outcomes.values();
      return positions.map((position) => ended.get(position) ?? next.next().value ?? missing);
    });
  }

  async tryOut(event: DeliveredEvent): Promise<TriedOut | undefined> {
    const tokenless = await this.#line.ready();
    if (tokenless !== undefined) return { outcome: tokenless, counts: false };
    return triedOut(this.#definition, event, this.#settings, this.#line);
  }

  async forget(people: readonly Person[]): Promise<readonly Outcome[]> {
    const { forget } = this.#definition;
    if (forget === undefined || "manual" in forget) throw new TypeError("this type forgets nobody by requests");
    const tokenless = await this.#line.ready();
    if (tokenless !== undefined) return people.map(() => tokenless);
    // People are handled like events: a request is rebuilt from fewer people if one is at fault.
    const carriedPeople = people.map((person, position): CarriedPerson => ({ messageId: String(position), person }));
    const judge: Judge<CarriedPerson> = (answer, carried, request) =>
      judged(answer, carried.length, this.#line.now(), () => {
        const context = { ...this.#line.attempt(), settings: this.#settings, items: itemsOf(request, carried) };
        const own = forget.classify?.(answer, carried.map(personOf), context);
        return own ?? (answer.status === 404 || answer.status === 410 ? delivered : undefined);
      });
    return deliverInRequests(carriedPeople, {
      requestsOf: (of) =>
        forget
          .requests(of.map(personOf), this.#settings, this.#line.attempt())
          .map((made) => this.#readyOf(made, judge, undefined)),
      keyOf: undefined,
      limits: { events: forget.batch ?? 1, bytes: Number.POSITIVE_INFINITY, whole: false },
      inOrder: false,
      userOf: () => "",
      suspects: new Suspects(),
      judgesEvents: true,
    });
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  /** Delivers the events that are for the service, once there is a token, if one is needed. */
  #deliverReady(events: readonly Event[], released: Delivery["released"], sent: Delivery["sent"]) {
    if (!this.#line.hasTokens) return this.#deliverAll(events, released, sent);
    return this.#line.ready().then((tokenless) => {
      return tokenless === undefined ? this.#deliverAll(events, released, sent) : events.map(() => tokenless);
    });
  }

  #deliverAll(events: readonly Event[], released: Delivery["released"], sent: Delivery["sent"]) {
    const { classify, converse: own } = this.#definition;
    return deliverInRequests(events, {
      requestsOf: (of) => this.#requestsOf(of, sent),
      keyOf: this.#keyOf,
      itemsOf: this.#countItems,
      limits: this.#limits,
      inOrder: this.#inOrder,
      userOf: this.#userOf,
      suspects: this.#suspects,
      judgesEvents: classify !== undefined || own !== undefined,
      released,
    });
  }

  #requestsOf(events: readonly Event[], sent: Delivery["sent"]): readonly HttpReady<Event>[] {
    if (this.#definition.converse !== undefined) return [this.#conversationOf(sent)];
    const made = this.#definition.requests!(events, this.#settings, this.#line.attempt());
    return made.map((request) => this.#readyOf(request, this.#judge, sent));
  }

  #readyOf<Carried extends CarriedEvent>(
    made: EventRequest,
    judge: Judge<Carried>,
    sent: Delivery["sent"],
  ): HttpReady<Carried> {
    const request = this.#line.named(made);
    return {
      request,
      send: (carried) =>
        this.#line
          .sendTold(request, carried, sent)
          .then(
            (answer) => judge(answer, carried, request),
            (error: unknown): RequestResult => ({ outcome: classifyError(error) }),
          )
          .then((result) => this.#explained(result, request, carried)),
    };
  }

  /** A conversation, treated as one request with all its events. */
  #conversationOf(sent: Delivery["sent"]): HttpReady<Event> {
    return {
      request: wordless,
      send: async (carried) => {
        const { result, request } = await converse(
          () => this.#definition.converse!(carried, this.#settings, this.#line.attempt()),
          carried,
          async (question) => {
            const asked = this.#line.named(question);
            return { request: asked, answered: this.#line.sendTold(asked, carried, sent) };
          },
          this.#line.now,
        );
        if (request === undefined) return result;
        return this.#explained({ outcomes: result.outcomes?.map(brief) ?? [] }, request, carried);
      },
    };
  }

  readonly #judge: Judge<Event> = (answer, carried, request) => {
    const classify = (): Verdict | readonly Verdict[] | undefined =>
      this.#definition.classify?.(answer, carried, {
        ...this.#line.attempt(),
        settings: this.#settings,
        items: itemsOf(request, carried),
      });
    return judged(answer, carried.length, this.#line.now(), classify);
  };

  #explained(result: RequestResult, request: EventRequest, carried: readonly unknown[]): RequestResult {
    return explained(adjustedResult(result, request, carried.length), this.#line.shownBy(request));
  }
}

function personOf({ person }: CarriedPerson): Person {
  return person;
}

function brief(verdict: Verdict): Verdict {
  return briefly(verdict);
}
