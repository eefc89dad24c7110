"""The table `alerts` as values and back: the one place that knows its columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from alerting.alert import Alert
from model import Verdict
from store import Store, load_query

PLATFORM = "throughline"
"""The actor of what nobody asked for."""


class Change(StrEnum):
    """What a row of `alerts` records."""

    VERDICT = "verdict"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """One row to append: the alert as it is now, what changed it, who did it and why."""

    alert: Alert
    change: Change
    at: datetime
    actor: str = PLATFORM
    comment: str = ""


COLUMNS = (
    *("tenant", "alert_id", "verdict_seq", "change", "at", "actor", "comment", "is_open", "verdict", "episode"),
    *("workflow", "sla", "key", "clock", "per", "severity", "owner", "labels", "keys", "milestone", "started_at"),
    *("ended_at", "deadline_at", "satisfied_at", "known_at", "amount", "currency", "reason", "definition"),
)


def append_alerts(store: Store, tenant: str, records: Iterable[AlertRecord]) -> None:
    """Write transitions in one insert; nothing for none."""
    store.insert("alerts", COLUMNS, [_row(tenant, record) for record in records])


def present_alerts(store: Store, tenant: str, alert_ids: Sequence[str]) -> dict[str, Alert]:
    """Those of the alerts that exist, as they are now, by id."""
    if not alert_ids:
        return {}
    rows = store.rows(load_query("alerting", "alerts_by_id"), {"tenant": tenant, "alert_ids": list(alert_ids)})
    return {row["alert_id"]: alert_of(row) for row in rows}


def alert_of(row: Mapping[str, Any]) -> Alert:
    """The alert in a row that has the columns of the table."""
    return Alert(
        id=row["alert_id"],
        is_open=bool(row["is_open"]),
        verdict=Verdict(row["verdict"]),
        labels=dict(row["labels"]),
        keys={name: tuple(values) for name, values in row["keys"].items()},
        **{name: row[name] for name in _PLAIN},
    )


_PLAIN = (
    *("verdict_seq", "episode", "workflow", "sla", "key", "clock", "per", "severity", "owner", "milestone"),
    *("started_at", "ended_at", "deadline_at", "satisfied_at", "known_at", "amount", "currency", "reason"),
    "definition",
)


def _row(tenant: str, record: AlertRecord) -> list[Any]:
    alert = record.alert
    values = {name: getattr(alert, name) for name in _PLAIN} | {
        "tenant": tenant,
        "alert_id": alert.id,
        "change": str(record.change),
        "at": record.at,
        "actor": record.actor,
        "comment": record.comment,
        "is_open": alert.is_open,
        "verdict": str(alert.verdict),
        "labels": dict(alert.labels),
        "keys": {name: list(each) for name, each in alert.keys.items()},
    }
    return [values[column] for column in COLUMNS]
