"""What people ask and do about alerts: list them, acknowledge one, silence some. Used by the API and the pages.

Everything is within a tenant; every change carries its actor. Never notifies: that is `alerting.engine`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alerting.alert import Alert, AlertState, Links
from alerting.records import AlertRecord, Change, alert_of, append_alerts
from alerting.silence import Silence
from model import INT64, TEXT, BadRequest, NotFound, cursor_of, microseconds, position_of
from store import Sql, Store, load_query

LIMIT = 1000
_ALERTS = ("alerts",)
LONGEST_SILENCE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as a person sees it: its state, the timeline page to go to, and who acknowledged it (or empty)."""

    alert: Alert
    state: AlertState
    url: str
    acknowledged_by: str = ""
    acknowledgement: str = ""

    def as_json(self) -> dict[str, Any]:
        """The alert of the API: the fixed fields, then what else is known. Times are left as datetimes."""
        alert = self.alert
        return {
            "id": alert.id,
            "state": str(self.state),
            "workflow": alert.workflow,
            "sla": alert.sla,
            "severity": alert.severity,
            "owner": alert.owner,
            "keys": {name: list(values) for name, values in alert.keys.items()},
            "started_at": alert.started_at,
            "url": self.url,
            "key": alert.key,
            "per": alert.per or None,
            "clock": alert.clock,
            "verdict": str(alert.verdict),
            "milestone": alert.milestone,
            "deadline_at": alert.deadline_at,
            "ended_at": alert.ended_at,
            "amount": alert.amount or None,
            "currency": alert.currency or None,
            "reason": alert.reason,
            "acknowledged_by": self.acknowledged_by or None,
            "comment": self.acknowledgement or None,
        }


class AlertReader:
    """Alerts and silences of one store; `base_url` is the dashboard's address as people reach it."""

    def __init__(self, store: Store, base_url: str) -> None:
        self._store = store
        self._links = Links(base_url)

    def alerts(
        self,
        tenant: str,
        *,
        now: datetime,
        states: Sequence[AlertState | str] = (),
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[AlertRow], str | None]:
        """The newest `started_at` first, then id; of the given states, or of all. At most 1000 a page.

        Raises `BadRequest` for an unknown state or a cursor that is none of ours.
        """
        wanted = [_state(each) for each in states]
        conditions = [Sql("1")]
        if wanted:
            conditions.append(Sql("state IN {states:Array(String)}", {"states": [str(each) for each in wanted]}))
        if cursor is not None:
            conditions.append(_after(cursor))
        rows = self._rows(tenant, now, conditions, min(max(limit, 1), LIMIT) + 1)
        page = rows[: min(max(limit, 1), LIMIT)]
        more = len(rows) > len(page)
        return page, cursor_of(_ALERTS, [microseconds(page[-1].alert.started_at), page[-1].alert.id]) if more else None

    def alert(self, tenant: str, alert_id: str, *, now: datetime) -> AlertRow:
        """One alert; raises `NotFound`."""
        rows = self._rows(tenant, now, [Sql("alert_id = {alert_id:String}", {"alert_id": alert_id})], 1)
        if not rows:
            raise NotFound(f"There is no alert {alert_id}.")
        return rows[0]

    def acknowledge(self, tenant: str, alert_id: str, *, actor: str, now: datetime, comment: str = "") -> AlertRow:
        """Somebody has it: no state but this changes. Raises `NotFound`, and `BadRequest` for one that is over."""
        row = self.alert(tenant, alert_id, now=now)
        if row.state is AlertState.RESOLVED:
            raise BadRequest(f"The alert {alert_id} is resolved; there is nothing left to acknowledge.")
        append_alerts(self._store, tenant, [AlertRecord(row.alert, Change.ACKNOWLEDGED, now, actor, comment)])
        return replace(row, state=AlertState.ACKNOWLEDGED, acknowledged_by=actor, acknowledgement=comment)

    def silences(self, tenant: str, *, now: datetime) -> list[Silence]:
        """Those that are not over at `now`, the ones that start later included; the earliest start first."""
        rows = self._store.rows(load_query("alerting", "present_silences"), {"tenant": tenant, "now": now})
        return [
            Silence(
                id=row["silence_id"],
                matchers={name: tuple(values) for name, values in row["matchers"].items()},
                starts_at=row["starts_at"],
                ends_at=row["until"],
                comment=row["comment"],
                created_by=row["actor"],
                created_at=row["at"],
            )
            for row in rows
        ]

    def add_silence(
        self,
        tenant: str,
        *,
        matchers: Mapping[str, str | Sequence[str]],
        ends_at: datetime,
        actor: str,
        now: datetime,
        starts_at: datetime | None = None,
        comment: str = "",
    ) -> Silence:
        """Hide alerts whose labels match all `matchers` (a value or several) from `starts_at` (default: now) on.

        Raises `BadRequest` for no matchers, an end that is not after the start or now, or more than a year.
        """
        silence = Silence(
            id=uuid.uuid4().hex,
            matchers={
                name: (values,) if isinstance(values, str) else tuple(values) for name, values in matchers.items()
            },
            starts_at=starts_at or now,
            ends_at=ends_at,
            comment=comment,
            created_by=actor,
            created_at=now,
        )
        _check(silence, now)
        self._append(tenant, silence, "added", actor, now)
        return silence

    def end_silence(self, tenant: str, silence_id: str, *, actor: str, now: datetime) -> None:
        """End it now, before its time. Raises `NotFound` for one that is unknown or over."""
        silence = next((each for each in self.silences(tenant, now=now) if each.id == silence_id), None)
        if silence is None:
            raise NotFound(f"There is no silence {silence_id} that is not over.")
        self._append(tenant, replace(silence, ends_at=now), "ended", actor, now)

    def _append(self, tenant: str, silence: Silence, change: str, actor: str, now: datetime) -> None:
        self._store.insert(
            "silences",
            ("tenant", "silence_id", "change", "at", "actor", "comment", "matchers", "starts_at", "ends_at"),
            [
                (
                    *(tenant, silence.id, change, now, actor, silence.comment),
                    {name: list(values) for name, values in silence.matchers.items()},
                    *(silence.starts_at, silence.ends_at),
                )
            ],
        )

    def _rows(self, tenant: str, now: datetime, conditions: Sequence[Sql], limit: int) -> list[AlertRow]:
        active = [each for each in self.silences(tenant, now=now) if each.is_active(now)]
        statement = Sql.joined(
            [
                Sql("SELECT *, multiIf(NOT is_open, 'resolved', acknowledged_by != '', 'acknowledged',"),
                _silenced(active),
                Sql(", 'silenced', 'firing') AS state FROM ("),
                Sql(load_query("alerting", "present_alerts"), {"tenant": tenant}),
                Sql(") WHERE"),
                Sql.joined(conditions, "AND"),
                Sql("ORDER BY started_at DESC, alert_id DESC LIMIT {page:UInt32}", {"page": limit}),
            ],
            "",
        )
        return [self._alert_row(row) for row in self._store.rows(statement)]

    def _alert_row(self, row: Mapping[str, Any]) -> AlertRow:
        alert = alert_of(row)
        return AlertRow(
            alert=alert,
            state=AlertState(row["state"]),
            url=self._links.alert(alert),
            acknowledged_by=row["acknowledged_by"],
            acknowledgement=row["acknowledgement"],
        )


