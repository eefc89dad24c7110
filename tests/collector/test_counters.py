"""What the collector tells about itself is Prometheus text any scraper reads."""

from __future__ import annotations

import math
from pathlib import Path

import httpx
import pytest

from collector import prometheus_text
from collector.counters import Counters, gauges
from store import Store
from tests.collector.payloads import poison, spans
from tests.collector.running import RunningCollector, wait_for

_PROTOBUF = {"content-type": "application/x-protobuf"}


def test_counters_gauges_and_histograms_as_text() -> None:
    counters = Counters()
    counters.add("refused_requests", 2, reason='a "b"\\\n')
    for seconds in (0.005, 0.02, 99.0):
        counters.observe("insert_seconds", seconds, table="t")
    text = prometheus_text(iter([*counters.samples(), *gauges({"spool_bytes": 7})])).splitlines()
    assert text[:2] == [
        "# TYPE throughline_collector_refused_requests_total counter",
        'throughline_collector_refused_requests_total{reason="a \\"b\\"\\\\\\n"} 2',
    ]
    assert text[2] == "# TYPE throughline_collector_insert_seconds histogram"
    assert text[3] == 'throughline_collector_insert_seconds_bucket{table="t",le="0.005"} 1'
    assert text[5] == 'throughline_collector_insert_seconds_bucket{table="t",le="0.025"} 2'
    assert text[14] == 'throughline_collector_insert_seconds_bucket{table="t",le="+Inf"} 3'
    assert text[16] == 'throughline_collector_insert_seconds_count{table="t"} 3'
    assert text[17:] == ["# TYPE throughline_collector_spool_bytes gauge", "throughline_collector_spool_bytes 7"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_234_561, "1234561"),
        (2**53 + 1, "9007199254740993"),
        (4294967296.0, "4294967296"),
        (1234567.25, "1234567.25"),
        (0.1, "0.1"),
        (0.0, "0"),
        (math.inf, "inf"),
    ],
)
def test_a_figure_is_told_with_all_its_digits(value: float, text: str) -> None:
    told = prometheus_text(gauges({"figure": value}))
    assert told.splitlines()[1] == f"throughline_collector_figure {text}"


def test_everything_an_operator_asks_for_is_told(store: Store, tmp_path: Path) -> None:
    with RunningCollector(store, tmp_path) as running:
        url = f"{running.http}/v1/traces"
        for body, status in [(spans(3).SerializeToString(), 200), (poison(), 200), (b"\xff", 400)]:
            assert httpx.post(url, content=body, headers=_PROTOBUF).status_code == status
        wait_for(lambda: running.collector.quarantine.count() == 1 and running.collector.spool.depth_bytes == 0)
        text = prometheus_text(running.collector.samples())
    for line in (
        'throughline_collector_accepted_items_total{protocol="http_protobuf",signal="traces"} 4',
        'throughline_collector_accepted_requests_total{protocol="http_protobuf",signal="traces"} 2',
        'throughline_collector_refused_requests_total{protocol="http_protobuf",reason="malformed"} 1',
        'throughline_collector_rows_total{table="otel_traces"} 3',
        "throughline_collector_quarantine_requests 1",
        "throughline_collector_spool_bytes 0",
        "throughline_collector_spool_age_seconds 0",
        "throughline_collector_writer_failing 0",
        "throughline_collector_spool_seconds_count 2",
    ):
        assert line in text.splitlines()
    assert "throughline_collector_accepted_bytes_total" in text
    assert 'throughline_collector_insert_seconds_count{table="otel_traces"}' in text
