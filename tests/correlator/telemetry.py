"""Events of the tests as raw rows, put straight into the received tables, and workflows built by hand."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from model import Comparison, Condition, KeyType, Match, Milestone, Outcome, Workflow
from store import Store

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 1, 12, tzinfo=UTC)
_numbers = itertools.count()


@dataclass(frozen=True)
class Event:
    """An event of `spec/stitching.yaml`: `at` is in minutes after START, an empty trace is none."""

    id: str
    at: float
    milestone: str
    keys: Mapping[str, str | list[str]] = field(default_factory=dict)
    trace: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def occurred_at(self) -> datetime:
        return START + timedelta(minutes=self.at)


@dataclass(frozen=True)
class Voided:
    """Somebody says that an event never was."""

    event: str


@dataclass(frozen=True)
class Retracted:
    """Somebody says that a link does not hold; keys as type and value."""

    outer: tuple[str, str]
    inner: tuple[str, str]


def correction_row(said: Voided | Retracted, workflow: str, event_ids: Mapping[str, str]) -> dict[str, Any]:
    """The correction as an event of its own; `event_ids` names events as timelines show them, by the spec's ids."""
    if isinstance(said, Voided):
        about = {"event_id": event_ids.get(said.event, said.event)}
        return {**_BY_ANN, "EventName": "throughline.event.voided", "LogAttributes": {**about, "actor": "ann"}}
    (outer, of), (inner, to) = said.outer, said.inner
    about = {"workflow": workflow, "outer.type": outer, "outer.value": of, "inner.type": inner, "inner.value": to}
    return {**_BY_ANN, "EventName": "throughline.link.retracted", "LogAttributes": {**about, "actor": "ann"}}


_BY_ANN = {"Timestamp": START, "ServiceName": "desk"}


def exact(*values: str) -> Condition:
    return Condition(Comparison.ANY_OF, values)


def milestones(
    ids: Iterable[str], unique: Iterable[str] = (), ends: Mapping[str, Outcome] | None = None
) -> tuple[Milestone, ...]:
    """One milestone for each id, reached by the event of that name."""
    return tuple(
        Milestone(name, place, Match(event=exact(name)), name, unique=name in set(unique), ends=(ends or {}).get(name))
        for place, name in enumerate(ids)
    )


def workflow(
    key_types: Iterable[str],
    steps: tuple[Milestone, ...],
    windows: Mapping[str, float] | None = None,
    name: str = "w",
    definition: str = "h1",
) -> Workflow:
    """Key types from the root outward, each read from the attribute `key.<type>`; windows in minutes."""
    keys = tuple(
        KeyType(
            each,
            rank,
            () if each == "trace" else ((f"key.{each}",),),
            window=timedelta(minutes=windows[each]) if windows and each in windows else None,
        )
        for rank, each in enumerate(key_types)
    )
    return Workflow(name, name, keys, keys[0].name, steps, hash=definition)


def log_row(event: Event) -> dict[str, Any]:
    attributes = {
        f"key.{name}": value if isinstance(value, str) else json.dumps(value) for name, value in event.keys.items()
    }
    identity = {"cloudevents.event_id": event.id, "cloudevents.event_source": "/tests"}
    return {
        "Timestamp": event.occurred_at,
        "TraceId": event.trace,
        "ServiceName": "tests",
        "EventName": event.milestone,
        "LogAttributes": {**attributes, **event.attributes, **identity},
    }


def send(
    store: Store,
    events: Iterable[Event],
    *,
    received_at: datetime = RECEIVED,
    tenant: str = "default",
) -> str:
    """One committed segment of log records."""
    return send_rows(store, "logs", [log_row(each) for each in events], received_at=received_at, tenant=tenant)


def send_rows(
    store: Store,
    signal: str,
    rows: list[dict[str, Any]],
    *,
    received_at: datetime = RECEIVED,
    tenant: str = "default",
) -> str:
    """One committed segment of raw rows; a column that is not given has its default."""
    received_at += timedelta(microseconds=next(_numbers))
    segment = f"{int(received_at.timestamp() * 1_000_000):016x}-{next(_numbers):08x}"
    columns = sorted({name for row in rows for name in row})
    defaults: dict[str, Any] = {name: {} if "Attributes" in name else "" for name in columns}
    store.insert(
        {"logs": "otel_logs", "traces": "otel_traces"}[signal],
        [*columns, "ReceivedAt", "Tenant", "SegmentId"],
        [[*(row.get(name, defaults[name]) for name in columns), received_at, tenant, segment] for row in rows],
    )
    store.insert(
        "segments",
        ["tenant", "segment_id", "signal", "rows", "bytes", "received_from", "received_to", "committed_at"],
        [[tenant, segment, signal, len(rows), 0, received_at, received_at, received_at]],
    )
    return segment
