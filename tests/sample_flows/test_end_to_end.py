"""The systems as processes, reporting to a tiny receiver: both protocols, traces across systems, own identifiers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sample_flows.systems import PROCESSES, SYSTEMS
from tests.sample_flows.receiver import Receiver, Record

ORDERS = 120
SERVER, ERROR = 2, 2


@dataclass
class Run:
    receiver: Receiver
    truth: dict[str, dict[str, Any]]
    state: Path
    words: str
    exit_code: int
    ended_at_ns: int


def _command(receiver: Receiver, *more: str) -> list[str]:
    arguments = ["--orders", str(ORDERS), "--history-days", "20"]
    return [sys.executable, "-m", "sample_flows", *receiver.arguments, *arguments, *more]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A history of 120 orders and some seconds of live traffic."""
    folder = tmp_path_factory.mktemp("sample")
    receiver = Receiver()
    files = ["--state-file", str(folder / "state.json"), "--truth", str(folder / "truth.jsonl")]
    command = _command(receiver, *files, "--duration", "6", "--rate", "120")
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    lines = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    truth = {(line["workflow"], line["key"]): line for line in lines}
    yield Run(receiver, truth, folder / "state.json", done.stderr, done.returncode, time.time_ns())
    receiver.close()


def test_it_ends_in_peace_and_says_what_it_did(run: Run) -> None:
    assert run.exit_code == 0, run.words
    assert "unexpectedly" not in run.words
    assert re.search(r"history: all \d+ cases sent", run.words)
    assert "Traceback" not in run.words


def test_every_system_reports_by_its_own_protocol(run: Run) -> None:
    doors = {(record.service, record.door) for record in run.receiver.records}
    assert doors == {(name, door) for name, door in SYSTEMS.items() if door != "cloudevents"}
    sources = {event["source"].rsplit("/", 1)[-1] for event in run.receiver.cloud_events}
    assert sources == {name for name, door in SYSTEMS.items() if door == "cloudevents"}


def test_one_trace_goes_through_the_systems_that_call_each_other(run: Run) -> None:
    spans = run.receiver.spans()
    by_id = {(span.trace, span.span): span for span in spans}
    services: dict[str, set[str]] = {}
    for span in spans:
        services.setdefault(span.trace, set()).add(span.service)
        if span.parent:
            parent = by_id[span.trace, span.parent]
            assert parent.start_ns <= span.start_ns <= span.end_ns <= parent.end_ns
    together = {tuple(sorted(found)) for found in services.values()}
    assert {("erp", "storefront"), ("erp", "wms"), ("bank", "erp")} <= together


def test_events_belong_to_the_span_in_which_they_happen(run: Run) -> None:
    spans = {(span.trace, span.span) for span in run.receiver.spans()}
    in_spans = [event for event in run.receiver.events() if event.service != "dock"]
    assert all((event.trace, event.span) in spans for event in in_spans)


def test_the_dock_terminal_has_a_log_and_no_trace(run: Run) -> None:
    lines = [event for event in run.receiver.events() if event.service == "dock"]
    assert lines
    for line in lines:
        assert set(line.trace) <= {"0"}
        assert line.attributes["event.name"] == "dock.goods.received"
        assert line.attributes["po"] in line.body


def test_messages_are_processed_in_traces_of_their_own_that_are_linked_to_the_sender(run: Run) -> None:
    sent = {(span.trace, span.span) for span in run.receiver.spans() if span.name == "send stock"}
    processed = [span for span in run.receiver.spans() if span.name == "process stock"]
    assert {span.service for span in processed} == {"storefront", "marketplace"}
    assert all(not span.parent for span in processed)
    linked = [span for span in processed if span.links]
    assert len(linked) > 0.8 * len(processed)
    assert all(link in sent and link[0] != span.trace for span in linked for link in span.links)


def test_the_warehouse_load_says_which_orders_it_has_loaded(run: Run) -> None:
    loads = run.receiver.events("dwh.orders.loaded")
    assert max(len(load.attributes["order.number"]) for load in loads) > 1


