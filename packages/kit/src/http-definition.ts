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

/** How `pintle check --send` tries a destination out, where the service has something for it. */
export interface TryOut<Settings> {
  /** A request that shows whether the settings are right, and leaves nothing. Pure. */
  credentials?(settings: Settings, attempt: Attempt): HttpRequest;
  /**
   * The test event in a form in which it does not count: to the service's validation, or marked as
   * a test. Pure. @default it goes out like any other
   */
  event?(event: DeliveredEvent, settings: Settings, attempt: Attempt): HttpRequest;
  /**
   * What is wrong by an answer to either, and what to do about it, for a person; `undefined`:
   * nothing is. Pure. @default what the kit says of the status
   */
  verdict?(answer: Answer, settings: Settings): string | undefined;
}

/**
 * How a destination that is reached by HTTP is defined: by `requests`, or, where what is sent
 * depends on what is answered, by `converse`.
 */
export interface HttpDefinition<Settings> extends HttpFunctions<Settings, DeliveredEvent> {
  readonly raw?: false;
}

/** The same of one that takes whole events, as their JSON. */
export interface RawHttpDefinition<Settings> extends HttpFunctions<Settings, RawEvent> {
  readonly raw: true;
}

/** What a destination does with its events, which are objects or JSON. */
export interface HttpFunctions<Settings, Event> {
  /**
   * The requests that deliver these events, in the order in which they are to be sent. Pure: tests
   * need no network. Where it throws with several events it is called again with half of them; an
   * event with which it throws alone becomes a dead letter, with the reason of `refuse`, else
   * `request`.
   */
  requests?(events: readonly Event[], settings: Settings, attempt: Attempt): readonly EventRequest[];
  /**
   * What is said to the service, and heard from it, to deliver these events: a generator, which
   * yields a request, gets its answer, and returns what became of the events, as `classify` does;
   * nothing stands for what the last answer means. An answer that says nothing about what was asked
   * (a wrong key, a limit, a server in trouble) does not come back: it ends the conversation, and
   * the next attempt begins anew. So each of its requests has to be one that can be repeated. Pure:
   * what it does depends on the events, the settings, the attempt and the answers alone.
   */
  converse?(events: readonly Event[], settings: Settings, attempt: Attempt): Conversation;
  /**
   * Whether the event is for the service at all: `true`, or a short fixed word, like `unsupported`,
   * under which it is counted as filtered. Pure. What it throws ends the event as in `requests`.
   * @default all are
   */
  accepts?(event: Event, settings: Settings): true | string;
  /**
   * Whether `requests` heeds `chosenRequest`. @default false: a transformation that chooses
   * something has failed
   */
  readonly takesRequests?: boolean;
  /**
   * Only events with the same key get into one call of `requests`: the list, the account, the
   * region that a request is about. Pure.
   */
  key?(event: Event, settings: Settings): string;
  /**
   * Milliseconds for one request, from connecting to the last byte of the answer. @default 10_000
   */
  timeout?(settings: Settings): number;
  /** The addresses that may be connected to. @default all */
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
    events: readonly Event[],
    context: AnswerContext<Settings>,
  ): Verdict | readonly Verdict[] | undefined;
  /**
   * Where the service is reached: one address, or one for each region, the first being the default.
   * The type has the settings `endpoint` and `region` then, and `requests` gets the address that
   * they choose as `base`.
   */
  readonly addresses?: Addresses;
  /**
   * The token of a service whose tokens expire: it is got once for all requests of a connection,
   * renewed a minute before its end, and where it is refused with 401. Requests carry
   * `attempt.token`, in a header or the URL. While there is none, nothing goes out, and no event
   * ages.
   */
  readonly token?: TokenDefinition<Settings>;
  /**
   * The pace that the service is known to take, or several, which are all kept; by the `paceKey` of
   * requests, where they have one. Requests wait for their turn. Pure. @default none
   */
  pace?(settings: Settings, key: string): Pace | readonly Pace[];
  /** How many items of a request the event makes: see `BatchLimits.items`. Pure. @default 1 */
  itemsOf?(event: Event, settings: Settings): number;
  /**
   * How the service is told to forget people, or what has to be done by hand. @default nothing is
   * known of it
   */
  readonly forget?: ForgetRequests<Settings> | ForgetByHand<Settings>;
  /** How `pintle check --send` tries it out. @default by sending the test event like any other */
  readonly tryOut?: TryOut<Settings>;
}
