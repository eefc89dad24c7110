"""How alive a system is said to be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.systems import Liveness, system_rows
from model import Catalog, catalog_from_sources

CATALOG = """
calendars:
  office: {zone: Europe/Berlin, hours: {mon-fri: "09:00-17:00"}}
systems:
  - {id: always, cadence: 2h}
  - {id: office_only, cadence: 2h, calendar: office}
  - {id: no_cadence}
"""
FRIDAY_AFTERNOON = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
"""16:30 in Berlin: half an hour before closing time."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return catalog_from_sources([("c.yaml", CATALOG)])


@pytest.mark.parametrize(
    ("later", "always", "office_only"),
    [
        (timedelta(hours=1), Liveness.LIVE, Liveness.LIVE),
        (timedelta(hours=2, seconds=1), Liveness.SILENT, Liveness.LIVE),
        (timedelta(days=2), Liveness.SILENT, Liveness.LIVE),
        (timedelta(days=2, hours=17), Liveness.SILENT, Liveness.LIVE),  # Monday 09:30: one hour of working time
        (timedelta(days=2, hours=18, seconds=1), Liveness.SILENT, Liveness.SILENT),
    ],
    ids=str,
)
def test_silence_counts_in_the_working_time_of_the_systems_calendar(
    catalog: Catalog, later: timedelta, always: Liveness, office_only: Liveness
) -> None:
    seen = dict.fromkeys(("always", "office_only", "no_cadence"), FRIDAY_AFTERNOON)
    rows = {each.id: each.liveness for each in system_rows(catalog, seen, FRIDAY_AFTERNOON + later)}
    assert rows == {"always": always, "office_only": office_only, "no_cadence": Liveness.SEEN}


def test_what_was_never_heard_is_said_so(catalog: Catalog) -> None:
    assert {each.liveness for each in system_rows(catalog, {}, FRIDAY_AFTERNOON)} == {Liveness.NEVER}
