"""What the collector did, counted with reasons, for `/metrics`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Sample(NamedTuple):
    """One figure: a Prometheus name, its labels, its value; `kind` is `counter` or `gauge`."""

    name: str
    kind: str
    labels: tuple[tuple[str, str], ...]
    value: float


class Counters:
    """Named, labelled, only ever growing. Safe for use by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        """Count; `name` without the prefix `throughline_collector_` and the suffix `_total`."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._values[key] = self._values.get(key, 0) + value

    def value(self, name: str, **labels: str) -> float:
        """The sum over all label sets that include these labels; 0 where nothing was counted."""
        wanted = set(labels.items())
        with self._lock:
            return sum(value for (each, have), value in self._values.items() if each == name and wanted <= set(have))

    def samples(self) -> Iterator[Sample]:
        """Everything counted, by name."""
        with self._lock:
            values = sorted(self._values.items())
        for (name, labels), value in values:
            yield Sample(f"throughline_collector_{name}_total", "counter", labels, value)


def gauges(values: Mapping[str, float]) -> Iterator[Sample]:
    """Samples of figures that go up and down; names as for `Counters.add`."""
    for name, value in values.items():
        yield Sample(f"throughline_collector_{name}", "gauge", (), value)


def prometheus_text(samples: Iterator[Sample]) -> str:
    """The samples in Prometheus' text format, each name announced once."""
    lines: list[str] = []
    announced: set[str] = set()
    for sample in samples:
        if sample.name not in announced:
            announced.add(sample.name)
            lines.append(f"# TYPE {sample.name} {sample.kind}")
        labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in sample.labels)
        lines.append(f"{sample.name}{'{' + labels + '}' if labels else ''} {sample.value:g}")
    return "\n".join(lines) + "\n" if lines else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
