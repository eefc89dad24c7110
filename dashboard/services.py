"""What the server is made of: the readers of the other rooms and the few callables that only the wiring can know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alerting import AlertReader
from collector import Collector
from correlator import InstanceReader
from model import Access, Catalog, Clock
from sla_engine import VerdictReader
from store import Store

ReadinessCheck = tuple[str, bool, str]
"""Name of what is checked, whether it is ready, and what to tell a person about it."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything `create_app` needs.

    `catalog` gives a tenant's active catalog, or None where none was applied; it is asked on every request, so it
    should be cheap. `readiness` gives one entry per check, `metrics` the Prometheus text. `base_url` is where people
    reach the pages, without a slash at the end; empty means relative links. `collector` is this process's, or None.
    """

    store: Store
    clock: Clock
    catalog: Callable[[str], Catalog | None]
    access: Access
    instances: InstanceReader
    verdicts: VerdictReader
    alerts: AlertReader
    readiness: Callable[[], Sequence[ReadinessCheck]]
    metrics: Callable[[], str]
    base_url: str = ""
    collector: Collector | None = None
