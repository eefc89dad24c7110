"""Feeds: what part of one must be looked at, and since when one that was never heard is waited for. Pure.

A feed that was heard before an SLA about it was applied is judged by its events alone. One that was not is waited for
from that instant on: `every` counts its first silence from there, `volume` its days from the next local midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from model import EPOCH
from sla_engine.versions import SlaVersion


@dataclass(frozen=True, slots=True)
class Heard:
    """What the store has of a feed; every instant is 1970 where there is nothing.

    `since` is the last minute it was heard in before the time asked for, `earliest` and `latest` are its first and last
    event from there on, `first_ever` its first one of all.
    """

    since: datetime
    earliest: datetime
    latest: datetime
    first_ever: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a feed to judge: clocks from `begin` on, with calendars from `earliest` to `latest`.

    `waited_from` is since when the first event was waited for; None where that silence need not be looked at.
    """

    begin: datetime
    earliest: datetime
    latest: datetime
    first_ever: datetime
    waited_from: datetime | None = None


def stretch(version: SlaVersion, since: datetime, heard: Heard, as_of: datetime) -> Stretch | None:
    """What to judge of a feed that has changed or gone on since an instant; None for nothing."""
    waited = version.waited_from if EPOCH < version.waited_from <= as_of else None
    if version.sla.volume is not None:
        return _days(version, since, heard, as_of, waited)
    was_heard = heard.first_ever > EPOCH
    is_open = waited is not None and (not was_heard or heard.first_ever >= since or since <= waited)
    instants = [*((heard.earliest, heard.latest) if was_heard else ()), *((waited,) if waited and is_open else ())]
    if not instants:
        return None
    begin = heard.since if was_heard else since
    return Stretch(begin, min(instants), max(instants), heard.first_ever, waited if is_open else None)


def day_start(at: datetime, zone: str) -> datetime:
    """The local midnight at or before an instant."""
    local = ZoneInfo(zone)
    return datetime.combine(at.astimezone(local).date(), time(), local).astimezone(UTC)


def _days(
    version: SlaVersion, since: datetime, heard: Heard, as_of: datetime, waited: datetime | None
) -> Stretch | None:
    firsts = [heard.earliest] if heard.first_ever > EPOCH else []
    if waited is not None:
        firsts.append(_next_midnight(waited, version.sla.zone))
    if not firsts:
        return None
    begin = max(since, min(firsts))
    return Stretch(begin, begin, max(begin, heard.latest, as_of), heard.first_ever)


def _next_midnight(at: datetime, zone: str) -> datetime:
    """The first local midnight at or after an instant."""
    local = at.astimezone(ZoneInfo(zone))
    midnight = datetime.combine(local.date(), time(), local.tzinfo)
    if midnight < local:
        midnight = datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo)
    return midnight.astimezone(UTC)
