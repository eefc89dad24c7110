"""Live load with business in it: one span in ten is an event of an order, 60 % of those without the order's key.

Every request is another one: the `TOKEN` in its trace ids and keys is replaced by the number of the request, which is
cheaper than making requests while they are sent.
"""

from __future__ import annotations

import random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.load import ROUTES, SPANS
from model import Catalog, Comparison, Condition, KeyType, Match, Milestone, Workflow

TOKEN = b"@@@@@@@@"
STEPS = ("placed", "delivery_created", "picked", "shipped", "goods_issued")
_CARRIES = ("order", "order delivery", "delivery", "delivery shipment", "shipment")
_START = 1_795_000_000_000_000_000


def workflow() -> Workflow:
    """Orders by spans named `order.<step>`."""
    keys = tuple(KeyType(each, rank, ((f"{each}.id",),)) for rank, each in enumerate(("order", "delivery", "shipment")))
    steps = tuple(
        Milestone(each, place, Match(span=Condition(Comparison.ANY_OF, (f"order.{each}",))), each)
        for place, each in enumerate(STEPS)
    )
    return Workflow("orders", "Orders", keys, "order", steps, hash="orders-1")


CATALOG = Catalog((workflow(),))


def request(seed: int, spans: int = SPANS) -> bytes:
    """One serialized export request with the token in it."""
    chance = random.Random(seed)
    made = ExportTraceServiceRequest()
    of_resource = made.resource_spans.add()
    for key, value in (("service.name", f"service-{seed % 8}"), ("service.version", "1.4.2"), ("host.name", "node-1")):
        of_resource.resource.attributes.add(key=key).value.string_value = value
    scope = of_resource.scope_spans.add()
    for number in range(spans):
        business = number % 10 == 0
        order, step = divmod(number // 10, len(STEPS))
        span = scope.spans.add(name=f"order.{STEPS[step]}" if business else f"POST {chance.choice(ROUTES)}", kind=2)
        span.start_time_unix_nano = _START + number * 10**9
        span.end_time_unix_nano = span.start_time_unix_nano + chance.randrange(10**6, 10**9)
        span.trace_id, span.span_id = TOKEN + chance.randbytes(8), chance.randbytes(8)
        keys = {f"{each}.id": f"{each}-{TOKEN.decode()}-{order:04d}" for each in _CARRIES[step].split() if business}
        others = {"http.route": chance.choice(ROUTES), "customer.id": f"C-{chance.randrange(10**5)}"}
        for key, value in (keys | others | {"warehouse": f"W{number % 12}", "http.request.method": "POST"}).items():
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="order.total").value.double_value = round(chance.uniform(1, 5000), 2)
    return made.SerializeToString()


def numbered(body: bytes, number: int) -> bytes:
    """The request of that number."""
    return body.replace(TOKEN, b"%08d" % number)


def probe(name: str) -> tuple[bytes, bytes]:
    """An order, and an event of it that carries its delivery only; each a request of its own."""
    return _single(name, 1), _single(name, 2)


def _single(name: str, step: int) -> bytes:
    made = ExportTraceServiceRequest()
    of_resource = made.resource_spans.add()
    of_resource.resource.attributes.add(key="service.name").value.string_value = "probe"
    span = of_resource.scope_spans.add().spans.add(name=f"order.{STEPS[step]}", kind=2)
    span.start_time_unix_nano = _START + step * 10**9
    span.end_time_unix_nano = span.start_time_unix_nano + 1
    span.trace_id, span.span_id = random.randbytes(16), random.randbytes(8)
    for each in _CARRIES[step].split():
        span.attributes.add(key=f"{each}.id").value.string_value = f"{each}-{name}"
    return made.SerializeToString()
