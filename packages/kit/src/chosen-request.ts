import { isObject } from "@pintle/events";
import type { DeliveredEvent } from "@pintle/events/gateway";
import { headerName, headerValue, ownHeaders } from "./header-rules.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/**
 * What a transformation can choose for the request of one event, under the key `$request` of the
 * event that it returns.
 */
export interface TransformRequest {
  /** Absolute, or relative to the destination's `url`. */
  readonly url?: string;
  readonly method?: (typeof methods)[number];
  /** Added to those of the destination, which they replace. */
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
}

/** The choice, once it was checked. */
export interface ChosenRequest {
  readonly url?: string;
  /** Follows the URL as it is. */
  readonly append?: string;
  readonly method?: (typeof methods)[number];
  /** Names in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The key for a choice. */
export const requestKey = "$request";

/**
 * All keys with which a transformation chooses: ours and RudderStack's. A transformation does not
 * see what a client sent under them, so a client cannot choose in its place.
 */
export const requestKeys: readonly string[] = [requestKey, "header", "fullPath", "appendPath"];

/**
 * A symbol cannot occur in JSON, so no client can set it and no body contains it. It is registered
 * because a program may load several copies of the kit.
 */
const chosen: unique symbol = Symbol.for("pintle.request") as typeof chosen;

interface WithChoice {
  [chosen]?: ChosenRequest;
}

/** What the transformation has chosen for the event. */
export function chosenRequest(event: DeliveredEvent): ChosenRequest | undefined {
  return (event as WithChoice)[chosen];
}

/**
 * Moves the keys of a choice from an event that a transformation returned to where `chosenRequest`
 * finds them.
 *
 * @throws TypeError that says what is wrong with it, without its values
 */
export function takeRequest(event: DeliveredEvent): void {
  if (!requestKeys.some((key) => Object.hasOwn(event, key))) return;
  const { [requestKey]: own, header, fullPath, appendPath } = event;
  const rudder = { header, fullPath, appendPath };
  for (const key of requestKeys) delete (event as Record<string, unknown>)[key];
  const theirs = Object.entries(rudder).filter(([, value]) => value !== undefined && value !== null && value !== "");
  if (own !== undefined && own !== null && theirs.length > 0) {
    throw new TypeError(
      `it gave both ${requestKey} and ${theirs[0]![0]}, which is RudderStack's: ${requestKey} is enough`,
    );
  }
  const choice = theirs.length > 0 ? ofRudderStack(Object.fromEntries(theirs)) : ofOurs(own);
  if (Object.keys(choice).length > 0) (event as WithChoice)[chosen] = choice;
}

function ofOurs(value: unknown): ChosenRequest {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new TypeError(`${requestKey} is an object with url, method and headers`);
  const { url, method, headers, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw new TypeError(`${requestKey} has url, method and headers, and no ${JSON.stringify(other.slice(0, 50))}`);
  }
  return {
    ...(url === undefined ? {} : { url: textOf(url, `${requestKey}.url`) }),
    ...(method === undefined ? {} : { method: methodOf(method) }),
    ...(headers === undefined ? {} : { headers: headersOf(headers, `${requestKey}.headers`) }),
  };
}

function ofRudderStack({ header, fullPath, appendPath }: Readonly<Record<string, unknown>>): ChosenRequest {
  return {
    ...(fullPath === undefined ? {} : { url: textOf(fullPath, "fullPath") }),
    ...(appendPath === undefined ? {} : { append: textOf(appendPath, "appendPath") }),
    ...(header === undefined ? {} : { headers: headersOf(header, "header") }),
  };
}

function textOf(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`${name} is a text that is not empty`);
}

function methodOf(value: unknown): (typeof methods)[number] {
  const method = methods.find((each) => typeof value === "string" && each === value.toUpperCase());
  if (method !== undefined) return method;
  throw new TypeError(`${requestKey}.method is one of ${methods.join(", ")}`);
}

/** Types of values that can be written into a header. */
const plainTypes: ReadonlySet<string> = new Set(["string", "number", "bigint", "boolean"]);

function headersOf(value: unknown, name: string): Record<string, string> {
  if (!isObject(value)) throw new TypeError(`${name} is an object of headers`);
  const headers: Record<string, string> = {};
  for (const [key, content] of Object.entries(value)) {
    const shown = JSON.stringify(key.slice(0, 50));
    if (!headerName.test(key))
      throw new TypeError(`${name}: ${shown} is no header's name: letters, digits and hyphens`);
    const small = key.toLowerCase();
    if (ownHeaders.has(small)) throw new TypeError(`${name}: ${shown} is set by the connection`);
    if (!plainTypes.has(typeof content))
      throw new TypeError(`${name}: the value of ${shown} is a text, a number or a boolean`);
    const text = String(content);
    if (!headerValue.test(text)) {
      throw new TypeError(
        `${name}: the value of ${shown} has line breaks, control characters, or letters beyond Latin-1`,
      );
    }
    headers[small] = text;
  }
  return headers;
}
