import type { HttpRequest } from "./http-request.ts";

/** The text in place of a secret. */
export const redacted = "[redacted]";

/** A request in a form fit to keep and show: without secrets, and with only a part of its body. */
export interface ShownRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The first 10 KB as text, before compression; absent: it had none. */
  readonly body?: string;
  /** Bytes of the whole body, where `body` is less. */
  readonly bytes?: number;
}

/** Hides secrets, depending on the kind of text that they are in. */
export interface Hiding {
  /** Text from a server or a library: a secret is hidden where it is a whole word. */
  words(text: string): string;
  /**
   * Customer data: a secret is hidden in a field whose name suggests a key (`apiKey`, `token`).
   * Anywhere else, only a text that can be nothing but a secret is hidden: a write key `webshop` is
   * no reason to hide a word in customer data.
   */
  data<Value>(value: Value): Value;
  /** A request: hides secrets also in its headers for credentials and in its URL. */
  request(request: HttpRequest | ShownRequest): ShownRequest;
}

const shownBytes = 10 * 1024;

/** Field names that suggest a key. */
const keyName = /key|token|secret|passw|auth|credential|cookie|signature/i;
/** Header names that look like these but carry no key. */
const openHeaders: ReadonlySet<string> = new Set(["idempotency-key"]);

/**
 * The same within JSON, a form or a query as text: the name, and the characters between it and its
 * value.
 */
const keyPlace =
  "((?:[kK]ey|KEY|[tT]oken|TOKEN|[sS]ecret|SECRET|[pP]assw|PASSW|[aA]uth|AUTH|[cC]redential|CREDENTIAL)[\\w-]*\\\\?[\"']?\\s*[:=]\\s*\\\\?[\"']?)";

/** Characters of keys: next to one of them, a secret is part of a longer word. */
const part = "[A-Za-z0-9_-]";

/**
 * Minimum length of a secret hidden in a text: hiding shorter ones would make the text unreadable.
 */
const shortestWord = 4;

/**
 * Whether a text can be nothing but the secret that it equals: 16 characters or more, letters and
 * digits, and not the few over and over that words have. Those that people make up
 * (`my-web-shop-key`) are not.
 */
export function isUnmistakable(secret: string): boolean {
  if (secret.length < 16 || !/\d/.test(secret) || !/[A-Za-z]/.test(secret)) return false;
  return new Set(secret).size >= 10;
}

/**
 * The forms in which a secret travels: as it is, within JSON, within a URL, and as HTTP Basic sends
 * a write key.
 */
export function secretForms(secret: string): string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  return [...new Set([secret, escaped, encodeURIComponent(secret), Buffer.from(`${secret}:`).toString("base64")])];
}

export function hiding(secrets: Iterable<string>): Hiding {
  const all = [...new Set(secrets)].filter((secret) => secret !== "");
  // Longest first, so that a secret containing another one is replaced as a whole.
  const longestFirst = (forms: string[]) => forms.sort((a, b) => b.length - a.length);
  const unmistakable = longestFirst(all.filter(isUnmistakable).flatMap(secretForms));
  const others = all.filter((secret) => !isUnmistakable(secret));
  const otherForms = longestFirst(others.flatMap(secretForms));
  const anyForm = otherForms.map(escapeRegExp).join("|");
  const wordForms = otherForms
    .filter((form) => form.length >= shortestWord)
    .map(escapeRegExp)
    .join("|");
  const word = wordForms === "" ? undefined : new RegExp(`(?<!${part})(?:${wordForms})(?!${part})`, "g");
  const inKeyPlace = anyForm === "" ? undefined : new RegExp(`${keyPlace}(?:${anyForm})(?!${part})`, "g");
  const exact = new Set(otherForms);

  const certain = (text: string) => unmistakable.reduce((result, form) => result.replaceAll(form, redacted), text);
  const words = (text: string) => (word === undefined ? certain(text) : certain(text).replace(word, redacted));
  const inText = (text: string) =>
    inKeyPlace === undefined ? certain(text) : certain(text).replace(inKeyPlace, `$1${redacted}`);

  function data(value: unknown, isKey = false): unknown {
    if (typeof value === "string") return isKey && exact.has(value) ? redacted : certain(value);
    if (Array.isArray(value)) return value.map((item) => data(item, isKey));
    if (typeof value !== "object" || value === null) return value;
    // Not by assignment: a key `__proto__` is data like any other.
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [certain(name), data(inner, keyName.test(name))]),
    );
  }

  function header(name: string, value: string): string {
    const isKey = keyName.test(name) && !openHeaders.has(name.toLowerCase());
    return isKey || all.includes(value) ? redacted : words(value);
  }

  function address(url: string): string {
    const [path = "", query] = words(url.replace(/\/\/[^/@]*@/, `//${redacted}@`)).split(/\?(.*)/s, 2);
    if (query === undefined) return path;
    const pairs = query.split("&").map((pair) => {
      const [name = "", value] = pair.split(/=(.*)/s, 2);
      return value !== undefined && keyName.test(name) ? `${name}=${redacted}` : pair;
    });
    return `${path}?${pairs.join("&")}`;
  }

  return {
    words,
    data: data as Hiding["data"],
    request({ method, url, headers, body, ...more }) {
      const bytes = body === undefined ? 0 : Buffer.byteLength(body);
      const shown = { method, url: address(url), headers: mapped(headers, header) };
      if (body === undefined) return shown;
      const whole = "bytes" in more && more.bytes !== undefined ? more.bytes : bytes;
      return { ...shown, body: inText(beginning(body)), ...(whole > shownBytes ? { bytes: whole } : {}) };
    },
  };
}

/** The part of a body that is shown, as text. */
function beginning(body: string | Uint8Array): string {
  if (typeof body === "string" && body.length <= shownBytes / 4) return body;
  const bytes = typeof body === "string" ? Buffer.from(body.slice(0, shownBytes)) : body;
  // Leaves out a character that was cut in half.
  return new TextDecoder().decode(bytes.subarray(0, shownBytes), { stream: true });
}

function mapped(
  headers: Readonly<Record<string, string>>,
  map: (name: string, value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, map(name, String(value))]));
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
