"""The tour leads to examples that are there: late and still open, billed late for the tax engine, billed twice."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from sample_flows import Case, case_history, truth_of
from sample_flows.findings import ENDS
from sample_flows.plans import PROCESSES
from sample_flows.tour import Tour
from sample_flows.truth import TrueInstance, really_broken

NOW = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)
BASE = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def orders() -> list[Case]:
    return list(case_history(4, 800, NOW, 12, ("order_to_cash",)))


@pytest.fixture(scope="module")
def examples(orders: list[Case]) -> list[TrueInstance]:
    tour = Tour()
    for case in orders:
        tour.consider(case, NOW)
    keys = re.findall(r"instances/(SO-\d+)", tour.text(BASE))
    instances = {each.key: each for case in orders for each in truth_of(case, NOW)}
    return [instances[key] for key in keys]


def test_operations_see_an_order_that_is_late_and_not_over(examples: list[TrueInstance]) -> None:
    late = examples[0]
    assert "delivery_as_promised" in really_broken(late, NOW)
    assert not any(event.milestone in ENDS for event in late.known)


def test_on_call_sees_an_invoice_that_broke_its_promise_as_the_tax_engine_did_not_answer(
    examples: list[TrueInstance],
) -> None:
    assert "invoice_after_goods_issue" in really_broken(examples[1], NOW)
    assert "invoice_failed" in {event.milestone for event in examples[1].known}


def test_auditors_find_an_order_that_was_billed_twice_by_the_banks_number(
    examples: list[TrueInstance], orders: list[Case]
) -> None:
    tour = Tour()
    for case in orders:
        tour.consider(case, NOW)
    [number] = re.findall(r"/search\?q=(\d+)", tour.text(BASE))
    [paid] = [event for event in examples[2].known if event.milestone == "payment_received"]
    assert ("invoice", number) in paid.keys
    assert sum(event.milestone == "invoice_posted" for event in examples[2].known) == 2


def test_later_examples_are_better_whatever_the_order_in_which_they_are_met(orders: list[Case]) -> None:
    forth, back, other = Tour(), Tour(), Tour()
    for case in orders:
        forth.consider(case, NOW)
    for case in reversed(orders[:400]):
        back.consider(case, NOW)
    for case in orders[400:]:
        other.consider(case, NOW)
    back.merge(other)
    assert back.text(BASE) == forth.text(BASE)


def test_a_good_example_is_better_than_a_later_one_and_any_is_better_than_none(orders: list[Case]) -> None:
    failed = [case for case in orders if "tax_engine_down" in case.mishaps]
    good = [case for case in failed if "invoice_after_goods_issue" in really_broken(truth_of(case, NOW)[0], NOW)]
    others = [case for case in failed if case not in good and len(truth_of(case, NOW)[0].known) > 7]
    assert others
    tour = Tour()
    tour.consider(others[0], NOW)
    assert others[0].name in tour.text(BASE)
    for case in [*good, *others]:
        tour.consider(case, NOW)
    assert good[-1].name in tour.text(BASE)


def test_with_no_history_the_tour_leads_to_pages_that_are_there() -> None:
    text = Tour().text(BASE)
    assert "/instances/" not in text
    assert all(f"/workflows/{name}" in text or name != "order_to_cash" for name in PROCESSES)
