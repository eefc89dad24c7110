"""The SQL and the plain stitcher come to the same, whatever the catalog, the events and the way they arrive."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from correlator import Correlator
from model import Catalog, ManualClock
from store import Store
from tests.correlator.outcome import Stitched, stitched
from tests.correlator.plain_stitcher import PlainStitcher
from tests.correlator.telemetry import RECEIVED, Event, send
from tests.correlator.worlds import World, worlds

_tenants = (f"t{number}" for number in itertools.count())
_several = st.tuples(*(worlds(f"w{number}") for number in range(6)))


def _bounded(examples: int) -> Callable[..., settings]:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],  # a smaller example costs more than it tells: a world is small
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@_bounded(6)
@given(several=_several)
def test_sql_and_plain_stitcher_agree(store: Store, several: tuple[World, ...]) -> None:
    _agree(store, several)


@pytest.mark.slow
@_bounded(60)
@given(several=_several)
def test_sql_and_plain_stitcher_agree_on_many_worlds(store: Store, several: tuple[World, ...]) -> None:
    _agree(store, several)


def _agree(store: Store, several: tuple[World, ...]) -> None:
    forward, backward = next(_tenants), next(_tenants)
    _arrive(store, several, forward, backwards=False)
    _arrive(store, several, backward, backwards=True)
    for world in several:
        found = stitched(store, world.workflow, forward)
        found.deliveries = {}
        assert found == _expected(store, world, forward)
        other = stitched(store, world.workflow, backward)
        other.deliveries = {}
        assert other == found


def _arrive(store: Store, several: tuple[World, ...], tenant: str, *, backwards: bool) -> None:
    """The worlds side by side; in one tick for each batch, or all at once after the last one."""
    correlator = Correlator(store, ManualClock(RECEIVED))
    catalog = Catalog(tuple(world.workflow for world in several))
    for batches in itertools.zip_longest(*(world.arrivals for world in several), fillvalue=[]):
        events = [event for batch in batches for event in batch]
        send(store, events[::-1] if backwards else events, tenant=tenant)
        if not backwards:
            correlator.tick(tenant, catalog)
    correlator.tick(tenant, catalog)


def _expected(store: Store, world: World, tenant: str) -> Stitched:
    """By the plain stitcher, told which version of a conflicting duplicate counts: that hash is the store's own."""
    counting: list[Event] = []
    places = {each.id for each in world.workflow.milestones}
    for event_id, versions in world.versions.items():
        if len(versions) == 1 or next(iter(versions)).milestone not in places:
            counting.append(next(iter(versions)))
            continue
        at = store.value(
            """SELECT occurred_at FROM events FINAL WHERE tenant = {tenant:String} AND workflow = {workflow:String}
               AND attributes['cloudevents.event_id'] = {id:String}""",
            {"tenant": tenant, "workflow": world.workflow.name, "id": event_id},
        )
        counting.append(next(each for each in versions if each.occurred_at == at))
    conflicting = [event_id for event_id, versions in world.versions.items() if len(versions) > 1]
    return PlainStitcher(world.workflow, counting).stitched(conflicting)
