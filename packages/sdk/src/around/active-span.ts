/** The ids of a span, as OpenTelemetry writes them. */
export interface SpanIds {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

/**
 * Where every copy of `@opentelemetry/api` 1.x registers what it is given, and how it finds the
 * span of a context.
 */
const registry = Symbol.for("opentelemetry.js.api.1");
const spanKey = Symbol.for("OpenTelemetry Context Key SPAN");

interface Registered {
  readonly context?: { active(): { getValue(key: symbol): unknown } };
}

/**
 * The span that is active where a message is made; `undefined` where there is none, or no
 * OpenTelemetry. Looked up in the registry that all copies of the API share, because loading the
 * API takes a while, and the first message of a program belongs to a span as well. Never throws.
 */
export function activeSpan(): SpanIds | undefined {
  const context = (globalThis as { readonly [registry]?: Registered })[registry]?.context;
  if (context === undefined) return undefined;
  try {
    const span = context.active().getValue(spanKey) as { spanContext(): SpanIds } | undefined;
    if (span === undefined) return undefined;
    const { traceId, spanId } = span.spanContext();
    return isId(traceId, 32) && isId(spanId, 16) ? { traceId, spanId } : undefined;
  } catch {
    // A message is worth more than its trace.
    return undefined;
  }
}

/** Ids of zeros alone stand for none. */
function isId(id: unknown, length: number): boolean {
  return typeof id === "string" && id.length === length && /^[0-9a-f]*[1-9a-f][0-9a-f]*$/.test(id);
}
