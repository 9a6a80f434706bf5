import {
  asText,
  dead,
  defineDestination,
  delivered,
  type EventRequest,
  headerValue,
  idempotencyKey,
  mapped,
  type Outcome,
  refuse,
  retry,
  scopeOf,
  type TemplateScope,
  waitOf,
} from "@pintle/kit";
import { signatureHeaders } from "../signing/signature.ts";
import { bodyOf, contentTypes } from "./body.ts";
import { planOf, type RequestPlan } from "./plan.ts";
import { carriesBody, type HttpSettings, settings, settingsProblem } from "./settings.ts";
import { encoded, urlOf } from "./url-template.ts";

/**
 * Calls any HTTP API: method, URL, headers, query and body are made of the event by a mapping that
 * the configuration holds.
 */
export const http = defineDestination({
  type: "http",
  displayName: "HTTP Webhook",
  names: ["HTTP"],
  description: "Calls any HTTP API, with a request that is made of the event by a mapping",
  settings,
  check: settingsProblem,
  batch: ({ batch }) => (batch === undefined ? { events: 1, bytes: 0, whole: false } : { ...batch, whole: true }),
  concurrency: ({ concurrency }) => concurrency,
  timeout: ({ timeout }) => timeout,
  network: ({ blockPrivate }) => ({ blockPrivate }),
  key(event, settings) {
    if (settings.batch === undefined) return "";
    const { url, headers } = headOf(scopeOf(event, 0), settings, planOf(settings));
    return JSON.stringify([url, headers]);
  },
  requests(events, settings, { now }) {
    const plan = planOf(settings);
    const scopes = events.map((event) => scopeOf(event, now));
    const { url, headers } = headOf(scopes[0]!, settings, plan);
    const id = idempotencyKey(events.map(({ messageId }) => messageId));
    const { method, gzip } = settings;
    const { idempotencyHeader: name } = settings;
    const ids = name === null || method === "GET" ? {} : { [name.toLowerCase()]: id };
    if (!carriesBody(method))
      return [{ method, url, headers: { ...ids, ...headers, ...signed(id, now, "", settings) } }];
    const { text, adjusted } = bodyOf(events, scopes, settings, plan);
    const own = { "content-type": contentTypes[settings.format], ...ids };
    const request: EventRequest = {
      method,
      url,
      headers: { ...own, ...headers, ...signed(id, now, text, settings) },
      body: text,
      gzip,
      ...(adjusted.length === 0 ? {} : { adjusted }),
    };
    return [request];
  },
  classify(answer, _events, { settings: { answers }, now }): Outcome | undefined {
    const status = String(answer.status);
    const meaning = answers[status] ?? answers[`${status[0]}xx`];
    if (meaning === undefined) return undefined;
    const reason = `http_${status}`;
    const detail = `the destination answered ${status}, which answers calls ${meaning}`;
    if (meaning === "delivered") return delivered;
    if (meaning === "dead") return dead(reason, { answer, detail });
    const after = waitOf(answer, now);
    return retry(meaning === "retry" ? "event" : "destination", reason, {
      answer,
      detail,
      ...(after === undefined ? {} : { after }),
    });
  },
});

interface Head {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** All of a request but its body and what tells repeats. */
function headOf(scope: TemplateScope, settings: HttpSettings, plan: RequestPlan): Head {
  return { url: withQuery(urlOf(plan.url, scope), scope, settings, plan), headers: headersOf(scope, settings, plan) };
}

function withQuery(url: string, scope: TemplateScope, { auth }: HttpSettings, { query }: RequestPlan): string {
  const pairs = query.flatMap(([name, mapping]) => {
    const value = mapped(mapping, scope);
    return value === undefined ? [] : [`${encoded(name)}=${encoded(asText(value))}`];
  });
  if (auth !== undefined && "apiKey" in auth && "query" in auth.apiKey) {
    pairs.push(`${encoded(auth.apiKey.query)}=${encoded(auth.apiKey.value)}`);
  }
  if (pairs.length === 0) return url;
  const joint = url.includes("?") ? (/[?&]$/.test(url) ? "" : "&") : "?";
  return `${url}${joint}${pairs.join("&")}`;
}

function headersOf(scope: TemplateScope, { auth }: HttpSettings, { headers }: RequestPlan): Record<string, string> {
  const made: Record<string, string> = {};
  for (const [name, mapping] of headers) {
    const value = mapped(mapping, scope);
    if (value === undefined) continue;
    const text = asText(value);
    if (!headerValue.test(text))
      throw refuse("invalid_value", `headers.${name}: a header takes no line breaks, and no characters beyond Latin-1`);
    made[name] = text;
  }
  return { ...made, ...credentials(auth) };
}

function credentials(auth: HttpSettings["auth"]): Record<string, string> {
  if (auth === undefined) return {};
  if ("bearer" in auth) return { authorization: `Bearer ${auth.bearer}` };
  if ("basic" in auth) {
    const { username, password } = auth.basic;
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
  }
  return "header" in auth.apiKey ? { [auth.apiKey.header.toLowerCase()]: auth.apiKey.value } : {};
}

function signed(id: string, now: number, body: string, { signingKey: keys }: HttpSettings): Record<string, string> {
  return keys === undefined ? {} : signatureHeaders({ id, now, body }, [keys].flat());
}
