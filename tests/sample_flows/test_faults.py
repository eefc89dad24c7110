"""Faults: deterministic, each with its effect on the plans, named in clear words; and the page that switches them."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sample_flows import FAULTS, Case, UnknownFault, case_history, named, truth_of, with_faults
from sample_flows.control import ControlPage
from sample_flows.live import LiveTraffic
from sample_flows.processes import CannotStart
from sample_flows.state import StateFile
from sample_flows.truth import TruthFile
from sample_flows.web import DirectTransport

NOW = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=1)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(case_history(1, 400, NOW, 6))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_spoils_some_cases_and_always_the_same(name: str, cases: list[Case]) -> None:
    spoilt = [with_faults(case, (name,), 1, SINCE) for case in cases]
    assert spoilt == [with_faults(case, (name,), 1, SINCE) for case in cases]
    count = sum(name in case.mishaps for case in spoilt)
    assert count > 5
    assert all(after == before for before, after in zip(cases, spoilt, strict=True) if name not in after.mishaps)


def test_with_a_schema_change_goods_issues_wait_for_their_delivery(cases: list[Case]) -> None:
    spoilt = [with_faults(case, ("schema_change",), 1, SINCE) for case in cases]
    waiting = {
        (event.milestone, event.waiting[0][0])
        for case in spoilt
        for instance in truth_of(case, NOW)
        for event in instance.events
        if event.waiting
    }
    assert {("goods_issued", "delivery"), ("invoice_posted", "invoice")} <= waiting


def test_what_is_lost_is_known_to_the_truth_and_to_nobody_else(cases: list[Case]) -> None:
    spoilt = [with_faults(case, ("lost_event",), 1, SINCE) for case in cases]
    instances = [instance for case in spoilt for instance in truth_of(case, NOW)]
    lost = [event for instance in instances for event in instance.events if not event.is_reported]
    assert lost
    assert not any(event in instance.known for event in lost for instance in instances)


def test_names_are_taken_with_hyphens_and_in_any_order() -> None:
    assert named(["clock-skew", " duplicate_events"]) == ("duplicate_events", "clock_skew")


def test_an_unknown_fault_is_refused_with_all_names_there_are() -> None:
    with pytest.raises(UnknownFault, match=r"no fault 'gremlins'.*silent_feed"):
        named(["gremlins"])
    done = subprocess.run(
        [sys.executable, "-m", "throughline", "demo", "--fault", "gremlins"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "there is no fault 'gremlins'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def live() -> LiveTraffic:
    state = StateFile(None).load(1, 0, 1, (), NOW)
    return LiveTraffic(DirectTransport(), state, TruthFile(None), lambda _: None)


def _post(address: str, **headers: str) -> int:
    body = urllib.parse.urlencode([("fault", "silent_feed"), ("fault", "gremlins")]).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{address}/", body, headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_the_page_switches_faults_for_what_begins_from_now_on(live: LiveTraffic) -> None:
    with ControlPage(live, 0) as page:
        assert _post(page.address) == 200
        assert live.faults == ("silent_feed",)
        with urllib.request.urlopen(page.address, timeout=10) as answer:
            text = answer.read().decode()
    assert text.count(" checked") == 1
    assert all(fault.title.split("'")[0] in text for fault in FAULTS.values())


def test_another_sites_page_cannot_switch_faults(live: LiveTraffic) -> None:
    with ControlPage(live, 0) as page:
        assert _post(page.address, Origin="http://elsewhere.example") == 403
    assert live.faults == ()


def test_a_port_in_use_is_said_in_clear_words(live: LiveTraffic) -> None:
    with ControlPage(live, 0) as page, pytest.raises(CannotStart, match=r"port .* for the page"):
        ControlPage(live, int(page.address.rsplit(":", 1)[1]))


def test_a_big_truth_file_is_rewritten_with_the_last_lines_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cases: list[Case]
) -> None:
    from sample_flows import truth

    path = tmp_path / "truth.jsonl"
    for _ in range(3):
        file = TruthFile(path)
        file.write(cases[0], NOW)
        file.close()
    before = truth.read_truth(path)
    monkeypatch.setattr(truth, "COMPACT_BYTES", 10)
    TruthFile(path).close()
    assert len(path.read_text().splitlines()) == len(before)
    assert truth.read_truth(path) == before


def test_the_guide_lists_every_fault() -> None:
    guide = Path(__file__).parents[2] / "docs" / "guides" / "faults-on-demand.md"
    text = guide.read_text(encoding="utf-8")
    assert all(f"| `{fault.name}` | {fault.title} | {fault.look} |" in text for fault in FAULTS.values())