def test_cloud_events_are_valid_and_come_alone_and_in_batches(run: Run) -> None:
    for event in run.receiver.cloud_events:
        assert event["specversion"] == "1.0"
        assert all(event[name] for name in ("id", "source", "type", "time", "datacontenttype", "data"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
    kinds = {"application/cloudevents+json", "application/cloudevents-batch+json"}
    assert kinds <= run.receiver.content_types


def _at(line: dict[str, Any], milestone: str) -> list[str]:
    return [event["at"] for event in line["events"] if event["milestone"] == milestone]


def _values(records: list[Record], service: str) -> str:
    return json.dumps([record.attributes for record in records if record.service == service])


def test_each_system_uses_its_own_identifiers_only(run: Run) -> None:
    records = run.receiver.records
    assert "SO-1000001" in _values(records, "storefront")
    assert '"delivery.id": "80000' in _values(records, "wms")
    assert '"delivery.id": "0080000' in _values(records, "erp")
    assert '"remittance.reference": "9000' in _values(records, "bank")
    for service in ("wms", "bank"):
        assert "SO-" not in _values(records, service)
    assert "SO-" not in _values(records, "tax")
    assert "0080000" not in _values(records, "wms") + _values(records, "bank")
    carrier = [event for event in run.receiver.cloud_events if event["source"].endswith("/carrier")]
    assert "SO-" not in json.dumps(carrier)


def test_nothing_comes_from_the_future(run: Run) -> None:
    assert max(record.end_ns for record in run.receiver.records) < run.ended_at_ns


def test_what_came_in_is_what_the_truth_says(run: Run) -> None:
    truth = {key: line for (workflow, key), line in run.truth.items() if workflow == "order_to_cash"}
    assert len(truth) > ORDERS
    placed = {
        span.attributes["order.id"]: span.end_ns
        for span in run.receiver.spans()
        if span.service == "storefront" and span.name == "POST /orders" and span.status != ERROR
    }
    assert {key: _ns(_at(line, "order_placed")[0]) for key, line in truth.items()} == placed
    for name, milestone in (
        ("erp.delivery.created", "delivery_created"),
        ("wms.goods.issued", "goods_issued"),
        ("erp.invoice.posted", "invoice_posted"),
        ("bank.payment.received", "payment_received"),
        ("shop.order.cancelled", "order_cancelled"),
    ):
        told = {_ns(at) for line in truth.values() for at in _at(line, milestone)}
        assert told == {event.end_ns for event in run.receiver.events(name)}


def test_what_is_delivered_twice_is_the_same_both_times(run: Run) -> None:
    assert any(event["copies"] == 2 for line in run.truth.values() for event in line["events"])
    assert len({record.identity for record in run.receiver.records}) < len(run.receiver.records)


def test_a_second_start_sends_no_history_and_goes_on_with_the_next_order(run: Run) -> None:
    again = Receiver()
    command = _command(again, "--state-file", str(run.state), "--duration", "3", "--rate", "60")
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    again.close()
    assert done.returncode == 0, done.stderr
    assert "history" not in done.stderr
    placed = {span.attributes["order.id"] for span in again.spans() if span.name == "POST /orders"}
    assert placed
    assert placed.isdisjoint(key for _, key in run.truth)


def test_the_state_of_another_history_is_refused_in_clear_words(run: Run) -> None:
    command = _command(run.receiver, "--state-file", str(run.state), "--seed", "2")
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "belongs to --seed 1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said_in_clear_words(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = _command(run.receiver, "--state-file", str(run.state), "--first-port", str(port))
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "cannot be had: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def _until(what: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for child processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_is_ended_no_system_outlives_it(run: Run, number: signal.Signals) -> None:
    command = _command(run.receiver, "--state-file", str(run.state), "--rate", "0")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "live" in process.stderr.readline()
        children = _children(process.pid)
        assert len(children) == len(PROCESSES)
        os.kill(process.pid, number)
        process.wait(5)
        assert process.returncode == (-9 if number is signal.SIGKILL else 0)
    _until(lambda: not _alive(children), 5)


def test_a_platform_that_goes_away_is_survived_and_told_the_rest_when_it_is_back(run: Run, tmp_path: Path) -> None:
    first, truth = Receiver(), tmp_path / "truth.jsonl"
    files = ["--state-file", str(run.state), "--truth", str(truth)]
    command = _command(first, *files, "--rate", "240", "--duration", "60")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        _until(lambda: len(_orders(first)) > 1)
        first.close()
        words = process.stderr.readline()
        while "is away" not in words:
            words = process.stderr.readline()
        second = Receiver(first.grpc_port, first.http_port)
        _until(lambda: len(_orders(second)) > 1)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    second.close()
    assert "is back; sending what was kept" in rest
    assert "Traceback" not in words + rest
    parts = [_orders(each) for each in (first, second)]
    numbers = sorted(int(number[3:]) for number in parts[0] | parts[1])
    assert numbers[-1] - numbers[0] == len(numbers) - 1
    known = {json.loads(line)["key"] for line in truth.read_text().splitlines()}
    assert parts[0] | parts[1] <= known, "the truth has what happened while the platform was away"


def _orders(receiver: Receiver) -> set[str]:
    """The orders that it has been told were placed."""
    return {each.attributes["order.id"] for each in receiver.spans() if each.name == "POST /orders"}


def _ns(text: str) -> int:
    since = datetime.fromisoformat(text) - datetime.fromisoformat("1970-01-01T00:00:00Z")
    return since // timedelta(microseconds=1) * 1000
