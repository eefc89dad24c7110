"""History: what templates write is what the systems report, byte for byte; chunks hold every case once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from opentelemetry.trace import get_current_span

from sample_flows import Case, Step, case_history, with_faults
from sample_flows.crowd import not_over, send_history
from sample_flows.door import Doors
from sample_flows.history import History, Sender
from sample_flows.recording import Place, Recorder, joined
from sample_flows.statement import without_statement
from sample_flows.systems import Endpoints
from sample_flows.telling import PROOFS, Teller
from sample_flows.template import shape_of
from sample_flows.tour import Tour
from sample_flows.truth import TruthFile, lines_of
from tests.sample_flows.receiver import Receiver

NOW = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=1)
HISTORY = History(3, 60, NOW, 4, faults=("clock_skew", "duplicate_events"), has_files=True)


def _steps(*faults: str) -> list[Step]:
    cases = [with_faults(case, faults, 1, SINCE) for case in case_history(1, 60, NOW, 2)]
    return [step for case in cases for step in case.steps]


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param((), id="smooth"),
        pytest.param(("duplicate_events", "schema_change", "second_invoice"), id="doubled and renamed"),
        pytest.param(("lost_event", "partial_outage", "silent_feed", "stuck_approval"), id="lost and refused"),
    ],
)
def test_templates_write_byte_for_byte_what_the_systems_report(faults: tuple[str, ...]) -> None:
    teller, systems = Teller(), Recorder(None)
    for step in _steps(*faults):
        assert teller.tell(step) == joined(systems.perform(step, teller.observed_ns)), step
    assert teller.told["by template"] > 0.5 * teller.told.total()


def _odd(number: int) -> Step:
    at = NOW + timedelta(seconds=number)
    order = f"SO-{1_000_000 + number}"
    return Step(f"1/{order}/odd", "odd", "tax", "/odd", {"order": order}, at, at, (order,), ())


def test_a_report_that_does_not_follow_from_its_step_is_never_told_by_a_template() -> None:
    teller, number = Teller(), [0]

    @teller.recorder.transport.apps["tax"].post("/odd")
    def count(payload: dict[str, str]) -> dict[str, str]:
        number[0] += 1
        get_current_span().set_attributes({"order.id": payload["order"], "number": number[0]})
        return {}

    told = [teller.tell(_odd(each)) for each in range(PROOFS + 5)]
    assert teller.told == {"by the systems": PROOFS + 5}
    assert len({reports["tax", "spans"] for reports in told}) == PROOFS + 5


def test_words_of_another_length_are_another_shape_and_odd_ones_have_none() -> None:
    step = _odd(1)
    shape = shape_of(step, is_linked=False)
    assert shape is not None
    assert shape.words == ("SO-1000001",)
    assert shape_of(_odd(2), is_linked=False) == (shape.key, ("SO-1000002",))
    for order in ('SO-"quoted"', "SO-Größe", "~~~~~~"):
        assert shape_of(Step(*_with(step, order)), is_linked=False) is None
    longer = shape_of(Step(*_with(step, "SO-10000001")), is_linked=False)
    assert longer is not None
    assert longer.key != shape.key


def _with(step: Step, order: str) -> tuple[object, ...]:
    return (step.id, step.milestone, step.system, step.path, {"order": order}, step.at, step.sent_at, (order,), ())


def _planned() -> list[Case]:
    return [with_faults(case, HISTORY.faults, 3, SINCE) for case in case_history(3, 60, NOW, 4)]


def test_chunks_hold_every_case_once_and_the_newest_come_first() -> None:
    chunks = list(HISTORY.chunks(7))
    firsts = [chunk.first for chunk in chunks]
    assert firsts == sorted(firsts, reverse=True)
    cases = [case for chunk in reversed(chunks) for case in HISTORY.cases(chunk)]
    assert cases == _planned()


def test_without_files_payments_made_are_never_reported() -> None:
    [chunk] = History(3, 60, NOW, 4).chunks(100)
    planned = [without_statement(case) for case in case_history(3, 60, NOW, 4)]
    assert list(History(3, 60, NOW, 4).cases(chunk)) == planned


@pytest.mark.parametrize("processes", [1, 2])
def test_however_many_send_it_all_arrives_and_what_is_not_over_is_the_same_after_a_restart(
    tmp_path: Path, processes: int
) -> None:
    receiver, first, again = Receiver(), Tour(), Tour()
    truth = TruthFile(tmp_path / "truth.jsonl")
    endpoints = Endpoints(f"127.0.0.1:{receiver.grpc_port}", f"http://127.0.0.1:{receiver.http_port}")
    under_way = send_history(HISTORY, endpoints, truth, lambda _: None, Event(), tour=first, processes=processes)
    truth.close()
    receiver.close()
    assert under_way is not None
    assert sorted(under_way, key=str) == sorted(not_over(HISTORY, again), key=str)
    assert first.text("http://here") == again.text("http://here")
    told = [line for case in _planned() for line in lines_of(case, NOW)]
    assert sorted((tmp_path / "truth.jsonl").read_text().splitlines(keepends=True)) == sorted(told)
    placed = {span.attributes["order.id"] for span in receiver.spans() if span.name == "POST /orders"}
    assert placed == {key for case in _planned() if case.workflow == "order_to_cash" for key in case.instances}


def test_a_platform_that_is_away_in_between_is_waited_for() -> None:
    away = Receiver()
    away.close()
    endpoints = Endpoints(f"127.0.0.1:{away.grpc_port}", f"http://127.0.0.1:{away.http_port}")
    back: list[Receiver] = []
    words: list[str] = []

    def say(text: str) -> None:
        words.append(text)
        if "is away" in text and not back:
            back.append(Receiver(away.grpc_port, away.http_port))

    assert send_history(HISTORY, endpoints, TruthFile(None), say, Event()) is not None
    back[0].close()
    assert any("is back; sending what was kept" in text for text in words)
    assert {record.service for record in back[0].records} > {"storefront", "erp", "wms"}


def test_nothing_is_sent_once_it_is_to_stop() -> None:
    receiver, stop = Receiver(), Event()
    stop.set()
    endpoints = Endpoints(f"127.0.0.1:{receiver.grpc_port}", f"http://127.0.0.1:{receiver.http_port}")
    assert send_history(HISTORY, endpoints, TruthFile(None), lambda _: None, stop) is None
    receiver.close()
    assert not receiver.records


class _Desk(Doors):
    """Doors behind which somebody writes down what comes in."""

    def __init__(self) -> None:
        super().__init__(Endpoints("127.0.0.1:1", "http://127.0.0.1:1"), lambda _: None)
        self.taken: list[bytes] = []

    def send(self, place: Place, parts: Sequence[bytes], envelope: tuple[bytes, bytes] | None) -> None:  # noqa: ARG002
        self.taken.append(b"".join(parts))

    def when(self, text: str) -> int:
        """The first time something with that text came in."""
        return next(n for n, body in enumerate(self.taken) if text.encode() in body)


def test_answers_go_before_the_promises_they_answer_and_the_order_goes_last() -> None:
    history, desk = History(1, 8, NOW, 20), _Desk()
    [chunk] = history.chunks(100)
    Sender(history, Teller(), desk, Event(), wants_truth=False).send(chunk)
    desk.close()
    names = (
        *("process stock", "bank.payment.received", "erp.invoice.posted", "parcel.collected", "wms.goods.issued"),
        *("erp.delivery.created", "POST /orders"),
    )
    assert [desk.when(name) for name in names] == sorted({desk.when(name) for name in names})
    assert desk.when("process stock") < desk.when("erp.stock.posted") < desk.when("wms.stock.changed")
    assert desk.when("dwh.orders.loaded") < desk.when("POST /orders")
