"""Whatever goes wrong in the systems, the platform finds what is true and nothing else: all faults, both stores.

Every fault is in a pair. Two pairs run everywhere; the others, each fault by itself, and the pairs over a server, are
for `make test-all`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sample_flows.api import PlatformApi
from sample_flows.faults import FAULTS
from sample_flows.findings import KINDS
from sample_flows.truth import read_truth
from sample_flows.verify import compare, table
from tests.sample_flows.scenarios import Scenarios, running
from tests.support.clickhouse_server import ClickHouseServer

SINGLE = {name: (name,) for name in FAULTS} | {"smooth": ()}
PAIRS = {
    "lost_and_twice": ("duplicate_events", "lost_event"),
    "late_and_skewed": ("out_of_order", "clock_skew"),
    "outage_and_retry": ("partial_outage", "second_invoice"),
    "silent_and_changed": ("silent_feed", "schema_change"),
    "slow_and_stuck": ("slow_system", "stuck_approval"),
    "stale_and_delayed": ("stale_load", "delayed_acknowledgements"),
}
"""Every fault is in one of them."""
EVERYWHERE = ("outage_and_retry", "late_and_skewed")


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenarios]:
    with running(tmp_path_factory.mktemp("faults"), SINGLE) as found:
        yield found


@pytest.fixture(scope="module")
def embedded_everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenarios]:
    with running(tmp_path_factory.mktemp("everywhere"), {name: PAIRS[name] for name in EVERYWHERE}) as found:
        yield found


@pytest.fixture(scope="module")
def embedded_pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenarios]:
    with running(tmp_path_factory.mktemp("pairs"), PAIRS) as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenarios]:
    folder = tmp_path_factory.mktemp("faults-server")
    with _own_server(folder) as url, running(folder, SINGLE, "--clickhouse-url", url) as found:
        yield found


@pytest.fixture(scope="module")
def server_pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenarios]:
    folder = tmp_path_factory.mktemp("pairs-server")
    with _own_server(folder) as url, running(folder, PAIRS, "--clickhouse-url", url) as found:
        yield found


@contextmanager
def _own_server(folder: Path) -> Iterator[str]:
    place = folder / "clickhouse"
    place.mkdir()
    server = ClickHouseServer(place)
    try:
        yield server.url
    finally:
        server.kill()


def _holds(found: Scenarios, tenant: str) -> None:
    result = found.findings(tenant)
    assert all(score.is_perfect for score in result), table(result)
    assert [score.kind for score in result] == list(KINDS)
    assert next(score for score in result if score.kind == "verdicts").true > 100


@pytest.mark.parametrize("pair", EVERYWHERE)
def test_two_faults_at_once(embedded_everywhere: Scenarios, pair: str) -> None:
    _holds(embedded_everywhere, pair)


@pytest.mark.slow
@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair not in EVERYWHERE])
def test_two_other_faults_at_once(embedded_pairs: Scenarios, pair: str) -> None:
    _holds(embedded_pairs, pair)


def test_a_finding_that_is_wrong_is_told(embedded_everywhere: Scenarios) -> None:
    """The truth of one scenario is not what the platform says of another."""
    truth = read_truth(embedded_everywhere.folder / "outage_and_retry.jsonl")
    api = PlatformApi(embedded_everywhere.platform.http, "late_and_skewed")
    result = compare(truth, ("order_to_cash",), api, timelines=0)
    assert not all(score.is_perfect for score in result)
    assert "The platform does not say what is true." in table(result)
    assert "duplicate_effect" in table(result)


@pytest.mark.server
@pytest.mark.parametrize("pair", PAIRS)
def test_two_faults_at_once_on_a_server(server_pairs: Scenarios, pair: str) -> None:
    _holds(server_pairs, pair)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("fault", SINGLE)
def test_a_fault(embedded: Scenarios, fault: str) -> None:
    _holds(embedded, fault)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.server
@pytest.mark.parametrize("fault", SINGLE)
def test_a_fault_on_a_server(server: Scenarios, fault: str) -> None:
    _holds(server, fault)


def test_every_fault_is_in_a_pair() -> None:
    assert {fault for pair in PAIRS.values() for fault in pair} == set(FAULTS)
