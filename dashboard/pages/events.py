"""The event table of the timeline page: every event with everything it carries, and how it came to the instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from dash import html

from correlator import TimelineEvent
from dashboard import formats
from dashboard.pages import elements
from dashboard.pages.view import View
from dashboard.queries import TimelineView
from model import Workflow

EVENTS_SHOWN = 50
KEYS_SHOWN = 5


def events_card(shown: TimelineView, view: View) -> html.Section:
    """Every event with everything it carries."""
    rows: list[Sequence[Any]] = []
    before: datetime | None = None
    own = {kind: frozenset(values) for kind, values in shown.detail.row.keys.items()}
    for each in shown.events:
        rows.append(event_cells(each, before, shown.workflow, own, view))
        before = each.occurred_at
    more: list[Any] = []
    if view.one("events"):
        more.append(html.A("First events", href=view.address(events=[])))
    if shown.more:
        more.append(html.A(f"Next {EVENTS_SHOWN} events", href=view.address(events=[shown.more])))
    return elements.card(
        "Events",
        elements.table(
            ["Time", ("After", "number"), "Milestone", "System", "Keys", "Source", "Details"],
            rows,
        ),
        more=more or None,
    )


def event_cells(
    event: TimelineEvent, before: datetime | None, workflow: Workflow, own: Mapping[str, Set[str]], view: View
) -> tuple[Any, ...]:
    """One row of the event table."""
    marks: list[Any] = [html.Span(f"{event.deliveries} deliveries", className="tag")] if event.deliveries > 1 else []
    marks += [html.Span(formats.words(flag), className="tag warn") for flag in event.flags]
    if event.outcome:
        marks.append(elements.pill(event.outcome))
    title = elements.milestone_title(workflow, event.milestone)
    return (
        html.Span(formats.exact(event.occurred_at, view.zone), className="nowrap"),
        f"+{formats.span_text(event.occurred_at - before)}" if before else "",
        html.Span(
            [title, *marks],
            style={"display": "inline-flex", "gap": "6px"},
        ),
        event.system,
        html.Span(carried(event.keys, own), style={"display": "inline-flex", "gap": "12px", "flexWrap": "wrap"}),
        event.source,
        details(event, view),
    )


def carried(keys: Mapping[str, Sequence[str]], own: Mapping[str, Set[str]]) -> list[html.Span]:
    """The keys of an event, a few of each type: those of this instance (`own`) first, and how many are left out."""
    cells = []
    for kind, values in keys.items():
        if kind == "trace":
            continue
        first = sorted(values, key=lambda value: value not in own.get(kind, ()))[:KEYS_SHOWN]
        cells += [
            html.Span([html.Span(f"{kind} ", className="faint"), html.Span(each, className="mono")], className="nowrap")
            for each in first
        ]
        if len(values) > KEYS_SHOWN:
            cells.append(html.Span(f"and {formats.count(len(values) - KEYS_SHOWN)} more", className="faint nowrap"))
    return cells


def details(event: TimelineEvent, view: View) -> html.Details:
    """What an event carries, and how it came to this instance."""
    pairs: list[tuple[str, Any]] = list(event.attributes.items())
    pairs += [
        ("linked by", f"{each.outer_type} {each.outer_value} → {each.inner_type} {each.inner_value}")
        for each in event.linked_by
    ]
    pairs.append(("received", formats.exact(event.received_at, view.zone)))
    if event.trace_id:
        pairs.append(("trace", event.trace_id))
    if event.span_id:
        pairs.append(("span", event.span_id))
    pairs.append(("event", event.event_id))
    body = html.Dl([part for name, text in pairs for part in (html.Dt(name), html.Dd(text))], className="pairs")
    return html.Details(
        [html.Summary(f"{len(event.attributes)} attributes"), body],
        className="event-details",
        id=f"event-{event.event_id}",
    )
