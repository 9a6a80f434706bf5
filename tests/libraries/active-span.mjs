// Sends events in and outside of spans of OpenTelemetry's own SDK, and prints whose ids they have:
// node active-span.mjs
import { trace } from "@opentelemetry/api";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { TestPintle } from "@pintle/sdk/testing";

const client = new TestPintle();
const tracer = trace.getTracer("test");
const expected = [];

/** Sends an event, and notes the span to which it belongs. */
function send(span, event = "Paid") {
  const { traceId, spanId } = span?.spanContext() ?? {};
  expected.push({ traceId, spanId });
  client.track({ userId: "1", event });
}

// Before there is a provider, a span is none.
tracer.startActiveSpan("none", () => send());
new NodeTracerProvider().register();

send();
await tracer.startActiveSpan("job", async (job) => {
  send(job);
  await new Promise((resolve) => setTimeout(resolve, 1));
  send(job);
  tracer.startActiveSpan("step", (step) => send(step));
  await client.withScope({ context: { traceId: "that of the request" } }, async () => send(job));
  job.end();
});
send();

const found = client.messages.map(({ context: { traceId, spanId } }) => ({ traceId, spanId }));
console.log(JSON.stringify({ expected, found }));
