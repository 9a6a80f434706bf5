import { errorMessage } from "@pintle/events";
import { baseOf } from "./addresses.ts";
import { type Attempt, optionsAt } from "./attempt.ts";
import type { CarriedEvent } from "./carried-event.ts";
import type { Delivery, Tools } from "./contract.ts";
import { type Hiding, hiding } from "./hiding.ts";
import type { HttpFunctions } from "./http-definition.ts";
import type { HttpRequest } from "./http-request.ts";
import type { Answer, Retry } from "./outcome.ts";
import { OutgoingRequests, withUserAgent } from "./outgoing.ts";
import { Pacer } from "./pacer.ts";
import { type PoolOptions, poolSender, type Sender, type SendLimits } from "./sender.ts";
import { sleep } from "./sleep.ts";
import { Tokens } from "./token.ts";
import { keptAnswerBytes, keptOf, type Shown } from "./verdicts.ts";

/**
 * Bytes of an answer passed to `classify`: the answer to a batch may have a line for each event.
 */
const classifiedAnswerBytes = 1 << 20;

/** The parts needed to reach a service, besides the definition. */
export interface LineOptions<Settings> {
  readonly settings: Settings;
  readonly concurrency: number;
  /** The secret values in the settings. */
  readonly secrets: readonly string[];
  /**
   * The names by which an event may address the destination in `integrations`, in order of
   * precedence.
   */
  readonly keys: readonly string[];
  readonly tools: Tools;
}

/** The part of a definition that a line needs. */
type Reached<Settings> = Pick<
  HttpFunctions<Settings, never>,
  "addresses" | "classify" | "converse" | "forget" | "network" | "pace" | "timeout" | "token" | "tryOut"
>;

/** The path of requests to a service and of answers back, with a pace, a token and a name. */
export class HttpLine<Settings> {
  readonly #tools: Tools;
  readonly #secrets: readonly string[];
  readonly #base: string;
  readonly #options: Attempt["options"];
  readonly #tokens: Tokens | undefined;
  readonly #outgoing: OutgoingRequests;
  #hides: { readonly token: string; readonly hiding: Hiding };

  constructor(definition: Reached<Settings>, options: LineOptions<Settings>) {
    const { settings, concurrency, secrets, keys, tools } = options;
    this.#tools = tools;
    this.#secrets = secrets;
    this.#base = definition.addresses === undefined ? "" : baseOf(definition.addresses, settings);
    this.#options = (event) => optionsAt(event, keys);
    this.#hides = { token: "", hiding: hiding(secrets) };
    const { pace } = definition;
    const network: PoolOptions = { connections: concurrency, ...definition.network?.(settings) };
    const sender = tools.sender ?? poolSender(network);
    const limits = limitsOf(definition, settings);
    this.#tokens = this.#tokensOf(definition, settings, { sender, limits });
    this.#outgoing = new OutgoingRequests({
      sender: tools.watch?.(sender) ?? sender,
      limits,
      tokens: this.#tokens,
      pacer:
        pace === undefined
          ? undefined
          : new Pacer((key) => [pace.call(definition, settings, key)].flat(), tools.now, tools.sleep ?? sleep),
    });
  }

  #tokensOf(
    { token }: Reached<Settings>,
    settings: Settings,
    { sender, limits }: { readonly sender: Sender; readonly limits: SendLimits },
  ): Tokens | undefined {
    if (token === undefined || this.isDry) return undefined;
    return new Tokens({
      request: () => {
        const request = token.request(settings, this.attempt());
        return request === undefined ? undefined : this.named(request);
      },
      // Bypasses the watcher: the answer holds a secret that cannot be hidden yet.
      send: (request) => sender.send(request, { ...limits, successes: true }),
      read: (answer) => token.read(answer),
      now: this.#tools.now,
    });
  }

  /** Whether requests are made but not sent, so that answers mean nothing. */
  get isDry(): boolean {
    return this.#tools.dry === true;
  }

  get now(): () => number {
    return this.#tools.now;
  }

  /** Whether requests carry a token, which `ready` has to obtain first. */
  get hasTokens(): boolean {
    return this.#tokens !== undefined;
  }

  attempt(): Attempt {
    const token = this.#tokens?.token ?? "";
    // No spread here: it takes longer than everything else done for an event.
    return {
      now: this.#tools.now(),
      base: this.#base,
      name: this.#tools.destinationName,
      options: this.#options,
      token,
    };
  }

  /** The same request with our `User-Agent`. */
  named<Request extends HttpRequest>(request: Request): Request {
    return withUserAgent(request, this.#tools.userAgent);
  }

  /** Ensures that there is a token, if one is needed. Resolves with the reason if there is none. */
  async ready(): Promise<Retry | undefined> {
    return this.#tokens?.ready();
  }

  send(request: HttpRequest): Promise<Answer> {
    return this.#outgoing.send(request);
  }

  /** Sends the request, and tells the watcher once the answer is there, before it is judged. */
  sendTold(request: HttpRequest, carried: readonly CarriedEvent[], sent: Delivery["sent"]): Promise<Answer> {
    const answered = this.send(request);
    if (sent === undefined) return answered;
    const facts = { messageIds: carried.map(({ messageId }) => messageId), request: this.#hiding.request(request) };
    answered.then(
      (answer) => sent({ ...facts, answer: keptOf(this.#withoutSecrets(answer)) }),
      (error: unknown) => sent({ ...facts, error: errorMessage(error) }),
    );
    return answered;
  }

  /**
   * The functions that remove secrets from the request and its answers, so that they can be shown.
   */
  shownBy(request: HttpRequest): Shown {
    return { request: () => this.#hiding.request(request), answer: (answer) => this.#withoutSecrets(answer) };
  }

  #withoutSecrets(answer: Answer): Answer {
    return { ...answer, body: this.#hiding.words(answer.body) };
  }

  /** The hiding of all secrets, the token among them. */
  get #hiding(): Hiding {
    const token = this.#tokens?.token ?? "";
    if (token !== this.#hides.token) this.#hides = { token, hiding: hiding([...this.#secrets, token]) };
    return this.#hides.hiding;
  }

  close(): Promise<void> {
    return this.#outgoing.close();
  }
}

/** Cuts answers that nobody reads. */
function limitsOf<Settings>(definition: Reached<Settings>, settings: Settings): SendLimits {
  const { classify, converse, forget, tryOut } = definition;
  const isRead = [classify, converse, forget, tryOut].some((reader) => reader !== undefined);
  return {
    timeout: definition.timeout?.(settings) ?? 10_000,
    bodyBytes: isRead ? classifiedAnswerBytes : keptAnswerBytes,
    successes: isRead,
  };
}
