"""SLAs, how they stand, and the verdict ledger: what was known when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from dashboard.api import models, shapes
from dashboard.api.parameters import Caller, Cursor, Instant, Limit, Rooms, catalog_of, page_of
from dashboard.services import Services
from model import NotFound, Principal, Sla, Verdict

router = APIRouter(tags=["slas"])


@router.get("/slas")
def slas(services: Rooms, caller: Caller, limit: Limit = 100, cursor: Cursor = None) -> models.Page[models.SlaItem]:
    """The SLAs of the active catalog, in its order."""
    rows = services.verdicts.summaries(caller.tenant, catalog_of(services, caller), services.clock.now())
    page, following = page_of(rows, limit, cursor)
    return models.Page(items=[shapes.sla(each) for each in page], next_cursor=following)


@router.get("/slas/{sla}")
def sla(services: Rooms, caller: Caller, sla: str) -> models.SlaItem:
    """One SLA."""
    _declared(services, caller, sla)
    rows = services.verdicts.summaries(caller.tenant, catalog_of(services, caller), services.clock.now())
    return next(shapes.sla(each) for each in rows if each.id == sla)


@router.get("/slas/{sla}/verdicts")
def verdicts(
    services: Rooms,
    caller: Caller,
    sla: str,
    verdict: Annotated[list[Verdict], Query(default_factory=list, description="Filters last")],
    known_at: Annotated[Instant | None, Query(description="Only what was known by then")] = None,
    as_of: Annotated[Instant | None, Query(description="Only what was valid by then")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> models.Page[models.LedgerItem]:
    """Ledger rows, oldest `known_at` first; with `known_at` or `as_of` only the latest row of each clock."""
    _declared(services, caller, sla)
    rows, following = services.verdicts.ledger(
        caller.tenant,
        sla,
        known_at=known_at,
        as_of=as_of,
        verdict=[str(each) for each in verdict],
        limit=limit,
        cursor=cursor,
    )
    return models.Page(items=[shapes.ledger(each) for each in rows], next_cursor=following)


def _declared(services: Services, caller: Principal, sla: str) -> Sla:
    try:
        return catalog_of(services, caller).sla(sla)
    except KeyError:
        raise NotFound(f"There is no SLA {sla!r} in the catalog") from None
