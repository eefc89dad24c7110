"""The platform's own figures in Prometheus' text format, for `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator

from collector import Collector, Sample, prometheus_text
from store import Store
from throughline.engine import Engine


def metrics_text(store: Store, collector: Collector | None, engine: Engine) -> str:
    """All figures of this process."""
    return prometheus_text(_samples(store, collector, engine))


def _samples(store: Store, collector: Collector | None, engine: Engine) -> Iterator[Sample]:
    yield Sample("throughline_store_embedded", "gauge", (), float(store.is_embedded))
    for name, count in engine.failures.items():
        yield Sample("throughline_failed_ticks_total", "counter", (("tick", name),), count)
    if collector is not None:
        yield from collector.samples()
