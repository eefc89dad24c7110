// One request of the spare parts workflow: a span and two log events, by the exporter named on the command line.
// Usage: node send.js proto|http|grpc HTTP_ENDPOINT GRPC_ENDPOINT REQUEST_NUMBER CRATE
const [kind, http, grpc, number, crate] = process.argv.slice(2);
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { NodeTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { LoggerProvider, BatchLogRecordProcessor } = require("@opentelemetry/sdk-logs");
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${kind}`);
const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${kind}`);
const url = (signal) => (kind === "grpc" ? { url: `http://${grpc}` } : { url: `${http}/v1/${signal}` });

async function main() {
  const traces = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": "counter" }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(url("traces")))],
  });
  const span = traces.getTracer("t").startSpan("POST /requests", { startTime: new Date(Date.now() - 60_000) });
  span.setAttributes({ "request.number": Number(number), "request.value": 19.5, "request.currency": "EUR" });
  span.end(new Date(Date.now() - 59_000));
  const logs = new LoggerProvider({
    resource: resourceFromAttributes({ "service.name": "shed-api" }),
    processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(url("logs")) })],
  });
  const log = logs.getLogger("t");
  const at = (seconds) => new Date(Date.now() - seconds * 1000);
  log.emit({
    eventName: "shed.crate.packed", timestamp: at(50), body: { crate, weights: [1, 2.5] },
    attributes: { req: String(number), "crate.id": [crate, `${crate}-b`], "promise.date": "2099-12-31" },
  });
  log.emit({ eventName: "shed.crate.sent", timestamp: at(40), attributes: { "crate.id": `${crate}-b` } });
  await traces.forceFlush();
  await traces.shutdown();
  await logs.forceFlush();
  await logs.shutdown();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
