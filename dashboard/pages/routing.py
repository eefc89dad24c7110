"""Which page an address names. Addresses are as the browser has them: keys percent-encoded, slashes in keys too."""

from __future__ import annotations

from urllib.parse import unquote

from dash import html

from dashboard.pages import elements, instances, lists, overview, timeline
from dashboard.pages.view import Drawn, View

PAGES = {
    "": overview.draw,
    "slas": lists.slas,
    "alerts": lists.alerts,
    "search": lists.search,
    "unresolved": lists.unresolved,
    "systems": lists.systems,
}


def draw(view: View) -> Drawn:
    """The page at the view's address; a page that says so where there is none."""
    parts = [unquote(part) for part in view.path.strip("/").split("/")]
    match parts:
        case [name] if name in PAGES:
            return PAGES[name](view)
        case ["workflows", name, *rest] if len(rest) in (0, 2):
            return _workflow(view, name, rest)
        case ["slas", sla_id]:
            row = next((each for each in view.queries.slas(view.tenant, view.now) if each.sla.id == sla_id), None)
            return lists.sla(view, row) if row else nothing(f"There is no SLA {sla_id}")
        case _:
            return nothing("There is no page here")


def _workflow(view: View, name: str, rest: list[str]) -> Drawn:
    workflow = next((each for each in view.catalog.workflows if each.name == name), None)
    if workflow is None:
        return nothing(f"There is no workflow {name} in the catalog")
    match rest:
        case []:
            return instances.draw(view, workflow)
        case ["instances", key]:
            return timeline.draw(view, workflow, view.one("key") or key if key == "-" else key)
        case _:
            return nothing("There is no page here")


def nothing(text: str) -> Drawn:
    """An address that leads nowhere."""
    body = elements.empty(text, html.A("Back to the overview", href="/", className="button"))
    return Drawn("Nothing here", [html.Section(body, className="card")])
