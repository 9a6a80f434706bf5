import type { Attempt } from "./attempt.ts";
import type { HttpRequest } from "./http-request.ts";
import { type Answer, type Retry, retry } from "./outcome.ts";

/** The way a service issues tokens that expire. */
export interface TokenDefinition<Settings> {
  /**
   * The request for a token. Pure. `undefined` if these settings need no token; `attempt.token` is
   * then `""`.
   */
  request(settings: Settings, attempt: Attempt): HttpRequest | undefined;
  /**
   * The token in an answer, and its lifetime in seconds. Pure. If it returns `undefined` or throws,
   * the answer has no token.
   */
  read(answer: Answer): { readonly token: string; readonly expiresIn: number } | undefined;
}

/** Milliseconds before its end at which a token is renewed. */
const early = 60_000;

interface TokenSource {
  /** The request for a token; `undefined` where none is needed. */
  request(): HttpRequest | undefined;
  send(request: HttpRequest): Promise<Answer>;
  read(answer: Answer): { readonly token: string; readonly expiresIn: number } | undefined;
  now(): number;
}

/**
 * The token of a connection: obtained once, shared, and renewed before it expires or when it is
 * refused.
 */
export class Tokens {
  readonly #source: TokenSource;
  #token = "";
  /** The time at which to renew it, milliseconds since the epoch. */
  #until = 0;
  #asking: Promise<Retry | undefined> | undefined;

  constructor(source: TokenSource) {
    this.#source = source;
  }

  /** `""` where there is none. */
  get token(): string {
    return this.#token;
  }

  /** Ensures that there is a token. Resolves with the reason if there is none. */
  async ready(): Promise<Retry | undefined> {
    if (this.#source.now() < this.#until) return undefined;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /**
   * The same request with a new token, after one that was refused; `undefined` where it carries no
   * token, or there is no new one.
   */
  async renewed<Request extends HttpRequest>(request: Request, refused: string): Promise<Request | undefined> {
    if (refused === "" || !carries(request, refused)) return undefined;
    // Another request may have found out before.
    if (this.#token === refused) this.#until = 0;
    const failure = await this.ready();
    if (failure !== undefined || this.#token === refused) return undefined;
    return withToken(request, refused, this.#token);
  }

  async #ask(): Promise<Retry | undefined> {
    try {
      const request = this.#source.request();
      if (request === undefined) {
        this.#until = Number.POSITIVE_INFINITY;
        return undefined;
      }
      const answer = await this.#source.send(request);
      const got = answer.status < 300 ? read(this.#source, answer) : undefined;
      if (got === undefined) return noToken(answer);
      this.#token = got.token;
      // A token with a lifetime under two minutes is renewed after half of it.
      const lasts = got.expiresIn * 1000;
      this.#until = this.#source.now() + Math.max(lasts - early, lasts / 2);
      return undefined;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return retry("destination", "token", { ages: false, detail: `the request for a token got no answer: ${detail}` });
    }
  }
}

function read(source: TokenSource, answer: Answer): { readonly token: string; readonly expiresIn: number } | undefined {
  try {
    const got = source.read(answer);
    return got !== undefined && typeof got.token === "string" && got.token !== "" && got.expiresIn > 0
      ? got
      : undefined;
  } catch {
    return undefined;
  }
}

/** The outcome when no token was obtained. A 2xx answer is not kept, since it may hold a token. */
function noToken(answer: Answer): Retry {
  if (answer.status < 300) {
    return retry("destination", "token", {
      ages: false,
      detail: "there is no token in the answer to the request for one",
    });
  }
  const detail = `the request for a token was answered with ${answer.status}`;
  return retry("destination", "token", { ages: false, detail, answer });
}

function carries({ headers, url }: HttpRequest, token: string): boolean {
  return url.includes(encodeURIComponent(token)) || Object.values(headers).some((value) => value.includes(token));
}

function withToken<Request extends HttpRequest>(request: Request, old: string, token: string): Request {
  const { headers, url } = request;
  return {
    ...request,
    url: url.replaceAll(encodeURIComponent(old), encodeURIComponent(token)),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replaceAll(old, token)])),
  };
}
