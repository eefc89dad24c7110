"""The load of all ingest figures: requests of 512 spans with 8 attributes, made before anything is timed."""

from __future__ import annotations

import random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SPANS = 512
ROUTES = ("/orders", "/orders/{id}", "/deliveries/{id}", "/invoices", "/payments/{id}")
_START = 1_795_000_000_000_000_000


def request(seed: int, spans: int = SPANS) -> bytes:
    """One serialized export request; equal seeds give equal requests."""
    chance = random.Random(seed)
    made = ExportTraceServiceRequest()
    of_resource = made.resource_spans.add()
    for key, value in (
        ("service.name", f"service-{seed % 8}"),
        ("service.version", "1.4.2"),
        ("host.name", f"node-{seed % 4}"),
        ("deployment.environment.name", "production"),
    ):
        of_resource.resource.attributes.add(key=key).value.string_value = value
    scope = of_resource.scope_spans.add()
    scope.scope.name = "orders"
    for number in range(spans):
        start = _START + chance.randrange(10**12)
        span = scope.spans.add(name=f"POST {chance.choice(ROUTES)}", kind=2, start_time_unix_nano=start)
        span.end_time_unix_nano = start + chance.randrange(10**6, 10**9)
        span.trace_id, span.span_id, span.parent_span_id = (chance.randbytes(n) for n in (16, 8, 8))
        for key, value in (
            ("order.id", f"SO-{chance.randrange(10**7)}"),
            ("customer.id", f"C-{chance.randrange(10**5)}"),
            ("http.request.method", "POST"),
            ("http.route", chance.choice(ROUTES)),
            ("warehouse", f"W{number % 12}"),
        ):
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="http.response.status_code").value.int_value = 200
        span.attributes.add(key="order.total").value.double_value = round(chance.uniform(1, 5000), 2)
        span.attributes.add(key="retry").value.bool_value = number % 50 == 0
    return made.SerializeToString()


def requests(count: int, spans: int = SPANS) -> list[bytes]:
    """That many different requests."""
    return [request(seed, spans) for seed in range(count)]
