import { jsonStringEnd } from "./json-string.ts";

// As it is before the program has run, which may replace it.
const { parse } = JSON;

/**
 * Digits that a whole number keeps as a `bigint`. A longer one becomes its text: arithmetic on huge
 * numbers takes more than linear time, and no database has a type for it.
 */
export const mostDigits = 1000;

/**
 * The value of a JSON text, without loss: a whole number beyond ±(2^53 - 1), written without
 * fraction and exponent, becomes a `bigint`, and its digits as text where it has more than {@link
 * mostDigits}. Everything else is what `JSON.parse` makes of it.
 *
 * @throws SyntaxError as `JSON.parse` does
 */
export function parseJson(text: string): unknown {
  // Nearly every text is done here.
  if (!sixteenDigits.test(text)) return parse(text);
  const marked = markNumbers(text);
  if (marked === undefined) return parse(text);
  let value: unknown;
  try {
    value = parse(marked);
  } catch {
    // The same fault, where the sender made it.
    return parse(text);
  }
  return unmark(value);
}

/**
 * The digits that a number needs to be unsafe. Written out, V8 looks at every sixteenth character
 * only; `\d{16}` takes ten times as long.
 */
const sixteenDigits = /\d\d\d\d\d\d\d\d\d\d\d\d\d\d\d\d/;

/*
 * JSON.parse does the work. Before it, a number that it would round becomes a text that begins with
 * U+0001, and a text that begins so already gets one more; after it, both are turned back. Keys are
 * left alone.
 */
const mark = "\u0001";
const escapedMark = "\\u0001";

const wholeNumber = /(^|[\s:,[])(-?[1-9]\d{15,})(?=\s*(?:[,\]}]|$))/g;

/** @returns `undefined` when there is nothing to mark */
function markNumbers(text: string): string | undefined {
  const pieces: string[] = [];
  let copied = 0;
  let numbers = 0;
  const replace = (token: string, before: string, digits: string): string => {
    if (isSafe(digits)) return token;
    numbers++;
    return `${before}"${escapedMark}${digits}"`;
  };
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const open = quote === -1 ? text.length : quote;
    if (open - at >= 16) {
      const between = text.slice(at, open);
      const replaced = between.replace(wholeNumber, replace);
      if (replaced !== between) {
        pieces.push(text.slice(copied, at), replaced);
        copied = open;
      }
    }
    at = jsonStringEnd(text, open);
    if (text.startsWith(escapedMark, open + 1) && !isKey(text, at)) {
      pieces.push(text.slice(copied, open + 1), escapedMark);
      copied = open + 1;
    }
  }
  if (numbers === 0) return undefined;
  pieces.push(text.slice(copied));
  return pieces.join("");
}

/** Whether the string that ends here is the key of an object. */
function isKey(text: string, end: number): boolean {
  let at = end;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return text[at] === ":";
}

const lastSafe = String(Number.MAX_SAFE_INTEGER);

/** @param digits a whole number of 16 digits or more, without zeros in front */
function isSafe(digits: string): boolean {
  const magnitude = withoutSign(digits);
  return magnitude.length === lastSafe.length && magnitude <= lastSafe;
}

function withoutSign(digits: string): string {
  return digits.startsWith("-") ? digits.slice(1) : digits;
}

/**
 * Turns marked texts back, in place. Not recursive: a text that nobody has looked at yet may be
 * nested however deep.
 */
function unmark(root: unknown): unknown {
  if (typeof root === "string") return unmarked(root);
  const pending = [root as Record<string, unknown>];
  for (let container = pending.pop(); container !== undefined; container = pending.pop()) {
    // Every key is an own one, `__proto__` as well, and so assigning to it sets just that.
    for (const key of Object.keys(container)) {
      const inner = container[key];
      if (typeof inner === "string") {
        if (inner.startsWith(mark)) container[key] = unmarked(inner);
      } else if (typeof inner === "object" && inner !== null) {
        pending.push(inner as Record<string, unknown>);
      }
    }
  }
  return root;
}

function unmarked(text: string): unknown {
  if (!text.startsWith(mark)) return text;
  const rest = text.slice(1);
  if (rest.startsWith(mark)) return rest;
  return withoutSign(rest).length > mostDigits ? rest : BigInt(rest);
}
