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
from tests.correlator.telemetry import RECEIVED, Event, correction_row, log_row, send, send_rows
from tests.correlator.worlds import World, worlds

_tenants = (f"t{number}" for number in itertools.count())
_several = st.tuples(*(worlds(f"w{number}") for number in range(6)))
_hub_limits = st.sampled_from([1, 2, 1000])


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
@given(several=_several, hub_limit=_hub_limits)
def test_sql_and_plain_stitcher_agree(store: Store, several: tuple[World, ...], hub_limit: int) -> None:
    _agree(store, several, hub_limit)


@pytest.mark.slow
@_bounded(60)
@given(several=_several, hub_limit=_hub_limits)
def test_sql_and_plain_stitcher_agree_on_many_worlds(store: Store, several: tuple[World, ...], hub_limit: int) -> None:
    _agree(store, several, hub_limit)


def _agree(store: Store, several: tuple[World, ...], hub_limit: int) -> None:
    forward, backward = next(_tenants), next(_tenants)
    ids = _event_ids(store, several)
    correlator = Correlator(store, ManualClock(RECEIVED), hub_limit=hub_limit, filtered_from=0)
    _arrive(store, correlator, several, ids, forward, backwards=False)
    _arrive(store, correlator, several, ids, backward, backwards=True)
    for world in several:
        found = stitched(store, world.workflow, forward)
        found.deliveries = {}
        assert found == _expected(store, world, forward, hub_limit)
        other = stitched(store, world.workflow, backward)
        other.deliveries = {}
        assert other == found


def _event_ids(store: Store, several: tuple[World, ...]) -> dict[str, dict[str, str]]:
    """What the events of each workflow are called on timelines: that is what a person who voids one names."""
    tenant = next(_tenants)
    send(store, [event for world in several for each in world.versions.values() for event in each], tenant=tenant)
    Correlator(store, ManualClock(RECEIVED)).tick(tenant, Catalog(tuple(world.workflow for world in several)))
    rows = store.rows(
        "SELECT workflow, attributes['cloudevents.event_id'] AS id, event_id FROM events WHERE tenant = {t:String}",
        {"t": tenant},
    )
    return {
        world.workflow.name: {row["id"]: row["event_id"] for row in rows if row["workflow"] == world.workflow.name}
        for world in several
    }


def _arrive(
    store: Store,
    correlator: Correlator,
    several: tuple[World, ...],
    ids: dict[str, dict[str, str]],
    tenant: str,
    *,
    backwards: bool,
) -> None:
    """The worlds side by side; in one tick for each batch, or all at once after the last one."""
    catalog = Catalog(tuple(world.workflow for world in several))
    for batches in itertools.zip_longest(*(world.arrivals for world in several), fillvalue=[]):
        rows = [
            log_row(each)
            if isinstance(each, Event)
            else correction_row(each, world.workflow.name, ids[world.workflow.name])
            for world, batch in zip(several, batches, strict=True)
            for each in batch
        ]
        if rows:
            send_rows(store, "logs", rows[::-1] if backwards else rows, tenant=tenant)
        if not backwards:
            correlator.tick(tenant, catalog)
    correlator.tick(tenant, catalog)


def _expected(store: Store, world: World, tenant: str, hub_limit: int) -> Stitched:
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
    return PlainStitcher(world.workflow, counting, world.corrections, hub_limit).stitched(conflicting)
