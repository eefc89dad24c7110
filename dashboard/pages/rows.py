"""`/rows/{listing}`: the rows of a grid, a block at a time, already in words, in the reader's zone.

For the pages only and free to change with them; programs use `/api/v1`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Query, Request

from alerting import AlertRow, AlertState
from correlator import InstanceRow
from dashboard import formats
from dashboard.access import current_principal
from dashboard.api.parameters import Rooms
from dashboard.instances import InstanceQuery, instance_rows
from dashboard.instants import storable
from dashboard.pages import elements
from dashboard.pages.timeline import WORRYING
from dashboard.pages.view import View
from dashboard.queries import PageQueries
from model import BadRequest, Catalog, NotFound, Outcome, Verdict, Workflow
from sla_engine import LedgerRow

router = APIRouter(include_in_schema=False)
Block = tuple[list[dict[str, Any]], str | None]
ALERT_PILLS = {"firing": "breached", "acknowledged": "pending", "silenced": "excused", "resolved": "met"}


@router.get("/rows/{listing}")
def rows(
    services: Rooms,
    request: Request,
    listing: str,
    of: str = "",
    zone: str = Query("UTC", alias="_zone"),
    limit: int = Query(100, alias="_limit", ge=1, le=1000),
    cursor: str | None = Query(None, alias="_cursor"),
) -> dict[str, Any]:
    """One block of a list."""
    source = LISTINGS.get(listing)
    if source is None:
        raise NotFound(f"There is no list {listing!r}")
    params: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if not name.startswith("_") and name != "of":
            params.setdefault(name, []).append(value)
    view = View(
        PageQueries(services),
        current_principal.get(),
        request.url.path,
        params,
        services.clock.now(),
        formats.zone_named(zone),
        zone,
    )
    items, following = source(view, of, limit, cursor)
    return {"rows": items, "next_cursor": following}


def instances(view: View, of: str, limit: int, cursor: str | None) -> Block:
    """Instances of the workflow `of`."""
    workflow = workflow_named(view.catalog, of)
    query = InstanceQuery(
        status=among(view, "status", Outcome),
        milestone=view.params.get("milestone", ()),
        verdict=among(view, "verdict", Verdict),
        sla=view.params.get("sla", ()),
        system=view.params.get("system", ()),
        started_after=instant(view.one("started_after")),
        started_before=instant(view.one("started_before")),
        q=view.params.get("q", ()),
    )
    found, following = instance_rows(view.queries.services, view.tenant, workflow, query, limit, cursor)
    verdicts = view.queries.worst_verdicts(view.tenant, workflow.name, found)
    return [
        {
            **instance_cells(row, workflow, view),
            "verdicts": [pill(each) for each in shown_verdicts(verdicts[row.key])],
            "amount": formats.amount(row.amount, row.currency),
            "started": formats.local(row.started_at, view.zone, view.now),
        }
        for row in found
    ], following


def shown_verdicts(verdicts: list[Verdict]) -> list[Verdict]:
    """What needs a look; a single word where nothing does."""
    worrying: list[Verdict] = [each for each in verdicts if each in WORRYING]
    return worrying or verdicts[:1]


def found(view: View, of: str, limit: int, cursor: str | None) -> Block:
    """Instances found by the key `q`."""
    del of
    if not view.one("q").strip():
        return [], None
    matches, following = view.queries.services.instances.search(
        view.tenant, view.catalog, view.one("q").strip(), limit, cursor
    )
    return [
        {
            **instance_cells(each.instance, workflow_named(view.catalog, each.instance.workflow), view),
            "workflow": workflow_named(view.catalog, each.instance.workflow).title,
            "matched": {"first": each.matched_value, "second": each.matched_type.replace("_", " ")},
        }
        for each in matches
    ], following


def unresolved(view: View, of: str, limit: int, cursor: str | None) -> Block:
    """Events that wait for a link."""
    del of
    events, following = view.queries.services.instances.unresolved(view.tenant, view.catalog, limit, cursor)
    workflows = {each.name: each for each in view.catalog.workflows}
    return [
        {
            "occurred": when(each.event.occurred_at, view),
            "workflow": workflows[each.workflow].title,
            "milestone": elements.milestone_title(workflows[each.workflow], each.event.milestone),
            "system": each.event.system,
            "waiting_for": ", ".join(f"{kind} {value}" for kind, value in each.waiting_for) or "any key at all",
            "keys": ", ".join(
                f"{kind} {' '.join(values)}" for kind, values in each.event.keys.items() if kind != "trace"
            ),
        }
        for each in events
    ], following


def alerts(view: View, of: str, limit: int, cursor: str | None) -> Block:
    """Alerts in the states asked for."""
    del of
    items, following = view.queries.services.alerts.alerts(
        view.tenant, now=view.now, states=among(view, "state", AlertState), limit=limit, cursor=cursor
    )
    titles = {each.id: each.title for each in view.catalog.slas}
    return [alert_cells(each, titles, view) for each in items], following


def ledger(view: View, of: str, limit: int, cursor: str | None) -> Block:
    """The ledger of the SLA `of`."""
    items, following = view.queries.services.verdicts.ledger(
        view.tenant,
        of,
        known_at=instant(view.one("known_at")),
        as_of=instant(view.one("as_of")),
        verdict=among(view, "verdict", Verdict),
        limit=limit,
        cursor=cursor,
    )
    return [ledger_cells(each, view) for each in items], following


LISTINGS: dict[str, Callable[[View, str, int, str | None], Block]] = {
    "instances": instances,
    "found": found,
    "unresolved": unresolved,
    "alerts": alerts,
    "ledger": ledger,
}


def instance_cells(row: InstanceRow, workflow: Workflow, view: View) -> dict[str, Any]:
    """What all lists of instances show."""
    return {
        "key": link(row.key, elements.instance_href(row.workflow, row.key)),
        "status": pill(row.status),
        "milestone": elements.milestone_title(workflow, row.current_milestone),
        "last_event": when(row.last_event_at, view),
    }


def alert_cells(row: AlertRow, titles: dict[str, str], view: View) -> dict[str, Any]:
    """One alert; only an open one that nobody has taken can be acknowledged, by who may change something.

    Of one that somebody has taken it is said who, and with what words.
    """
    alert = row.alert
    taken = {"first": row.acknowledged_by, "second": row.acknowledgement, "title": row.acknowledgement}
    is_offered = row.state in ("firing", "silenced") and view.principal.may("operate")
    return {
        "state": {"is": ALERT_PILLS[row.state], "word": formats.words(row.state)},
        "key": link(alert.key, elements.subject_href(view.catalog, alert.sla, alert.workflow, alert.key)),
        "promise": {"first": titles.get(alert.sla, alert.sla), "second": alert.reason},
        "deadline": deadline(
            alert.deadline_at,
            lambda at: formats.standing(alert.verdict, at, alert.satisfied_at, view.now),
            alert.verdict,
            view,
        ),
        "owner": {"first": formats.words(alert.severity), "second": alert.owner},
        "started": when_in_two(alert.started_at, view),
        "acknowledged": {"id": alert.id} if is_offered else taken if row.acknowledged_by else None,
    }


def ledger_cells(row: LedgerRow, view: View) -> dict[str, Any]:
    """One line of the ledger: what was known once. It may be long out of date that nothing had come by then."""

    def standing(at: datetime) -> str:
        answered = row.satisfied_at
        return formats.deadline_text(at, answered, view.now) if answered else formats.relative(at, view.now)

    return {
        "known": when_in_two(row.known_at, view),
        "verdict": pill(row.verdict),
        "key": link(row.key, elements.subject_href(view.catalog, row.sla, row.workflow, row.key)),
        "per": row.per,
        "deadline": deadline(row.deadline_at, standing, row.verdict, view),
        "reason": row.reason,
        "definition": row.definition[:12],
    }


def deadline(
    at: datetime | None, standing: Callable[[datetime], str], verdict: str, view: View
) -> dict[str, Any] | None:
    """A deadline in two lines: what is said of it, and when it is."""
    if at is None:
        return None
    return {
        "first": standing(at),
        "second": formats.local(at, view.zone, view.now),
        "title": formats.exact(at, view.zone),
        "tone": verdict if verdict in (Verdict.BREACHED, Verdict.AT_RISK) else "",
    }


def pill(state: str) -> dict[str, str]:
    """A verdict or a status."""
    return {"is": state, "word": elements.word_of(state)}


def link(key: str, href: str) -> dict[str, Any]:
    """A key that leads to what it names."""
    return {"text": key, "href": href, "mono": True}


def when(at: datetime | None, view: View) -> dict[str, str] | None:
    """An instant, relative, absolute and exact."""
    if at is None:
        return None
    return {
        "relative": formats.relative(at, view.now),
        "local": formats.local(at, view.zone, view.now),
        "exact": formats.exact(at, view.zone),
    }


def when_in_two(at: datetime, view: View) -> dict[str, str]:
    """An instant in two lines."""
    return {
        "first": formats.relative(at, view.now),
        "second": formats.local(at, view.zone, view.now),
        "title": formats.exact(at, view.zone),
    }


def workflow_named(catalog: Catalog, name: str) -> Workflow:
    """A workflow of the catalog; raises `NotFound`."""
    try:
        return catalog.workflow(name)
    except KeyError:
        raise NotFound(f"There is no workflow {name!r} in the catalog") from None


def among(view: View, name: str, known: type[StrEnum]) -> list[str]:
    """The values of a filter; raises `BadRequest` for one that nothing can have."""
    values = list(view.params.get(name, ()))
    for value in values:
        if value not in set(known):
            raise BadRequest(f"{value!r} is no {name}; there are {', '.join(known)}")
    return values


def instant(text: str) -> datetime | None:
    """An instant of the address; raises `BadRequest` for what is none, has no offset or cannot be asked for."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise BadRequest(f"{text!r} is not a time") from None
    if at.tzinfo is None:
        raise BadRequest(f"{text!r} has no time zone offset")
    try:
        return storable(at)
    except ValueError as error:
        raise BadRequest(f"{text!r}: {error}") from None
