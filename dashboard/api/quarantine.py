"""Requests ClickHouse refused: what they are, sending one again, discarding one; every change with its actor."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter

from collector import Collector, Quarantined
from dashboard.api import models
from dashboard.api.parameters import Caller, Cursor, Limit, Rooms, page_by
from dashboard.services import Services
from model import NotSupported, Principal
from store import audit

router = APIRouter(tags=["quarantine"])


@router.get("/quarantine")
def quarantine(
    services: Rooms, caller: Caller, limit: Limit = 100, cursor: Cursor = None
) -> models.Page[models.QuarantineItem]:
    """Requests of the tenant that were accepted and then refused by ClickHouse, the oldest first."""
    page, following = page_by(
        "quarantine", _collector(services).list_quarantine(caller.tenant), limit, cursor, lambda each: each.id
    )
    return models.Page(items=[_item(each) for each in page], next_cursor=following)


@router.post("/quarantine/{entry}/retry")
def retry(services: Rooms, caller: Caller, entry: str) -> models.QuarantineItem:
    """Send it through again, as if it came now; refused again, it is back under another id."""
    found = _collector(services).retry_quarantined(entry, caller.tenant)
    return _done(services, caller, "quarantine.retried", found)


@router.post("/quarantine/{entry}/discard")
def discard(services: Rooms, caller: Caller, entry: str) -> models.QuarantineItem:
    """Delete it for good."""
    found = _collector(services).discard_quarantined(entry, caller.tenant)
    return _done(services, caller, "quarantine.discarded", found)


def _collector(services: Services) -> Collector:
    if services.collector is None:
        raise NotSupported(
            "Looking at the quarantine of a collector in another process is not supported in this version"
        )
    return services.collector


def _done(services: Services, caller: Principal, action: str, entry: Quarantined) -> models.QuarantineItem:
    detail: dict[str, Any] = {"items": entry.items, "bytes": entry.bytes, "reason": entry.reason}
    audit(
        services.store,
        tenant=caller.tenant,
        actor=caller.name,
        action=action,
        subject=entry.id,
        detail=detail,
        at=services.clock.now(),
    )
    return _item(entry)


def _item(entry: Quarantined) -> models.QuarantineItem:
    return models.QuarantineItem(
        id=entry.id,
        signal=entry.signal,
        items=entry.items,
        bytes=entry.bytes,
        reason=entry.reason,
        received_at=datetime.fromisoformat(entry.received_at),
        refused_at=datetime.fromisoformat(entry.at),
    )
