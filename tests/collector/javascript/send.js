// Sends one trace of two spans over the named protocol, one event as a log record, and, to see it refused, a metric.
// Usage: node send.js (grpc | proto | json) HTTP_ADDRESS GRPC_ADDRESS
const { SpanStatusCode, SpanKind } = require("@opentelemetry/api");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { NodeTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { LoggerProvider, SimpleLogRecordProcessor } = require("@opentelemetry/sdk-logs");
const { MeterProvider, PeriodicExportingMetricReader } = require("@opentelemetry/sdk-metrics");
const { OTLPLogExporter } = require("@opentelemetry/exporter-logs-otlp-http");
const { OTLPMetricExporter } = require("@opentelemetry/exporter-metrics-otlp-http");

const [protocol, http, grpc] = process.argv.slice(2);
const { OTLPTraceExporter } = require(
  { grpc: "@opentelemetry/exporter-trace-otlp-grpc", proto: "@opentelemetry/exporter-trace-otlp-proto",
    json: "@opentelemetry/exporter-trace-otlp-http" }[protocol]);
const exporter = new OTLPTraceExporter({
  url: protocol === "grpc" ? `http://${grpc}` : `${http}/v1/traces`, compression: "gzip" });
const resource = resourceFromAttributes({ "service.name": "shop-js" });

async function main() {
  const provider = new NodeTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  const tracer = provider.getTracer("tests", "1.0");
  await tracer.startActiveSpan("place order", { kind: SpanKind.SERVER }, async (order) => {
    order.setAttributes({ "order.id": "SO-1", "lines": ["a", "b"], "total": 99.5, "count": 3, "rush": true });
    order.addEvent("stock.reserved", { sku: "A1" });
    tracer.startActiveSpan("charge", (charge) => {
      charge.setStatus({ code: SpanStatusCode.ERROR, message: "declined" });
      charge.end();
    });
    order.end();
  });
  await provider.forceFlush();
  await provider.shutdown();

  const logs = new LoggerProvider({
    resource, processors: [new SimpleLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${http}/v1/logs` }) })] });
  logs.getLogger("tests").emit({ eventName: "order.placed", body: { order: "SO-1" }, attributes: { "order.id": "SO-1" } });
  await logs.forceFlush();
  await logs.shutdown();

  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${http}/v1/metrics`, timeoutMillis: 5000 }), exportIntervalMillis: 60000 });
  const meters = new MeterProvider({ resource, readers: [reader] });
  meters.getMeter("tests").createCounter("orders").add(1);
  await meters.shutdown().catch(() => {});
}

main().catch((error) => { console.error(error); process.exit(1); });
