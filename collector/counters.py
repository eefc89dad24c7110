"""What the collector did, counted with reasons, for `/metrics`."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple


class Sample(NamedTuple):
    """One figure: a Prometheus name, its labels, its value; `kind` is `counter`, `gauge` or `histogram`."""

    name: str
    kind: str
    labels: tuple[tuple[str, str], ...]
    value: float


_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the buckets, in seconds."""


class Counters:
    """Named, labelled, only ever growing. Safe for use by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._durations: dict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = {}
        self._seconds: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self._values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        """Count; `name` without the prefix `throughline_collector_` and the suffix `_total`."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._values[key] = self._values.get(key, 0) + value

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Count a duration into the buckets of a histogram; `name` as for `add`."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            counts = self._durations.setdefault(key, [0] * (len(_BUCKETS) + 1))
            counts[bisect_left(_BUCKETS, seconds)] += 1
            self._seconds[key] = self._seconds.get(key, 0.0) + seconds

    def value(self, name: str, **labels: str) -> float:
        """The sum over all label sets that include these labels; 0 where nothing was counted."""
        wanted = set(labels.items())
        with self._lock:
            return sum(value for (each, have), value in self._values.items() if each == name and wanted <= set(have))

    def samples(self) -> Iterator[Sample]:
        """Everything counted, by name."""
        with self._lock:
            values = sorted(self._values.items())
            durations = [(key, list(each), self._seconds[key]) for key, each in sorted(self._durations.items())]
        for (name, labels), value in values:
            yield Sample(f"throughline_collector_{name}_total", "counter", labels, value)
        for (name, labels), counts, seconds in durations:
            full = f"throughline_collector_{name}"
            for bound, count in zip((*map(str, _BUCKETS), "+Inf"), accumulate(counts), strict=True):
                yield Sample(f"{full}_bucket", "histogram", (*labels, ("le", bound)), count)
            yield Sample(f"{full}_sum", "histogram", labels, seconds)
            yield Sample(f"{full}_count", "histogram", labels, sum(counts))


def gauges(values: Mapping[str, float]) -> Iterator[Sample]:
    """Samples of figures that go up and down; names as for `Counters.add`."""
    for name, value in values.items():
        yield Sample(f"throughline_collector_{name}", "gauge", (), value)


def prometheus_text(samples: Iterator[Sample]) -> str:
    """The samples in Prometheus' text format, each name announced once."""
    lines: list[str] = []
    announced: set[str] = set()
    for sample in samples:
        name = sample.name.rpartition("_")[0] if sample.kind == "histogram" else sample.name
        if name not in announced:
            announced.add(name)
            lines.append(f"# TYPE {name} {sample.kind}")
        labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in sample.labels)
        lines.append(f"{sample.name}{'{' + labels + '}' if labels else ''} {_number(sample.value)}")
    return "\n".join(lines) + "\n" if lines else ""


def _number(value: float) -> str:
    # All digits: a counter rounded to six of them stands still for a scraper, then leaps.
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
