"""What a reader gets: instances, milestones, timeline events, spans, unresolved events. Frozen values, times in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from store import Sql


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One workflow instance; `current_milestone` is None where only future-dated events are known.

    `flags` are those of its events; `duplicate_effect`, `repeated`, `out_of_sequence` and `skipped` of its milestones;
    `hub` where one of its keys leads to too many instances; `stuck` where it has rested too long. `retries` counts its
    events of the kind retry.
    """

    workflow: str
    key: str
    status: str
    current_milestone: str | None
    started_at: datetime
    last_event_at: datetime
    completed_at: datetime | None
    amount: str | None
    currency: str | None
    keys: dict[str, list[str]]
    systems: list[str]
    flags: list[str]
    definition: str
    retries: int = 0


@dataclass(frozen=True, slots=True)
class MilestoneReached:
    """A declared milestone; `reached_at` is the first time an instance reached it, `system` who reported that.

    `rested` is how long the instance was there until its next event, all times together; the current milestone of one
    in progress counts until now. None where it was not asked for.
    """

    id: str
    reached_at: datetime | None
    system: str | None
    times: int | None = None
    rested: timedelta | None = None


@dataclass(frozen=True, slots=True)
class LinkedBy:
    """One hop on the way of an event to its instance, with an event that proves it."""

    outer_type: str
    outer_value: str
    inner_type: str
    inner_value: str
    event_id: str
    proved_at: datetime


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """A business event; `started_at` is a span's start, for others the time it occurred; `deliveries` counts copies.

    `linked_by` is empty where the event carries the root key itself.
    """

    event_id: str
    occurred_at: datetime
    started_at: datetime
    received_at: datetime
    milestone: str
    kind: str
    system: str
    outcome: str | None
    source: str
    keys: dict[str, list[str]]
    trace_id: str | None
    span_id: str | None
    attributes: dict[str, str]
    deliveries: int
    flags: list[str]
    linked_by: list[LinkedBy] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A span of a trace that an event of the instance carries; `duration_us` may be negative."""

    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    kind: str
    service: str
    status: str
    started_at: datetime
    ended_at: datetime
    duration_us: int
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class UnresolvedEvent:
    """An event one of whose innermost values leads nowhere yet; `waiting_for` is empty where it has no key at all."""

    workflow: str
    event: TimelineEvent
    waiting_for: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Hub:
    """An alias that leads to too many instances: `links` from it, `events` that belong nowhere because of it."""

    workflow: str
    key_type: str
    value: str
    links: int
    events: int
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """An instance found by a key value, and which value of which type it was."""

    instance: InstanceRow
    matched_type: str
    matched_value: str


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which instances of a workflow; several values of one field mean any of them, an empty field means all.

    `system`: an event of the instance came from it. `started_after` is inclusive, `started_before` exclusive. `q` is
    the prefix of any of its key values. `restrict` is a sub-SELECT of one column `key`, from another room.
    """

    status: tuple[str, ...] = ()
    milestone: tuple[str, ...] = ()
    system: tuple[str, ...] = ()
    started_after: datetime | None = None
    started_before: datetime | None = None
    q: tuple[str, ...] = ()
    restrict: Sql | None = None
