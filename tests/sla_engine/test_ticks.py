"""Ticks: whatever ran, was skipped, repeated, came late or crashed, the verdicts are those of the data."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest

from model import ManualClock
from sla_engine import SlaEngine
from store import Sql, Store
from tests.sla_engine.received import receive
from tests.sla_engine.story import Happening, Story, when
from tests.support.platform import eventually

WITHIN = {"from": "a", "to": "b", "within": "4h"}
START = when("2026-03-06T12:00:00Z")  # a Friday, so that business time has a weekend to skip
KINDS: list[dict[str, Any]] = [
    {**WITHIN, "id": "first", "at_risk": "75%"},
    {**WITHIN, "id": "last", "occurrence": "last"},
    {**WITHIN, "id": "each", "occurrence": "each", "at_risk": "1h"},
    {**WITHIN, "id": "per", "per": "delivery"},
    {**WITHIN, "id": "paused", "pause": {"from": "p", "to": "r"}, "at_risk": "50%"},
    {**WITHIN, "id": "working", "calendar": "berlin", "pause": {"from": "p", "to": "r"}, "at_risk": "30m"},
    {"id": "promised", "from": "a", "to": "b", "by": {"attribute": "promise"}, "at_risk": "50%", "calendar": "berlin"},
    {"id": "cut", "from": "a", "to": "b", "by": {"cut_off": "16:00", "due": "17:00"}, "calendar": "shop"},
]
WMS = {"id": "wms", "cadence": "45m"}


def history(rng: random.Random, orders: int = 6) -> list[Happening]:
    """A random history of a few orders over two and a half days."""
    promises = ["2026-03-06", "2026-03-07T12:00:00Z", "2026-03-09", "soon", ""]
    return [
        Happening(
            rng.choice("aaabbpprx" if rng.random() < 0.3 else "aabbppr"),
            START + timedelta(minutes=rng.choice([rng.randrange(0, 3600), rng.randrange(0, 600, 60)])),
            order=f"SO-{rng.randrange(orders)}",
            keys={"delivery": rng.choice("DE")} if rng.random() < 0.7 else {},
            attributes={"promise": rng.choice(promises)},
        )
        for _ in range(orders * 6)
    ]


def standing(story: Story, orders: int = 6) -> list[tuple[Any, ...]]:
    """What is current: clocks are named by what they are about, because their ids hold the tenant."""
    return sorted(
        (
            c.sla,
            order,
            c.per,
            c.started_at,
            str(c.verdict),
            str(c.deadline_at),
            c.valid_from,
            str(c.satisfied_at),
            c.flags,
        )
        for order in (f"SO-{n}" for n in range(orders))
        for c in story.clocks(order)
    )


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 8))])
def test_any_schedule_of_ticks_leads_to_the_same_verdicts(shared_store: Store, seed: int) -> None:
    rng = random.Random(seed)
    events = history(rng)
    end = START + timedelta(hours=rng.choice([5, 24, 70, 100]))

    once = Story(shared_store, *KINDS, systems=[WMS])
    once.tell(events)
    once.tick(end)

    often = Story(shared_store, *KINDS, systems=[WMS])
    arrival = events if seed % 2 else rng.sample(events, len(events))
    instants = sorted(START + (end - START) * rng.random() for _ in range(5))
    for number, as_of in enumerate(instants):
        often.tell(arrival[number::5])
        for repeat in range(rng.randrange(3)):
            often.tick(as_of - timedelta(hours=repeat))
        if rng.random() < 0.3:
            often.restart()
    often.tick(end)
    assert standing(often) == standing(once)


def test_a_tick_that_is_not_later_than_the_last_does_nothing(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    story.happens("a", "2026-03-02T08:00:00Z")
    story.tick("2026-03-02T13:00:00Z")
    before = story.clocks(), story.reader.ledger(story.tenant, "promise")
    for as_of in ("2026-03-02T13:00:00Z", "2026-03-02T09:00:00Z"):
        report = story.tick(as_of)
        assert (report.as_of, report.judged, report.appended) == (when("2026-03-02T13:00:00Z"), 0, 0)
    assert (story.clocks(), story.reader.ledger(story.tenant, "promise")) == before


def test_only_what_changed_or_is_due_is_judged(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    story.tell(Happening("a", when("2026-03-02T08:00:00Z") + timedelta(minutes=n), order=f"SO-{n}") for n in range(10))
    assert story.tick("2026-03-02T09:00:00Z").clocks_opened == 10
    assert story.tick("2026-03-02T10:00:00Z").judged == 0
    assert story.tick("2026-03-02T12:02:30Z").judged == 3
    story.happens("b", "2026-03-02T12:02:45Z", order="SO-9")
    report = story.tick("2026-03-02T12:02:50Z")
    assert (report.judged, report.appended, report.clocks_opened) == (1, 1, 0)


def test_the_ledger_is_only_appended_to_where_something_is_news(shared_store: Store) -> None:
    story = Story(shared_store, {**WITHIN, "at_risk": "50%"})
    pages = []
    story.happens("a", "2026-03-02T08:00:00Z")
    for as_of in ("09:00", "09:30", "10:30", "11:30", "12:30", "13:30"):
        story.tick(f"2026-03-02T{as_of}:00Z")
        pages.append(story.reader.ledger(story.tenant, "promise")[0])
    assert [len(page) for page in pages] == [1, 1, 2, 2, 3, 3]
    assert all(later[: len(page)] == page for page, later in pairwise(pages))
    assert [row.seq for row in pages[-1]] == [1, 2, 3]
    story.happens("p", "2026-03-02T10:00:00Z")  # touches the instance, changes nothing
    report = story.tick("2026-03-02T14:00:00Z")
    assert (report.judged, report.appended) == (0, 0)


class Crash(Exception):
    """The process ends here."""


class Crashing:
    """A store whose process ends before the n-th write."""

    def __init__(self, store: Store, writes: Iterator[int], last: int) -> None:
        self._store = store
        self._writes = writes
        self._last = last

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in {"execute", "insert"}:
            return method

        def counted(*args: Any, **kwargs: Any) -> Any:
            if next(self._writes) >= self._last:
                raise Crash
            return method(*args, **kwargs)

        return counted


def test_a_crash_between_any_two_steps_repeats_work_without_doubling_the_ledger(shared_store: Store) -> None:
    def told() -> Story:
        story = Story(shared_store, {**WITHIN, "at_risk": "50%"})
        story.tell(Happening("a", when("2026-03-02T08:00:00Z"), order=f"SO-{n}") for n in range(3))
        story.tick("2026-03-02T09:00:00Z")
        story.happens("b", "2026-03-02T09:30:00Z", order="SO-2")
        story.happens("a", "2026-03-02T09:30:00Z", order="SO-3")
        return story

    def lines(story: Story) -> list[tuple[str, str, datetime]]:
        rows, _ = story.reader.ledger(story.tenant, "promise")
        return sorted((row.key, str(row.verdict), row.valid_from) for row in rows)

    whole, broken = told(), told()
    whole.tick("2026-03-02T11:00:00Z")
    steps = 0
    while steps < 100:  # ends before each write in turn, on what all the attempts before have left behind
        broken.engine = SlaEngine(Crashing(shared_store, iter(range(1000)), steps), ManualClock(START))
        try:
            broken.tick(when("2026-03-02T10:30:00Z") + timedelta(seconds=steps))
        except Crash:
            steps += 1
            assert len(lines(broken)) == len(set(lines(broken))), f"after a crash before write {steps}"
        else:
            break
    broken.restart()
    broken.tick("2026-03-02T11:00:00Z")
    assert lines(broken) == lines(whole)
    assert standing(broken, 4) == standing(whole, 4)
    for story in (broken, whole):  # what was stored before a crash is still woken after it
        story.tick("2026-03-02T13:45:00Z")
    assert standing(broken, 4) == standing(whole, 4)
    assert 8 < steps < 100


class Watched:
    """A store where somebody looks after each write to some of its tables."""

    def __init__(self, store: Store, tables: set[str], look: Callable[[], None]) -> None:
        self._store = store
        self._tables = tables
        self._look = look

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def execute(self, statement: str | Sql, params: Any = None) -> None:
        self._store.execute(statement, params)
        table = re.search(r"INSERT INTO (\w+)", str(statement))
        if table and table[1] in self._tables:
            self._look()


@pytest.mark.parametrize(
    "later",
    [
        pytest.param("2026-03-02T09:05:30Z", id="before the time of judging"),
        pytest.param("2026-03-02T09:06:58Z", id="after it, within the same minute"),
    ],
)
def test_an_answer_counts_as_soon_as_what_its_system_reported_after_it(shared_store: Store, later: str) -> None:
    story = Story(shared_store, {"from": "a", "to": "b", "within": "1h"}, systems=[{"id": "wms", "cadence": "15m"}])
    story.happens("a", "2026-03-02T08:00:00Z")
    story.happens("b", "2026-03-02T08:58:00Z", order="SO-0")
    story.at("2026-03-02T09:05:00Z").is_("at_risk")
    seconds = iter(range(600))
    looks = []

    def look() -> None:
        judged = story.tick(when("2026-03-02T09:06:01Z") + timedelta(milliseconds=next(seconds)))
        looks.append(judged.as_of)

    told = [
        Happening("b", when("2026-03-02T08:59:00Z")),
        Happening("b", when("2026-03-02T09:06:00Z"), order="SO-8"),
        Happening("b", when(later), order="SO-9"),
    ]
    tables = {"events", "memberships", "touched", "correlator_ticks", "system_seen"}
    watched = cast(Store, Watched(shared_store, tables, look))
    receive(watched, story.tenant, story.catalogs[-1].catalog, told)
    assert len(looks) == len(tables)
    story.at("2026-03-02T09:06:59Z").is_("met", since="2026-03-02T08:59:00Z")
    rows, _ = story.reader.ledger(story.tenant, "promise")
    assert [str(row.verdict) for row in rows if row.key == "SO-1"] == ["at_risk", "met"]


def test_wake_ups_that_were_followed_do_not_pile_up_and_no_tick_waits_until_they_are_gone(shared_store: Store) -> None:
    story = Story(shared_store, {**WITHIN, "at_risk": "50%"})
    story.engine = SlaEngine(shared_store, ManualClock(START), most_spent_wakeups=5)
    story.tell(Happening("a", when("2026-03-02T08:00:00Z"), order=f"SO-{n}") for n in range(6))
    shared_store.execute("SYSTEM STOP MERGES wakeups")  # and no rows are taken out of its parts
    try:
        for as_of in ("09:00", "10:30", "12:30", "13:00"):
            story.tick(f"2026-03-02T{as_of}:00Z")
    finally:
        shared_store.execute("SYSTEM START MERGES wakeups")
    count = "SELECT count() FROM wakeups WHERE tenant = {tenant:String}"
    eventually(lambda: shared_store.value(count, {"tenant": story.tenant}) == 0, "no wake-ups are left")
    assert {str(story.clocks(f"SO-{n}")[0].verdict) for n in range(6)} == {"breached"}


def test_nor_do_those_that_waited_for_a_system(shared_store: Store) -> None:
    story = Story(shared_store, {"from": "a", "to": "b", "within": "1h"}, systems=[{"id": "wms", "cadence": "1d"}])
    story.engine = SlaEngine(shared_store, ManualClock(START), most_spent_wakeups=2)
    story.happens("b", "2026-03-02T07:00:00Z", order="SO-99")
    story.tell(Happening("a", when(f"2026-03-02T08:{10 * n:02}:00Z"), order=f"SO-{n}") for n in range(6))
    story.tick("2026-03-02T10:30:00Z")
    story.happens("b", "2026-03-02T09:25:00Z", order="SO-99")
    story.tick("2026-03-02T10:31:00Z")
    story.tick("2026-03-02T10:32:00Z")  # of those waited for, three are left
    own = {"tenant": story.tenant}
    count = "SELECT count() FROM wakeups FINAL WHERE tenant = {tenant:String} AND axis = 'wms'"
    eventually(lambda: shared_store.value(count, own) == 3, "only those are left that wait")
    assert [str(story.clocks(f"SO-{n}")[0].verdict) for n in range(6)] == ["breached"] * 3 + ["at_risk"] * 3
    story.happens("b", "2026-03-02T10:25:00Z", order="SO-99")
    story.tick("2026-03-02T10:33:00Z")
    assert {str(story.clocks(f"SO-{n}")[0].verdict) for n in range(6)} == {"breached"}


def test_an_engine_that_was_away_for_longer_than_changes_are_kept_judges_all_anew(shared_store: Store) -> None:
    story = Story(shared_store, WITHIN)
    story.happens("a", "2026-03-02T08:00:00Z")
    story.tick("2026-03-02T09:00:00Z")
    story.happens("b", "2026-03-02T10:00:00Z")
    table, own = "touched", {"tenant": story.tenant}
    shared_store.execute(
        f"ALTER TABLE {table} DELETE WHERE tenant = {{tenant:String}} SETTINGS mutations_sync = 1", own
    )
    shared_store.execute(
        "INSERT INTO ticks (tenant, as_of, version, seq, slas, seen) "
        "SELECT tenant, as_of + INTERVAL 1 SECOND, version - 30 * 86400 * 1000000, seq, slas, seen FROM ticks FINAL "
        "WHERE tenant = {tenant:String}",
        own,
    )
    story.at("2026-03-02T11:00:00Z").is_("met")
