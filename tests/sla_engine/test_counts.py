"""Counts kept with the ledger: whatever ticks ran or crashed, objectives say what a recount of all clocks would say."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from model import Catalog, ManualClock
from sla_engine import Excuses, Grouping, SlaEngine, window_start
from sla_engine.tick import COUNTED_AT_ONCE
from store import Store, load_query
from tests.sla_engine.story import Happening, Story, when
from tests.sla_engine.test_ticks import KINDS, START, WITHIN, Crash, Crashing, history

RECOUNT = """
SELECT sla, toString(verdict) AS verdict, valid_from, workflow, key FROM clocks FINAL WHERE tenant = {tenant:String}
"""
BURN = {"1h": timedelta(hours=1), "6h": timedelta(hours=6), "3d": timedelta(days=3)}
OBJECTIVES: list[dict[str, Any]] = [
    {"target": "90%", "window": "4h"},
    {"target": "90%", "window": "285m"},
    {"target": "50%", "window": "30d", "minimum": 2},
    {"target": "90%", "period": "day"},
]


def promises() -> list[dict[str, Any]]:
    """One SLA of each kind; objectives of several lengths, the last kinds have none."""
    return [{**kind, "objective": goal} for kind, goal in zip(KINDS, OBJECTIVES, strict=False)] + KINDS[4:]


def finals(clocks: Sequence[dict[str, Any]], sla: str, since: datetime, now: datetime) -> tuple[int, int]:
    """Met and breached clocks of an SLA in a window, counted one by one."""
    found = Counter(each["verdict"] for each in clocks if each["sla"] == sla and since < each["valid_from"] <= now)
    return found["met"], found["breached"]


def expect_recount(story: Story, now: datetime) -> int:
    """What the reader says at an instant is what a recount says; gives how many clocks the windows held."""
    catalog: Catalog = story.catalogs[-1].catalog
    clocks = story.store.rows(RECOUNT, {"tenant": story.tenant})
    held = 0
    for row in story.reader.summaries(story.tenant, catalog, now):
        sla = catalog.sla(row.id)
        met, breached = finals(clocks, row.id, window_start(sla, now), now)
        assert (row.met, row.breached) == (met, breached), (row.id, now)
        held += met + breached
        allowed = 1 - sla.objective.target if sla.objective else 0
        for name, length in BURN.items():
            good, bad = finals(clocks, row.id, now - length, now)
            assert row.burn[name] == (bad / (good + bad) / allowed if allowed and good + bad else None), (row.id, now)
        own = [each for each in clocks if each["sla"] == row.id]
        assert {k: n for k, n in row.verdicts.items() if n} == Counter(each["verdict"] for each in own)
        instances = Counter(verdict for verdict, _ in {(each["verdict"], each["key"]) for each in own})
        assert {k: n for k, n in row.instances.items() if n} == instances
    (together,) = story.reader.attainments(story.tenant, catalog, now, Grouping.WORKFLOW)
    assert together.met + together.breached == held
    return held


def instants(rng: random.Random, end: datetime) -> list[datetime]:
    """Full hours, their neighbours, and any."""
    hour = START + timedelta(hours=rng.randrange(60))
    return [end, hour, hour + timedelta(microseconds=1), START + (end - START) * rng.random()]


@pytest.mark.parametrize("window", ["4h", "1d", "4d"])
def test_burn_rates_look_as_far_back_as_they_say_however_short_the_objective_is(
    shared_store: Store, window: str
) -> None:
    story = Story(shared_store, {**WITHIN, "objective": {"target": "90%", "window": window}})
    now = when("2026-03-10T12:00:00Z")
    hours = (2, 5, 7, 10, 30, 50, 71, 73)
    story.tell(Happening("a", now - timedelta(hours=4 + each), order=f"SO-{each}") for each in hours)
    story.tell([Happening("a", now - timedelta(hours=40)), Happening("b", now - timedelta(hours=40))])
    story.tick(now)
    expect_recount(story, now)
    (row,) = story.reader.summaries(story.tenant, story.catalogs[-1].catalog, now)
    assert (row.burn["1h"], row.burn["6h"], row.burn["3d"]) == (None, pytest.approx(10), pytest.approx(70 / 8))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 8))])
def test_counts_are_those_of_the_clocks_after_any_ticks(shared_store: Store, seed: int) -> None:
    rng = random.Random(seed)
    story = Story(shared_store, *promises(), systems=[{"id": "wms", "cadence": "45m"}])
    events, excuses, held = history(rng), Excuses(shared_store), 0
    for number in range(3):
        story.tell(events[number::3])  # late ones, too: they come in any order
        at = START + timedelta(hours=20 * (number + 1), seconds=rng.randrange(3600))
        if number == 1:
            breached = [each for each in story.clocks("SO-1") + story.clocks("SO-2") if each.verdict == "breached"]
            for each in breached[:2]:
                excuses.excuse_clock(story.tenant, each.clock, actor="ana", reason="strike", at=at)
        story.tick(at)
        for now in instants(rng, at):
            held += expect_recount(story, now)
    assert held > 50


def test_a_crash_anywhere_counts_nothing_twice_and_forgets_nothing(shared_store: Store) -> None:
    within = {"from": "a", "to": "b", "within": "4h", "objective": {"target": "90%", "window": "30d"}}
    story = Story(shared_store, {**within, "at_risk": "50%"}, {**within, "id": "each", "occurrence": "each"})
    story.tell(history(random.Random(5), 12))
    story.tick(START + timedelta(hours=3))
    story.tell(history(random.Random(6), 12))
    steps = 0
    while steps < 100:  # ends before each write in turn, on what all the attempts before have left behind
        story.engine = SlaEngine(Crashing(shared_store, iter(range(1000)), steps), ManualClock(START))
        try:
            story.tick(START + timedelta(hours=4, minutes=90 * steps))  # each finds more to append
        except Crash:
            steps += 1
        else:
            break
    assert 8 < steps < 100
    assert expect_recount(story, START + timedelta(hours=70)) > 20


def test_emptied_counts_fill_again_from_the_ledger(shared_store: Store) -> None:
    story = Story(shared_store, {"from": "a", "to": "b", "within": "4h"})
    story.tell(history(random.Random(1)))
    story.tick(START + timedelta(hours=90))
    before = expect_recount(story, START + timedelta(hours=90))
    shared_store.execute(
        "ALTER TABLE verdict_counts DELETE WHERE tenant = {tenant:String} SETTINGS mutations_sync = 1",
        {"tenant": story.tenant},
    )
    story.tick(START + timedelta(hours=91))
    assert expect_recount(story, START + timedelta(hours=91)) == before > 0


def test_a_window_is_open_at_its_beginning_and_closed_at_its_end(shared_store: Store) -> None:
    sla = {"from": "a", "to": "b", "within": "4h", "objective": {"target": "90%", "window": "285m"}}
    story = Story(shared_store, sla)
    story.happens("a", "2026-03-02T08:00:00Z")
    story.happens("b", "2026-03-02T09:15:00Z")
    story.tick("2026-03-02T15:00:00Z")
    met = {
        text: story.reader.summaries(story.tenant, story.catalogs[-1].catalog, when(f"2026-03-02T{text}Z"))[0].met
        for text in ("09:14:59.999999", "09:15:00", "13:59:59.999999", "14:00:00")
    }
    assert met == {"09:14:59.999999": 0, "09:15:00": 1, "13:59:59.999999": 1, "14:00:00": 0}


def test_a_stretch_of_the_ledger_is_counted_in_one_part(shared_store: Store) -> None:
    """What one insert counts must not be torn by the end of the process: one part is there, or it is not."""
    tenant = uuid.uuid4().hex
    own = {"tenant": tenant, "n": COUNTED_AT_ONCE}
    shared_store.execute(
        "INSERT INTO verdicts (tenant, seq, sla, clock, verdict, valid_from, was, was_from) "
        "SELECT {tenant:String}, number + 1, 's', toString(number), 'met', toDateTime64(number, 6, 'UTC'), 'breached', "
        "toDateTime64(number * 100, 6, 'UTC') FROM numbers({n:UInt64})",
        own,
    )
    shared_store.execute("SYSTEM STOP MERGES verdict_counts")
    try:
        params = {"tenant": tenant, "counted": 0, "upto": COUNTED_AT_ONCE}
        shared_store.execute(load_query("sla_engine", "count_verdicts"), params)
        counted = shared_store.rows(
            "SELECT uniqExact(_part) AS parts, count() > {n:UInt64} AS is_all FROM verdict_counts "
            "WHERE tenant = {tenant:String}",
            own,
        )
    finally:
        shared_store.execute("SYSTEM START MERGES verdict_counts")
    assert counted == [{"parts": 1, "is_all": 1}]