def _silenced(active: Sequence[Silence]) -> Sql:
    """A condition over the column `labels`: whether one of the silences matches it. Names and values are bound."""
    if not active:
        return Sql("0")
    choices = []
    for number, silence in enumerate(active):
        tests = [
            Sql(
                f"mapContains(labels, {{n{number}_{place}:String}}) "
                f"AND has({{v{number}_{place}:Array(String)}}, labels[{{n{number}_{place}:String}}])",
                {f"n{number}_{place}": name, f"v{number}_{place}": list(values)},
            )
            for place, (name, values) in enumerate(sorted(silence.matchers.items()))
        ]
        choices.append(Sql.joined(tests, "AND"))
    return Sql("(") + Sql.joined(choices, ") OR (") + Sql(")")


def _check(silence: Silence, now: datetime) -> None:
    if not silence.matchers or not all(silence.matchers.values()):
        raise BadRequest("A silence needs matchers: label names, each with one value or several.")
    if silence.ends_at <= max(silence.starts_at, now):
        raise BadRequest("A silence must end after it starts, and after now.")
    if silence.ends_at - silence.starts_at > LONGEST_SILENCE:
        raise BadRequest("A silence lasts a year at most.")


def _state(name: AlertState | str) -> AlertState:
    try:
        return AlertState(name)
    except ValueError:
        raise BadRequest(f"{name!r} is no state of an alert; it is one of {', '.join(AlertState)}.") from None


def _after(cursor: str) -> Sql:
    at, alert_id = position_of(_ALERTS, cursor, (INT64, TEXT))
    return Sql(
        "(toUnixTimestamp64Micro(started_at), alert_id) < ({after_us:Int64}, {after_id:String})",
        {"after_us": at, "after_id": alert_id},
    )
