// Sends events while OpenTelemetry's own SDK looks on, and prints what it saw: node
// opentelemetry.mjs DATA_PLANE_URL
import { register } from "node:module";

// Before anything that is to be instrumented, as its documentation has it.
register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);
const { registerInstrumentations } = await import("@opentelemetry/instrumentation");
const { HttpInstrumentation } = await import("@opentelemetry/instrumentation-http");
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = await import("@opentelemetry/sdk-trace-node");
const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } = await import(
  "@opentelemetry/sdk-metrics"
);
const { metrics, trace } = await import("@opentelemetry/api");

const [url] = process.argv.slice(2);
const spans = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).register();
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });

const { Pintle } = await import("@pintle/sdk");
const { get } = await import("node:http");

const logger = { debug() {}, info() {}, warn() {}, error() {} };
// Made before the provider of metrics is registered.
const client = new Pintle("wk_otel", url, { logger, interval: "1h" });

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

// Within a span, which requests would belong to.
await trace.getTracer("test").startActiveSpan("job", async (span) => {
  for (let i = 0; i < 3; i++) client.track({ userId: i, event: "Paid" });
  client.track({ userId: "", event: "Paid" });
  await client.flush();
  // A request of the program's own is traced.
  await new Promise((resolve) => get(`${url}/own`, (answer) => answer.resume().on("end", resolve)));
  client.track({ userId: 1, event: "Waiting" });
  span.end();
});
await reader.forceFlush();

const collected = {};
for (const { scopeMetrics } of exporter.getMetrics()) {
  for (const { scope, metrics: all } of scopeMetrics) {
    for (const { descriptor, dataPoints } of all) {
      for (const { attributes, value } of dataPoints) {
        const key = [scope.name, descriptor.name, descriptor.unit, ...Object.values(attributes)].join(" ");
        collected[key] = typeof value === "object" ? value.count : value;
      }
    }
  }
}
const seen = spans
  .getFinishedSpans()
  .map(({ name, attributes }) => ({ name, url: attributes["url.full"] ?? attributes["http.url"] }));
console.log(JSON.stringify({ collected, seen }));
await client.close();
