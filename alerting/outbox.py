"""The table `notifications`: messages waiting for delivery, what became of them, and so what receivers were told."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerting.pipeline import Message, Told
from alerting.records import PLATFORM
from model import Receiver, microseconds
from store import Store, load_query

_IDS_AT_ONCE = 1000


class DeliveryState(StrEnum):
    """What has become of a message; `FAILED` will be tried again, `DELIVERED` and `ABANDONED` are final."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    FAILED = "failed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is not yet delivered: whose, to whom, how often tried, since when, about which alerts.

    `due_at` None is at once.
    """

    tenant: str
    message_id: str
    receiver: Receiver
    attempts: int
    queued_at: datetime
    due_at: datetime | None = None
    alert_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of one try, from 1; `error` is empty for a success."""

    number: int
    state: DeliveryState
    at: datetime
    error: str = ""
    next_at: datetime | None = None


class Outbox:
    """Messages of one store. Rows are only appended."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._last_us = 0

    def add(self, tenant: str, messages: Sequence[Message], now: datetime) -> list[Waiting]:
        """Record messages, in order, before they are first sent."""
        ids = [self._message_id(now) for _ in messages]
        rows = [
            (
                *(tenant, message_id, 0, str(DeliveryState.QUEUED), now, PLATFORM),
                *(message.receiver.kind, message.receiver.target, message.route, message.group_key),
                *(list(message.alert_ids), list(message.what), message.title, message.body),
            )
            for message_id, message in zip(ids, messages, strict=True)
        ]
        self._store.insert("notifications", _QUEUED_COLUMNS, rows)
        return [
            Waiting(tenant, message_id, message.receiver, 0, now, alert_ids=message.alert_ids)
            for message_id, message in zip(ids, messages, strict=True)
        ]

    def _message_id(self, now: datetime) -> str:
        """Later messages sort after earlier ones, within the same microsecond too and should the clock be set back."""
        with self._lock:
            self._last_us = max(microseconds(now), self._last_us + 1)
            return f"{self._last_us:016x}-{secrets.token_hex(4)}"

    def record(self, waiting: Waiting, attempt: Attempt) -> None:
        """Append what one try has come to."""
        self._store.insert(
            "notifications",
            _ATTEMPT_COLUMNS,
            [
                (
                    *(waiting.tenant, waiting.message_id, attempt.number, str(attempt.state), attempt.at, PLATFORM),
                    *(waiting.receiver.kind, waiting.receiver.target, attempt.error, attempt.next_at),
                )
            ],
        )

    def text(self, waiting: Waiting) -> tuple[str, str] | None:
        """Title and body of a message; None where its retention has ended."""
        rows = self._store.rows(
            load_query("alerting", "message_text"), {"tenant": waiting.tenant, "message_id": waiting.message_id}
        )
        return (rows[0]["title"], rows[0]["body"]) if rows else None

    def undelivered(self, limit: int, since: datetime | None = None) -> list[Waiting]:
        """The oldest messages that are neither delivered nor abandoned, `limit` of each receiver, oldest first.

        Of all tenants. `since` leaves out what was queued before.
        """
        params = {"since": f"{microseconds(since):016x}" if since else "", "limit": limit}
        return [
            Waiting(
                tenant=row["tenant"],
                message_id=row["message_id"],
                receiver=Receiver(row["receiver_kind"], row["receiver_target"]),
                attempts=row["attempts"],
                queued_at=row["queued_at"],
                due_at=row["due_at"],
                alert_ids=tuple(row["alerts"]),
            )
            for row in self._store.rows(load_query("alerting", "undelivered"), params)
        ]

    def told(self, tenant: str, alert_ids: Sequence[str]) -> dict[str, tuple[Told, ...]]:
        """What receivers were told, or will be, by alert id, the oldest first. Abandoned messages told nothing."""
        found: dict[str, list[Told]] = {}
        for start in range(0, len(alert_ids), _IDS_AT_ONCE):
            params = {"tenant": tenant, "alert_ids": list(alert_ids[start : start + _IDS_AT_ONCE])}
            for row in self._store.rows(load_query("alerting", "told"), params):
                receiver = Receiver(row["receiver_kind"], row["receiver_target"])
                found.setdefault(row["alert_id"], []).append(Told(receiver, row["route"], row["what"]))
        return {alert: tuple(each) for alert, each in found.items()}


_QUEUED_COLUMNS = (
    *("tenant", "message_id", "attempt", "state", "at", "actor", "receiver_kind", "receiver_target", "route"),
    *("group_key", "alert_ids", "told", "title", "body"),
)
_ATTEMPT_COLUMNS = (
    *("tenant", "message_id", "attempt", "state", "at", "actor", "receiver_kind", "receiver_target", "error"),
    "next_attempt_at",
)
