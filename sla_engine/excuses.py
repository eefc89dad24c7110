"""Excuses: a clock, or all clocks of an SLA due within a window, need not keep their promise; who says so, and why.

An excuse is a correction with an actor (`throughline.clock.excused` in the audit log) and is never taken back. It takes
the place of every verdict but met and cancelled from the next tick on; the verdicts before it stay in the ledger.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from model import INT64, TEXT, BadRequest, NotFound, Refused, cursor_of, microseconds, position_of
from sla_engine.reading import MOST_ROWS
from store import Store, audit, load_query

LONGEST_REASON = 1000
"""Characters."""

_COLUMNS = ("tenant", "sla", "clock", "excuse", "from_at", "to_at", "excused_at", "actor", "reason")
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Excuse:
    """What was excused: `clock`, or, where that is None, what is due from `from_at` to `to_at`, both inclusive."""

    id: str
    sla: str
    clock: str | None
    from_at: datetime | None
    to_at: datetime | None
    excused_at: datetime
    actor: str
    reason: str


class Excuses:
    """Writes and reads excuses of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def excuse_clock(self, tenant: str, clock: str, *, actor: str, reason: str, at: datetime) -> Excuse:
        """Excuse one clock; raises `NotFound`, and `Refused` where its promise was kept or its instance cancelled."""
        why = _checked(reason)
        rows = self._store.rows(load_query("sla_engine", "clock_by_id"), {"tenant": tenant, "clock": clock})
        if not rows:
            raise NotFound(f"There is no clock {clock!r}")
        found = rows[0]
        if found["verdict"] in {"met", "cancelled"}:
            raise Refused(f"The clock of {found['key']} is {found['verdict']}: there is nothing to excuse")
        excuse = Excuse(uuid.uuid4().hex, found["sla"], clock, None, None, at, actor, why)
        detail = {"sla": found["sla"], "workflow": found["workflow"], "key": found["key"], "verdict": found["verdict"]}
        self._write(tenant, excuse, clock, detail)
        return excuse

    def excuse_window(
        self, tenant: str, sla: str, *, from_at: datetime, to_at: datetime, actor: str, reason: str, at: datetime
    ) -> Excuse:
        """Excuse every clock of an SLA that is due from `from_at` to `to_at`, both inclusive, also those to come."""
        why = _checked(reason)
        if from_at >= to_at:
            raise BadRequest("The window ends before it begins")
        excuse = Excuse(uuid.uuid4().hex, sla, None, from_at, to_at, at, actor, why)
        self._write(tenant, excuse, sla, {"from_at": from_at.isoformat(), "to_at": to_at.isoformat()})
        return excuse

    def excuses(
        self, tenant: str, sla: str, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Excuse], str | None]:
        """What was excused of an SLA, newest first, and the cursor of the next page (None: that was the last).

        Raises `BadRequest` for a cursor that is not one of ours.
        """
        of = ("excuses", sla)
        before_us, after = (INT64[-1], "") if cursor is None else position_of(of, cursor, (INT64, TEXT))
        limit = min(max(limit, 1), MOST_ROWS)
        rows = self._store.rows(
            load_query("sla_engine", "excuses"),
            {"tenant": tenant, "sla": sla, "before_us": before_us, "after": after, "limit": limit + 1},
        )
        page = [
            Excuse(
                row["excuse"],
                row["sla"],
                row["clock"] or None,
                None if row["clock"] else row["from_at"],
                None if row["clock"] else row["to_at"],
                row["excused_at"],
                row["actor"],
                row["reason"],
            )
            for row in rows[:limit]
        ]
        if len(rows) <= limit:
            return page, None
        return page, cursor_of(of, [microseconds(page[-1].excused_at), page[-1].id])

    def _write(self, tenant: str, excuse: Excuse, subject: str, detail: dict[str, str]) -> None:
        row = (
            tenant,
            excuse.sla,
            excuse.clock or "",
            excuse.id,
            excuse.from_at or _NO_TIME,
            excuse.to_at or _NO_TIME,
            excuse.excused_at,
            excuse.actor,
            excuse.reason,
        )
        self._store.insert("excuses", _COLUMNS, [row])
        audit(
            self._store,
            tenant=tenant,
            actor=excuse.actor,
            action="throughline.clock.excused",
            subject=subject,
            detail={**detail, "excuse": excuse.id, "reason": excuse.reason},
            at=excuse.excused_at,
        )


def _checked(reason: str) -> str:
    text = " ".join(reason.split())
    if not text:
        raise BadRequest("An excuse needs a reason")
    if len(text) > LONGEST_REASON:
        raise BadRequest(f"The reason is longer than {LONGEST_REASON:,} characters")
    return text
