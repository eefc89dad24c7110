"""The sample systems, one small file each: the pattern to instrument one's own systems by.

Each file holds one function that takes what the system needs from outside and returns its routes. `SYSTEMS` says which
protocol each of them reports by; a system without one is a SaaS that only posts CloudEvents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sample_flows.statement import Statement
from sample_flows.systems.bank import bank
from sample_flows.systems.carrier import carrier
from sample_flows.systems.crm import crm
from sample_flows.systems.dock import dock
from sample_flows.systems.erp import erp
from sample_flows.systems.marketplace import marketplace
from sample_flows.systems.procurement import procurement
from sample_flows.systems.storefront import storefront
from sample_flows.systems.supplier_portal import supplier_portal
from sample_flows.systems.tax import tax
from sample_flows.systems.warehouse_load import warehouse_load
from sample_flows.systems.wms import wms
from sample_flows.telemetry import Telemetry, connect
from sample_flows.web import App, Client, Transport
from sample_flows.webhook import Poster, Webhook, source_of

Reporting = Literal["grpc", "http", "cloudevents"]

SYSTEMS: dict[str, Reporting] = {
    "storefront": "grpc",
    "warehouse_load": "http",
    "marketplace": "http",
    "bank": "http",
    "carrier": "cloudevents",
    "crm": "cloudevents",
    "procurement": "cloudevents",
    "dock": "http",
    "supplier_portal": "grpc",
    "wms": "grpc",
    "tax": "http",
    "erp": "http",
}
"""By name."""

PROCESSES: dict[str, tuple[str, ...]] = {
    "shop": ("storefront", "marketplace"),
    "saas": ("crm", "carrier", "procurement"),
    "office": ("erp", "tax", "bank", "warehouse_load"),
    "floor": ("wms", "dock", "supplier_portal"),
}
"""Which systems share a process: twelve of them would take 600 MB and ten seconds to start."""

_INSTRUMENTED: dict[str, Callable[[Telemetry, Client], App]] = {
    "storefront": storefront,
    "warehouse_load": warehouse_load,
    "marketplace": marketplace,
    "dock": dock,
    "supplier_portal": supplier_portal,
    "wms": wms,
    "tax": tax,
    "erp": erp,
}
_SAAS: dict[str, Callable[[Webhook, Client], App]] = {"crm": crm, "carrier": carrier, "procurement": procurement}


@dataclass(frozen=True)
class Endpoints:
    """Where the platform is: `host:port` for OTLP/gRPC, a URL for OTLP/HTTP and CloudEvents, a token where it asks
    for one; and the folder in which the bank drops its statements (None: it drops none)."""

    grpc: str
    http: str
    token: str | None = None
    drop: Path | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What goes with every report."""
        return {"authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass(frozen=True)
class System:
    """A system put together: its routes and what it reports with."""

    name: str
    app: App
    reports: Telemetry | Poster


def build(name: str, endpoints: Endpoints, transport: Transport, say: Callable[[str], None]) -> System:
    """The system of that name, reporting to `endpoints` and reaching the others by `transport`."""
    reporting = SYSTEMS[name]
    if reporting == "cloudevents":
        poster = Poster(endpoints.http, say, endpoints.headers)
        return System(name, assemble(name, Webhook(source_of(name), poster.put), transport), poster)
    address = endpoints.grpc if reporting == "grpc" else endpoints.http
    telemetry = connect(name, reporting, address, say, headers=endpoints.headers)
    return System(name, assemble(name, telemetry, transport, endpoints.drop), telemetry)


def assemble(name: str, reports: Telemetry | Webhook, transport: Transport, drop: Path | None = None) -> App:
    """The routes of the system of that name; the bank drops its statements in that folder."""
    if isinstance(reports, Webhook):
        return _SAAS[name](reports, Client(transport))
    client = Client(transport, reports)
    if name == "bank":
        return bank(reports, client, Statement(drop))
    return _INSTRUMENTED[name](reports, client)
