"""`/workflows/{workflow}`: its instances, filtered by what the address says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from dashboard import formats
from dashboard.figures import STATUSES, VERDICTS
from dashboard.pages import elements, grid
from dashboard.pages.rows import instant
from dashboard.pages.view import Drawn, View
from model import BadRequest, Workflow

FILTERS = ("status", "milestone", "verdict", "sla", "system", "started_after", "started_before", "q")


def draw(view: View, workflow: Workflow) -> Drawn:
    """The list page of one workflow."""
    counts = view.queries.services.instances.workflow_counts(view.tenant).get(workflow.name, {})
    statuses = {str(status): number for status, number in counts.items()}
    notes = [formats.counted(sum(statuses.values()), "instance")]
    if workflow.owner:
        notes.append(f"owned by {workflow.owner}")
    return Drawn(
        workflow.title,
        [
            elements.heading(workflow.title, " · ".join(notes)),
            html.Div(status_chips(view, statuses), className="filters"),
        ],
        [filters(view, workflow), search_box(view, workflow), grid.grid("instances", view, workflow.name)],
    )


def status_chips(view: View, statuses: dict[str, int]) -> html.Div | None:
    """The filter whose values are counted; the counts are drawn anew with the list."""
    counted = [(state, mark.word, statuses.get(state, 0), state) for state, mark in STATUSES.items()]
    return chips(view, "Status", "status", counted)


def filters(view: View, workflow: Workflow) -> html.Div:
    """One row of chips for each other filter; each is a link, so that every choice has an address."""
    milestones = [(each.id, each.title, None, "") for each in workflow.milestones if each.ends is None]
    systems = list(dict.fromkeys(each.system for each in workflow.milestones if each.system))
    rows = [
        chips(view, "Verdict", "verdict", [(state, mark.word, None, state) for state, mark in VERDICTS.items()]),
        chips(view, "Stands at", "milestone", milestones),
    ]
    further = [
        chips(view, "Promise", "sla", [(each.id, each.title, None, "") for each in workflow.slas if each.feed is None]),
        chips(view, "System", "system", [(name, name, None, "") for name in systems]),
    ]
    dates = [
        html.A(f"started {word} {date_text(text, view)} ✕", href=view.address(**{name: []}), className="chip on")
        for name, word in (("started_after", "from"), ("started_before", "before"))
        if (text := view.one(name))
    ]
    if dates:
        rows.append(
            html.Div(
                [html.Span("Started", className="name"), html.Div(dates, className="chips")], className="filter-row"
            )
        )
    rows.append(
        html.Details(
            [html.Summary("More filters"), *(each for each in further if each is not None)],
            open=bool(view.params.get("sla") or view.params.get("system")),
            className="further",
        )
    )
    return html.Div([each for each in rows if each is not None], className="filters")


def chips(view: View, label: str, name: str, values: Sequence[tuple[str, str, int | None, str]]) -> html.Div | None:
    """The values of one filter: those that are on first say so by colour."""
    if not values:
        return None
    chosen = view.params.get(name, ())
    items = []
    for value, text, number, state in values:
        inner: list[Any] = [html.Span(className="icon")] if state else []
        inner.append(text)
        if number is not None:
            inner.append(html.Span(formats.count(number), className="tally"))
        style = f"chip{f' is-{state}' if state else ''}{' on' if value in chosen else ''}"
        current = {"aria-current": "true"} if value in chosen else {}  # a link is never pressed
        items.append(html.A(inner, href=view.toggled(name, value), className=style, **current))
    return html.Div([html.Span(label, className="name"), html.Div(items, className="chips")], className="filter-row")


def date_text(text: str, view: View) -> str:
    """A time of the address in the reader's zone; as it is where it is none, so that it can be taken away."""
    try:
        at = instant(text)
    except BadRequest:
        return text
    return f"{at.astimezone(view.zone):%Y-%m-%d %H:%M %Z}" if at else ""


def search_box(view: View, workflow: Workflow) -> html.Form:
    """Search by the beginning of any key; keeps the other filters."""
    kept = view.address(q=[]).partition("?")[2]
    kinds = ", ".join(each.name.replace("_", " ") for each in workflow.keys if not each.is_trace)
    return html.Form(
        dcc.Input(
            id={"type": "filter-q", "view": view.address()},
            name="q",
            type="search",
            value=view.one("q"),
            placeholder=f"Find by any key: {kinds}",
            autoComplete="off",
        ),
        action=view.path,
        className="search",
        style={"maxWidth": "460px"},
        **{"data-keep": kept},
    )
