"""SLAs, how they stand, and the verdict ledger: what was known when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from dashboard.api import models, shapes
from dashboard.api.parameters import Caller, Cursor, Instant, Limit, Rooms, catalog_of, page_of
from dashboard.services import Services
from model import NotFound, Principal, Sla, Verdict
from sla_engine import Excuses, Grouping, RejudgedReader, WaitingReader

router = APIRouter(tags=["slas"])


@router.get("/slas")
def slas(services: Rooms, caller: Caller, limit: Limit = 100, cursor: Cursor = None) -> models.Page[models.SlaItem]:
    """The SLAs of the active catalog, in its order."""
    rows = services.verdicts.summaries(caller.tenant, catalog_of(services, caller), services.clock.now())
    page, following = page_of(["slas"], rows, limit, cursor)
    return models.Page(items=[shapes.sla(each) for each in page], next_cursor=following)


@router.get("/attainment")
def attainment(
    services: Rooms,
    caller: Caller,
    name: Annotated[list[str], Query(default_factory=list, description="Only these groups; one nobody is in is 404")],
    by: Annotated[Grouping, Query(description="What the SLAs have in common")] = Grouping.WORKFLOW,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> models.Page[models.AttainmentItem]:
    """SLAs together: clocks met and breached in the window of each one's objective; null where they are too few."""
    rows = services.verdicts.attainments(caller.tenant, catalog_of(services, caller), services.clock.now(), by, name)
    page, following = page_of(["attainment", by, *name], rows, limit, cursor)
    return models.Page(items=[models.AttainmentItem.model_validate(each) for each in page], next_cursor=following)


@router.get("/slas/{sla}")
def sla(services: Rooms, caller: Caller, sla: str) -> models.SlaItem:
    """One SLA."""
    _declared(services, caller, sla)
    rows = services.verdicts.summaries(caller.tenant, catalog_of(services, caller), services.clock.now())
    return next(shapes.sla(each) for each in rows if each.id == sla)


@router.get("/slas/{sla}/waiting")
def waiting(
    services: Rooms, caller: Caller, sla: str, limit: Limit = 100, cursor: Cursor = None
) -> models.Page[models.WaitingItem]:
    """Who used up the time of its clocks: what was waited for, by milestone and system, largest share first."""
    declared = _declared(services, caller, sla)
    rows = WaitingReader(services.store).waited(
        caller.tenant, catalog_of(services, caller), declared, services.clock.now()
    )
    page, following = page_of(["waiting", sla], rows, limit, cursor)
    items = [
        models.WaitingItem(
            milestone=each.milestone,
            system=each.system,
            seconds=each.time.total_seconds(),
            waits=each.waits,
            share=each.share,
        )
        for each in page
    ]
    return models.Page(items=items, next_cursor=following)


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


@router.get("/slas/{sla}/rejudgings")
def rejudgings(
    services: Rooms, caller: Caller, sla: str, limit: Limit = 100, cursor: Cursor = None
) -> models.Page[models.RejudgingItem]:
    """Each time the past of an SLA was judged again (`throughline sla rejudge`), newest first."""
    _declared(services, caller, sla)
    page, following = RejudgedReader(services.store).rejudgings(caller.tenant, sla, limit, cursor)
    return models.Page(items=[models.RejudgingItem.model_validate(each) for each in page], next_cursor=following)


@router.get("/slas/{sla}/rejudged")
def rejudged(
    services: Rooms,
    caller: Caller,
    sla: str,
    rejudging: Annotated[str | None, Query(description="Which one; the newest without it")] = None,
    changed: Annotated[bool, Query(description="Only clocks with another verdict")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> models.RejudgedPage:
    """The past judged again beside what the ledger said: clocks by their start, and how many changed how."""
    _declared(services, caller, sla)
    reader = RejudgedReader(services.store)
    found = reader.rejudging(caller.tenant, sla, rejudging)
    if found is None:
        raise NotFound(
            f"The past of the SLA {sla!r} was not judged again" + (f" as {rejudging!r}" if rejudging else "")
        )
    rows, following = reader.page(caller.tenant, sla, found.id, only_changed=changed, limit=limit, cursor=cursor)
    return models.RejudgedPage(
        items=[shapes.rejudged(each) for each in rows],
        next_cursor=following,
        rejudging=models.RejudgingItem.model_validate(found),
        changes=[models.ChangeItem.model_validate(each) for each in reader.changes(caller.tenant, sla, found.id)],
    )


@router.get("/slas/{sla}/excuses")
def excuses(
    services: Rooms, caller: Caller, sla: str, limit: Limit = 100, cursor: Cursor = None
) -> models.Page[models.ExcuseItem]:
    """What was excused of an SLA, newest first: single clocks and windows."""
    _declared(services, caller, sla)
    page, following = Excuses(services.store).excuses(caller.tenant, sla, limit, cursor)
    return models.Page(items=[models.ExcuseItem.model_validate(each) for each in page], next_cursor=following)


@router.post("/slas/{sla}/excuses", status_code=201)
def excuse_window(services: Rooms, caller: Caller, sla: str, body: models.WindowRequest) -> models.ExcuseItem:
    """Excuse every clock of the SLA that is due in a window; the verdicts follow with the next tick."""
    _declared(services, caller, sla)
    row = Excuses(services.store).excuse_window(
        caller.tenant,
        sla,
        from_at=body.from_at,
        to_at=body.to_at,
        actor=caller.name,
        reason=body.reason,
        at=services.clock.now(),
    )
    return models.ExcuseItem.model_validate(row)


@router.post("/clocks/{clock}/excuse", status_code=201)
def excuse_clock(services: Rooms, caller: Caller, clock: str, body: models.ExcuseRequest) -> models.ExcuseItem:
    """Excuse one clock; its verdict follows with the next tick."""
    row = Excuses(services.store).excuse_clock(
        caller.tenant, clock, actor=caller.name, reason=body.reason, at=services.clock.now()
    )
    return models.ExcuseItem.model_validate(row)


def _declared(services: Services, caller: Principal, sla: str) -> Sla:
    try:
        return catalog_of(services, caller).sla(sla)
    except KeyError:
        raise NotFound(f"There is no SLA {sla!r} in the catalog") from None
