"""The sample systems, one small file each: the pattern to instrument one's own systems by.

Each file holds one function that takes what the system needs from outside and returns its routes. `SYSTEMS` says which
protocol each of them reports by; a system without one is a SaaS that only posts CloudEvents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sample_flows.systems.bank import bank
from sample_flows.systems.carrier import carrier
from sample_flows.systems.crm import crm
from sample_flows.systems.erp import erp
from sample_flows.systems.storefront import storefront
from sample_flows.systems.wms import wms
from sample_flows.telemetry import Telemetry, connect
from sample_flows.web import App, Client, Transport
from sample_flows.webhook import Webhook

Reporting = Literal["grpc", "http", "cloudevents"]

SYSTEMS: dict[str, Reporting] = {
    "storefront": "grpc",
    "bank": "http",
    "carrier": "cloudevents",
    "crm": "cloudevents",
    "wms": "grpc",
    "erp": "http",
}
"""In the order in which history sends events: cancellations and answers before the promises they end."""

_INSTRUMENTED: dict[str, Callable[[Telemetry, Client], App]] = {
    "storefront": storefront,
    "erp": erp,
    "wms": wms,
    "bank": bank,
}
_SAAS: dict[str, Callable[[Webhook, Client], App]] = {"crm": crm, "carrier": carrier}


@dataclass(frozen=True)
class Endpoints:
    """Where the platform is: `host:port` for OTLP/gRPC, a URL for OTLP/HTTP and CloudEvents."""

    grpc: str
    http: str


@dataclass(frozen=True)
class System:
    """A system put together: its routes and what it reports with."""

    name: str
    app: App
    reports: Telemetry | Webhook


def build(
    name: str,
    endpoints: Endpoints,
    transport: Transport,
    say: Callable[[str], None],
    *,
    batch: int = 512,
    every_ms: int = 500,
) -> System:
    """The system of that name, reporting to `endpoints` and reaching the others by `transport`."""
    reporting = SYSTEMS[name]
    if reporting == "cloudevents":
        webhook = Webhook(endpoints.http, f"https://saas.example.com/{name}", say)
        return System(name, _SAAS[name](webhook, Client(transport)), webhook)
    telemetry = connect(name, reporting, endpoints.grpc, endpoints.http, say, batch=batch, every_ms=every_ms)
    return System(name, _INSTRUMENTED[name](telemetry, Client(transport, telemetry)), telemetry)
