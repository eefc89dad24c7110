"""Alerts, acknowledging them, silences; every change with its actor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from alerting import AlertState, Silence
from dashboard.api import models, shapes
from dashboard.api.parameters import Caller, Cursor, Limit, Rooms, page_by
from model import ALERT_LABELS, BadRequest

router = APIRouter(tags=["alerts"])


@router.get("/alerts")
def alerts(
    services: Rooms,
    caller: Caller,
    state: Annotated[list[AlertState], Query(default_factory=list, description="Repeated: any of them")],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> models.Page[models.AlertItem]:
    """Alerts, newest `started_at` first."""
    rows, following = services.alerts.alerts(
        caller.tenant, now=services.clock.now(), states=state, limit=limit, cursor=cursor
    )
    return models.Page(items=[shapes.alert(each) for each in rows], next_cursor=following)


@router.post("/alerts/{alert}/acknowledge")
def acknowledge(
    services: Rooms, caller: Caller, alert: str, body: models.Acknowledgement | None = None
) -> models.AlertItem:
    """Somebody has it: the caller."""
    comment = body.comment if body else ""
    row = services.alerts.acknowledge(
        caller.tenant, alert, actor=caller.name, now=services.clock.now(), comment=comment
    )
    return shapes.alert(row)


@router.get("/silences")
def silences(
    services: Rooms, caller: Caller, limit: Limit = 100, cursor: Cursor = None
) -> models.Page[models.SilenceItem]:
    """Silences that are not over, those that start later included."""
    rows = services.alerts.silences(caller.tenant, now=services.clock.now())
    page, following = page_by("silences", rows, limit, cursor, _place)
    return models.Page(items=[shapes.silence(each) for each in page], next_cursor=following)


@router.post("/silences", status_code=201)
def add_silence(services: Rooms, caller: Caller, body: models.SilenceRequest) -> models.SilenceItem:
    """Hide alerts whose labels match all `matchers`; a label that no alert has would hide none, and is refused."""
    for name in body.matchers:
        if name not in ALERT_LABELS:
            raise BadRequest(f"No alert has a label {name!r}; there are {', '.join(ALERT_LABELS)}")
    row = services.alerts.add_silence(
        caller.tenant,
        matchers=body.matchers,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        comment=body.comment,
        actor=caller.name,
        now=services.clock.now(),
    )
    return shapes.silence(row)


@router.delete("/silences/{silence}", status_code=204)
def end_silence(services: Rooms, caller: Caller, silence: str) -> None:
    """End a silence now."""
    services.alerts.end_silence(caller.tenant, silence, actor=caller.name, now=services.clock.now())


def _place(silence: Silence) -> str:
    return f"{silence.starts_at.isoformat(timespec='microseconds')} {silence.id}"
