"""The platform's own figures in Prometheus' text format, for `/metrics`."""

from __future__ import annotations

from collector import Collector
from store import Store
from throughline.engine import Engine


def metrics_text(store: Store, collector: Collector | None, engine: Engine) -> str:
    """All figures of this process, in the text exposition format 0.0.4."""
    lines = [
        "# HELP throughline_failed_ticks_total Ticks that failed and were tried again, by kind.",
        "# TYPE throughline_failed_ticks_total counter",
        *(f'throughline_failed_ticks_total{{tick="{name}"}} {count}' for name, count in engine.failures.items()),
        "# HELP throughline_store_embedded Whether the tables are in this process (1) or on a server (0).",
        "# TYPE throughline_store_embedded gauge",
        f"throughline_store_embedded {int(store.is_embedded)}",
    ]
    text = "\n".join(lines) + "\n"
    return text + collector.metrics() if collector is not None else text
