import { parseJson } from "@pintle/events";
import type { z } from "zod";
import { plainWords } from "../plain-words.ts";

/** A request as a service sees it. */
export interface VendorRequest {
  readonly method: string;
  readonly path: string;
  /** The values in the path for `:name` in the route. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text, without its compression. */
  readonly body: string;
  /** Bytes of it, without its compression. */
  readonly bytes: number;
  /** The body as JSON. @throws AnswerError 400 where it is none */
  json(): unknown;
  /** The body as a form. */
  form(): URLSearchParams;
  /** The body as a JSON value in each line. @throws AnswerError 400 where one is none */
  lines(): unknown[];
}

/** What a service answers. */
export interface VendorAnswer {
  /** @default 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text as it is; anything else as JSON. @default none */
  readonly body?: unknown;
}

/** An answer that ends the request at once, to be thrown. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
  readonly answer: VendorAnswer;

  constructor(answer: VendorAnswer) {
    super(`the service answers ${answer.status ?? 200}`);
    this.answer = answer;
  }
}

/** An item that a service has kept. */
export interface Kept<Item = unknown> {
  /** The key by which the service recognises a repeat. */
  readonly key: string;
  readonly item: Item;
  /** The path of its request. */
  readonly path: string;
}

/** An item that a service has not taken. */
export interface RefusedEvent {
  /** The position among the items of the request. */
  readonly position: number;
  /** The field that is wrong, and why; `busy` for an item that is to come again. */
  readonly problem: string;
  /** Whether it may be taken when it comes again. */
  readonly later: boolean;
}

/** The result of handling a request, before it is answered. */
export interface Served {
  readonly answer: VendorAnswer;
  readonly kept: readonly Kept[];
  readonly refused: readonly RefusedEvent[];
}

/**
 * Answers requests of one kind.
 *
 * @param busy which of so many items are not taken for now: those of a `partial` fault
 */
export type Route = (request: VendorRequest, busy: (count: number) => ReadonlySet<number>) => VendorAnswer | Served;

/** A service, as far as it takes events: a few dozen lines for each. */
export interface Vendor {
  /** Bytes of a body at most, without its compression; a larger one is answered with 413. */
  readonly bytes?: number;
  /** The answer to a request that may not come in; `undefined` to one that may. */
  authorize?(request: VendorRequest): VendorAnswer | undefined;
  /** The answer when too much comes. @default 429 with `retry-after: 1` */
  limited?(): VendorAnswer;
  /** Routes by method and path: `"POST /rooms/:room"`. Anything else is answered with 404. */
  readonly routes: Readonly<Record<string, Route>>;
}

/** The rules of a route that takes items. */
export interface ItemsRoute<Item> {
  /** The items that a request carries. @default its JSON: a list, or one item */
  items?(request: VendorRequest): readonly unknown[];
  /**
   * The items that the service accepts: their fields, types and limits, and whether other fields
   * are refused.
   */
  readonly item: z.ZodType<Item>;
  /** The key by which the service recognises a repeat. */
  key(item: Item, request: VendorRequest): string;
  /** Items of a request at most; more are answered with 400. @default any number */
  readonly most?: number;
  /** Whether nothing is taken when one item is refused. @default false */
  readonly whole?: boolean;
  /**
   * The answer, in the vendor's form. @default 200, or 400 with `{ refused }` where an item was
   * refused, 503 where that is for now only
   */
  answer?(refused: readonly RefusedEvent[], items: readonly unknown[], request: VendorRequest): VendorAnswer;
}

/** A route that takes items, checks each, and keeps those that are sound. */
export function takesItems<Item>(rules: ItemsRoute<Item>): Route {
  return (request, busy) => {
    const items = rules.items?.(request) ?? [request.json()].flat();
    if (items.length > (rules.most ?? Number.POSITIVE_INFINITY)) {
      throw new AnswerError({ status: 400, body: { error: `${items.length} items, ${rules.most} at most` } });
    }
    const later = busy(items.length);
    const refused: RefusedEvent[] = [];
    const kept: Kept[] = [];
    for (const [position, given] of items.entries()) {
      const parsed = rules.item.safeParse(given, { error: plainWords });
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        refused.push({ position, problem: `${issue?.path.join(".")}: ${issue?.message}`, later: false });
      } else if (later.has(position)) refused.push({ position, problem: "busy", later: true });
      else kept.push({ key: rules.key(parsed.data, request), item: parsed.data, path: request.path });
    }
    const answer = rules.answer?.(refused, items, request) ?? usualAnswer(refused);
    return { answer, kept: rules.whole === true && refused.length > 0 ? [] : kept, refused };
  };
}

function usualAnswer(refused: readonly RefusedEvent[]): VendorAnswer {
  if (refused.length === 0) return {};
  return { status: refused.every(({ later }) => later) ? 503 : 400, body: { refused } };
}

/** 401, unless a request carries this token. */
export function bearer(request: VendorRequest, token: string): VendorAnswer | undefined {
  return request.headers.authorization === `Bearer ${token}` ? undefined : unauthorized;
}

/** 401, unless a request carries this user and password. */
export function basic(request: VendorRequest, user: string, password = ""): VendorAnswer | undefined {
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return request.headers.authorization === wanted ? undefined : unauthorized;
}

const unauthorized: VendorAnswer = { status: 401, body: { error: "wrong key" } };

/** @throws AnswerError 400 if it is not JSON */
export function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new AnswerError({ status: 400, body: { error: "no JSON" } });
  }
}
