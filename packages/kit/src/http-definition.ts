import type { DeliveredEvent } from "@pintle/events/gateway";
import type { Addresses } from "./addresses.ts";
import type { AnswerContext, Attempt } from "./attempt.ts";
import type { Conversation } from "./conversation.ts";
import type { EventRequest, HttpRequest } from "./http-request.ts";
import type { Answer, Verdict } from "./outcome.ts";
import type { Pace } from "./pacer.ts";
import type { ForgetByHand, ForgetRequests } from "./person.ts";
import type { RawEvent } from "./raw-event.ts";
import type { PoolOptions } from "./sender.ts";
import type { TokenDefinition } from "./token.ts";

/** How `pintle check --send` tries out a destination whose service supports that. */
export interface TryOut<Settings> {
  /** A request that shows whether the settings are right, and leaves nothing behind. Pure. */
  credentials?(settings: Settings, attempt: Attempt): HttpRequest;
  /**
   * The test event in a form in which it does not count: to the service's validation, or marked as
   * a test. Pure. @default it goes out like any other
   */
  event?(event: DeliveredEvent, settings: Settings, attempt: Attempt): HttpRequest;
  /**
   * What an answer to either request says is wrong, and what to do about it, for a person;
   * `undefined` if nothing is. Pure. @default by the status
   */
  verdict?(answer: Answer, settings: Settings): string | undefined;
}

/**
 * The definition of a destination reached by HTTP: by `requests`, or by `converse` if what is sent
 * depends on earlier answers.
 */
export interface HttpDefinition<Settings> extends HttpFunctions<Settings, DeliveredEvent> {
  readonly raw?: false;
}

/** The same for a destination that takes whole events, as JSON. */
export interface RawHttpDefinition<Settings> extends HttpFunctions<Settings, RawEvent> {
  readonly raw: true;
}

/** The functions of a destination that handle its events, as objects or JSON. */
export interface HttpFunctions<Settings, Event> {
  /**
   * The requests that deliver these events, in the order in which they are to be sent. Pure: tests
   * need no network. If it throws for several events, it is called again with half of them. A
   * single event for which it throws becomes a dead letter, with the reason of `refuse`, else
   * `request`.
   */
  requests?(events: readonly Event[], settings: Settings, attempt: Attempt): readonly EventRequest[];
  /**
   * The conversation with the service that delivers these events: a generator that yields a
   * request, gets its answer, and returns the outcomes of the events, as `classify` does. If it
   * returns nothing, the last answer decides. An answer that says nothing about the request itself
   * (a wrong key, a limit, a server in trouble) is not passed back: it ends the conversation, and
   * the next attempt starts over. So each of its requests must be repeatable. Pure: it depends only
   * on the events, the settings, the attempt and the answers.
   */
  converse?(events: readonly Event[], settings: Settings, attempt: Attempt): Conversation;
  /**
   * Whether the event is for the service at all: `true`, or a short fixed word, like `unsupported`,
   * under which it is counted as filtered. Pure. If it throws, the event becomes a dead letter, as
   * with `requests`.
   * @default all are
   */
  accepts?(event: Event, settings: Settings): true | string;
  /**
   * Whether `requests` honours `chosenRequest`. @default false: a transformation that chooses
   * something fails
   */
  readonly takesRequests?: boolean;
  /**
   * The key of an event: one call of `requests` gets only events with the same key, such as the
   * list, account or region that the request is about. Pure.
   */
  key?(event: Event, settings: Settings): string;
  /**
   * Time limit of one request in milliseconds, from connecting to the last byte of the answer.
   * @default 10_000
   */
  timeout?(settings: Settings): number;
  /** The addresses that may be connected to. @default all */
  network?(settings: Settings): Pick<PoolOptions, "blockPrivate">;
  /**
   * The meaning of an answer, where this destination knows better: one outcome for all events of
   * the request, or one for each. `undefined` leaves it to the kit: `classifyAnswer` decides, and
   * if an answer to several events is about one of them, the kit finds out which. If the service
   * refused the whole request because of some events, the other events get `again`, and events of
   * which one is at fault get `oneOf`. Pure.
   */
  classify?(
    answer: Answer,
    events: readonly Event[],
    context: AnswerContext<Settings>,
  ): Verdict | readonly Verdict[] | undefined;
  /**
   * The address of the service: one address, or one for each region, the first being the default.
   * The type then has the settings `endpoint` and `region`, and `requests` gets the address that
   * they choose as `base`.
   */
  readonly addresses?: Addresses;
  /**
   * The token of a service whose tokens expire. It is obtained once for all requests of a
   * connection, and renewed a minute before it expires, or when it is refused with 401. Requests
   * carry `attempt.token`, in a header or the URL. While there is no token, nothing is sent, and no
   * event ages.
   */
  readonly token?: TokenDefinition<Settings>;
  /**
   * The rate limit of the service, or several, all of which are kept; for each `paceKey` of
   * requests, if they have one. Requests wait for their turn. Pure. @default none
   */
  pace?(settings: Settings, key: string): Pace | readonly Pace[];
  /**
   * The number of items that the event adds to a request: see `BatchLimits.items`. Pure. @default 1
   */
  itemsOf?(event: Event, settings: Settings): number;
  /** How to tell the service to forget people, or what has to be done by hand. @default unknown */
  readonly forget?: ForgetRequests<Settings> | ForgetByHand<Settings>;
  /** How `pintle check --send` tries it out. @default by sending the test event like any other */
  readonly tryOut?: TryOut<Settings>;
}
