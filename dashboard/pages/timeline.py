"""`/workflows/{workflow}/instances/{key}`: where one instance is, what was promised, what happened in which system."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import quote

from dash import dcc, html

from dashboard import formats
from dashboard.api.parameters import page_of
from dashboard.figures import VERDICTS, TimelineRows, timeline_figure
from dashboard.pages import elements, events
from dashboard.pages.view import Drawn, View
from dashboard.queries import TimelineView
from model import Catalog, Milestone, Outcome, Sla, Verdict, Workflow
from sla_engine import ClockRow, Rejudged

CLOCKS_SHOWN = 50
ALIASES_SHOWN = 20
WORRYING = (Verdict.BREACHED, Verdict.AT_RISK, Verdict.UNKNOWN)
GRAPH_CONFIG = {"displayModeBar": False, "responsive": True, "scrollZoom": False}


def draw(view: View, workflow: Workflow, key: str) -> Drawn:
    """The timeline of one instance."""
    shown = view.queries.timeline(view.tenant, workflow, key, view.one("events") or None, events.EVENTS_SHOWN)
    if shown is None:
        return Drawn(key, [crumbs(workflow, key), unknown_instance(workflow, key)])
    row = shown.detail.row
    return Drawn(
        row.key,
        [
            crumbs(workflow, row.key),
            html.Section([identity(shown, view), stepper(shown, view)], className="card"),
            clocks_card(shown, view),
            figure_card(shown, view),
            events.events_card(shown, view),
        ],
    )


def crumbs(workflow: Workflow, key: str) -> html.Div:
    """Where this page is."""
    return html.Div(
        [
            html.A(workflow.title, href=f"/workflows/{quote(workflow.name, safe='')}"),
            html.Span("/"),
            html.Span(key, className="mono"),
        ],
        className="crumbs",
    )


def unknown_instance(workflow: Workflow, key: str) -> html.Section:
    """No such instance: perhaps an alias, perhaps not here yet."""
    return html.Section(
        elements.empty(
            f"{key} is not an instance of {workflow.title}",
            f"Instances are named by their {workflow.root}. Nothing with this {workflow.root} has arrived.",
            html.A("Search all keys for it", href=f"/search?q={quote(key, safe='')}", className="button"),
        ),
        className="card",
    )


def identity(shown: TimelineView, view: View) -> html.Div:
    """The key, how it stands, and what else is known about it."""
    row, workflow = shown.detail.row, shown.workflow
    pills = [elements.pill(row.status)]
    pills += [elements.pill(each) for each in WORRYING if any(clock.verdict == each for clock in shown.detail.clocks)]
    pills += [html.Span(formats.words(each), className="tag warn") for each in row.flags]
    facts: list[tuple[str, Any]] = [
        ("Current milestone", elements.milestone_title(workflow, row.current_milestone)),
        ("Amount", formats.amount(row.amount, row.currency)),
        ("Owner", workflow.owner or formats.MISSING),
        ("Started", elements.when(row.started_at, view)),
        ("Last event", elements.when(row.last_event_at, view)),
    ]
    if row.completed_at:
        facts.append((elements.word_of(row.status), elements.when(row.completed_at, view)))
        facts.append(("Took", formats.span_text(row.completed_at - row.started_at)))
    else:
        facts.append(("Open for", formats.span_text(view.now - row.started_at)))
    return html.Div(
        [
            html.Div([html.H1(row.key), elements.copy_button(row.key), *pills], className="first"),
            html.Div([fact(name, text) for name, text in facts], className="facts"),
            aliases(row.keys, workflow),
        ],
        className="identity",
    )


def fact(name: str, text: Any) -> html.Div:
    """A named fact."""
    return html.Div([html.Span(name, className="name"), html.Span(text, className="text")], className="fact")


def aliases(keys: dict[str, list[str]], workflow: Workflow) -> html.Div:
    """Every other identifier, copyable; trace ids are many and shown with their events."""
    items = []
    for kind, values in keys.items():
        if kind in (workflow.root, "trace"):
            continue
        name = formats.words(kind).lower()
        items += [
            html.Span(
                [html.Span(name, className="name"), html.Span(each, className="key"), elements.copy_button(each)],
                className="alias",
            )
            for each in values[:ALIASES_SHOWN]
        ]
        if len(values) > ALIASES_SHOWN:
            left_out = f"and {formats.count(len(values) - ALIASES_SHOWN)} more"
            items.append(html.Span(html.Span([name, " ", left_out], className="name"), className="alias"))
    return html.Div(items, className="aliases")


def stepper(shown: TimelineView, view: View) -> html.Div:
    """The declared milestones in their order; endings that were not taken are left out once one was."""
    declared = {each.id: each for each in shown.workflow.milestones}
    status, current = shown.detail.row.status, shown.detail.row.current_milestone
    steps, before = [], None
    for each in shown.detail.milestones:
        milestone = declared.get(each.id)
        ends = milestone.ends if milestone else None
        if each.reached_at is None and is_passed_by(milestone, status):
            continue
        style = ["step"]
        if each.reached_at:
            style.append("reached")
            style += [f"ended-{ends}"] if ends in (Outcome.FAILED, Outcome.CANCELLED) else []
        if each.id == current:
            style.append("current")
        steps.append(
            html.Div(
                [
                    html.Span(html.Span(className="icon"), className="dot"),
                    html.Span(milestone.title if milestone else each.id, className="name"),
                    *step_times(each.reached_at, before, view),
                    html.Span(each.system or "", className="after"),
                ],
                className=" ".join(style),
                title=formats.exact(each.reached_at, view.zone) if each.reached_at else "not reached",
            )
        )
        before = each.reached_at or before
    return html.Div(steps, className="stepper")


def is_passed_by(milestone: Milestone | None, status: str) -> bool:
    """Whether a milestone that was not reached need not be shown: optional ones, and endings not taken."""
    if milestone is None:
        return True
    if milestone.ends is not None:
        return milestone.ends != Outcome.COMPLETED or status != Outcome.IN_PROGRESS
    return milestone.optional


def step_times(at: datetime | None, before: datetime | None, view: View) -> list[Any]:
    """When a milestone was reached, and how long after the one before."""
    if at is None:
        return [html.Span("not yet", className="at faint")]
    after = (
        [html.Span(f"{'+' if at >= before else '−'}{formats.span_text(at - before)}", className="after")]
        if before
        else []
    )
    return [html.Span(formats.local(at, view.zone, view.now), className="at"), *after]


def clocks_card(shown: TimelineView, view: View) -> html.Section:
    """What was promised, clock by clock, the worst first; where they are many, a page of them and how all stand."""
    slas = {each.id: each for each in shown.workflow.slas}
    order = list(VERDICTS)
    clocks = sorted(
        shown.detail.clocks, key=lambda each: (order.index(each.verdict), each.deadline_at or each.started_at)
    )
    if not clocks:
        text = "No promise has started for this instance." if slas else "This workflow makes no promises."
        return elements.card("Promises", elements.empty(text, small=True))
    page, following = page_of(
        ("promises", shown.workflow.name, shown.detail.row.key), clocks, CLOCKS_SHOWN, view.one("promises") or None
    )
    counts = Counter(str(each.verdict) for each in clocks)
    more: list[Any] = [elements.legend(counts, order)] if len(page) < len(clocks) else []
    if view.one("promises"):
        more.append(html.A("First promises", href=view.address(promises=[])))
    if following:
        more.append(html.A(f"Next {CLOCKS_SHOWN} promises", href=view.address(promises=[following])))
    return elements.card(
        "Promises",
        elements.table(
            ["Verdict", "Promise", ("Deadline", "nowrap"), "Answered", "Time used"],
            [
                (
                    elements.pill(each.verdict),
                    promise(each, slas.get(each.sla), again(shown.detail.again.get(each.clock), view.now, view.zone)),
                    deadline(each, view),
                    elements.when(each.satisfied_at, view),
                    used(each, view.now),
                )
                for each in page
            ],
        ),
        more=more or None,
    )


def again(row: Rejudged | None, now: datetime, zone: tzinfo) -> list[Any]:
    """What was said when somebody had the past judged again; it does not count, and stands beside what does."""
    if row is None:
        return []
    said = f"Judged again by {row.actor}, {formats.local(row.rejudged_at, zone, now)}: "
    return [html.Br(), said, elements.pill(row.new.verdict), f" {row.new.reason}"]


def promise(clock: ClockRow, sla: Sla | None, judged_again: list[Any]) -> html.Span:
    """What was promised for what, and why the verdict is what it is."""
    title: list[Any] = [html.A(sla.title if sla else clock.sla, href=elements.sla_href(clock.sla))]
    if clock.per:
        per = sla.per if sla and sla.per else ""
        title += [html.Span(f" · {per} ", className="faint"), html.Span(clock.per, className="mono")]
    why = " · ".join([clock.reason, *(formats.words(flag).lower() for flag in clock.flags)])
    return elements.two_lines(title, [why, *judged_again], clock.sla)


def deadline(clock: ClockRow, view: View) -> Any:
    """A deadline: how it stands, and when it is."""
    if clock.deadline_at is None:
        return html.Span("none now", className="faint", title="Paused, or the promised date cannot be read")
    tone = clock.verdict if clock.verdict in (Verdict.BREACHED, Verdict.AT_RISK) else ""
    return elements.two_lines(
        formats.standing(clock.verdict, clock.deadline_at, clock.satisfied_at, view.now),
        formats.local(clock.deadline_at, view.zone, view.now),
        formats.exact(clock.deadline_at, view.zone),
        tone,
    )


def used(clock: ClockRow, now: datetime) -> Any:
    """How much of the time to the deadline has passed, in wall time; full once it is over."""
    if clock.deadline_at is None:
        return html.Span(formats.MISSING, className="faint")
    whole = clock.deadline_at - clock.started_at
    passed = (clock.satisfied_at or now) - clock.started_at
    part = 1.0 if whole <= timedelta(0) else max(0.0, min(1.0, passed / whole))
    return html.Div(
        html.I(className=f"is-{clock.verdict}", style={"width": f"{part * 100:.0f}%"}),
        className=f"meter is-{clock.verdict}",
        title=f"{part:.0%} of the time from start to deadline",
    )


def figure_card(shown: TimelineView, view: View) -> html.Section:
    """Events by system over time."""
    rows = TimelineRows(
        events=shown.events,
        spans=shown.spans,
        clocks=shown.detail.clocks,
        is_open=shown.detail.row.status == Outcome.IN_PROGRESS,
        titles={
            **{each.id: each.title for each in shown.workflow.milestones},
            **{each.id: each.title for each in shown.workflow.slas},
        },
        system_of=lanes_of_services(view.catalog, shown),
    )
    figure = timeline_figure(rows, view.now, view.zone)
    spans = f"{formats.count(len(shown.spans))}{'+' * shown.more_spans} spans" if shown.spans else "no spans"
    return elements.card(
        "Events by system",
        dcc.Graph(
            id="timeline-figure", figure=figure, config=GRAPH_CONFIG, style={"height": f"{figure.layout.height}px"}
        ),
        more=f"{formats.counted(len(shown.events), 'event')} · {spans} · drag to zoom, double-click to reset",
    )


def lanes_of_services(catalog: Catalog, shown: TimelineView) -> dict[str, str]:
    """Which system a span's service belongs to: as the catalog says, else as the events of the same span say."""
    found: dict[str, str] = {}
    by_span = {(each.trace_id, each.span_id): each.system for each in shown.events if each.span_id}
    for span in shown.spans:
        system = by_span.get((span.trace_id, span.span_id))
        if system:
            found.setdefault(span.service, system)
    found.update({service: each.id for each in catalog.systems for service in each.services})
    return found
