"""The smaller pages: SLAs and their ledgers, alerts, search, unresolved events, systems."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from dash import html

from dashboard import formats
from dashboard.figures import VERDICTS
from dashboard.pages import elements, grid, overview
from dashboard.pages.instances import chips
from dashboard.pages.view import Drawn, View
from dashboard.queries import SlaRow
from dashboard.systems import Liveness, SystemRow
from model import Sla, format_duration

LIVENESS = {
    Liveness.LIVE: ("met", "Live"),
    Liveness.SILENT: ("breached", "Silent"),
    Liveness.SEEN: ("pending", "Seen"),
    Liveness.NEVER: ("unknown", "Never seen"),
}
ALERT_STATES = [
    ("firing", "Firing", None, "breached"),
    ("acknowledged", "Acknowledged", None, "pending"),
    ("silenced", "Silenced", None, "excused"),
    ("resolved", "Resolved", None, "met"),
]


def slas(view: View) -> Drawn:
    """`/slas`: every promise."""
    rows = view.queries.slas(view.tenant, view.now)
    if not rows:
        body: Any = html.Section(
            elements.empty("The catalog declares no SLA", "A workflow's promises are listed under slas."),
            className="card",
        )
        return Drawn("SLAs", [elements.heading("SLAs"), body])
    return Drawn(
        "SLAs",
        [
            elements.heading("SLAs", formats.counted(len(rows), "promise")),
            html.Section(overview.sla_table(rows), className="card"),
        ],
    )


def sla(view: View, row: SlaRow) -> Drawn:
    """`/slas/{sla}`: one promise, how it stands, and its ledger."""
    declared, summary = row.sla, row.summary
    facts = [
        ("Promise", promise_text(row)),
        ("Severity", declared.severity),
        ("Attainment", overview.attainment_text(row)),
        ("Target", objective_text(row)),
        ("Budget left", overview.budget_text(row)),
        *((f"Burn {window}", burn_text(rate)) for window, rate in summary.burn.items()),
    ]
    live = [
        html.Div(
            [html.A("SLAs", href="/slas"), html.Span("/"), html.Span(declared.id, className="mono")], className="crumbs"
        ),
        elements.heading(declared.title),
        html.Section(
            html.Div(
                [
                    html.Div(
                        [
                            html.Div(
                                [html.Span(name, className="name"), html.Span(text, className="text")], className="fact"
                            )
                            for name, text in facts
                        ],
                        className="facts",
                    ),
                    elements.stack(summary.verdicts, list(VERDICTS)),
                    elements.legend(summary.verdicts, list(VERDICTS)),
                ],
                className="identity",
            ),
            className="card",
        ),
        html.Div(
            chips(view, "Ledger", "verdict", [(state, mark.word, None, state) for state, mark in VERDICTS.items()]),
            className="filters",
        ),
    ]
    return Drawn(declared.title, live, [grid.grid("ledger", view, declared.id)])


def promise_text(row: SlaRow) -> str:
    """A promise in words."""
    declared = row.sla
    if declared.feed is not None:
        return feed_text(declared)
    if declared.tiers:
        shortest = min(each.within for each in declared.tiers)
        text = f"within {format_duration(shortest)} and more, by tier"
    elif declared.within is not None:
        text = f"within {format_duration(declared.within)}"
    elif declared.promise is not None:
        text = f"by the date in {declared.promise.attribute}"
    elif declared.cut_off is not None:
        text = f"by {declared.cut_off.due:%H:%M}, started by {declared.cut_off.cut_off:%H:%M}"
    else:
        text = ""
    per = f", per {declared.per}" if declared.per else ""
    calendar = f" ({declared.calendar} hours)" if declared.calendar else ""
    return f"{declared.from_milestone} → {declared.to_milestone} {text}{calendar}{per}"


def feed_text(declared: Sla) -> str:
    """A promise about a feed in words."""
    name = declared.feed.name if declared.feed else ""
    calendar = f" ({declared.calendar} hours)" if declared.calendar else ""
    volume = declared.volume
    if volume is None:
        return f"{name}: an event at least every {format_duration(declared.every or timedelta())}{calendar}"
    bound = f"at least {volume.at_least:,}" if volume.at_least is not None else f"at most {volume.at_most:,}"
    return f"{name}: {bound} events by {volume.by:%H:%M}{calendar}"


def objective_text(row: SlaRow) -> str:
    """An objective in words."""
    objective = row.sla.objective
    if objective is None:
        return "no objective"
    over = f"this {objective.period}" if objective.period else f"over {format_duration(objective.window)}"
    return f"{formats.target(objective.target)} {over}"


def burn_text(rate: float | None) -> Any:
    """A burn rate: above 1 the budget will not last."""
    if rate is None:
        return formats.MISSING
    return html.Span(f"{rate:.1f}×", className=f"tone is-{'breached' if rate > 1 else 'met'}")


def alerts(view: View) -> Drawn:
    """`/alerts`: who is being told what."""
    return Drawn(
        "Alerts",
        [
            elements.heading("Alerts", "newest first"),
            html.Div(chips(view, "State", "state", ALERT_STATES), className="filters"),
        ],
        [grid.grid("alerts", view)],
    )


def search(view: View) -> Drawn:
    """`/search?q=`: any key of any workflow."""
    q = view.one("q").strip()
    if not q:
        hint = elements.empty(
            "Search any key", "An order, delivery, invoice or payment number, or its beginning; also a trace id."
        )
        return Drawn("Search", [elements.heading("Search"), html.Section(hint, className="card")])
    return Drawn(
        f"{q} · Search",
        [elements.heading(["Instances with the key ", html.Span(q, className="mono")], "exact first, then by prefix")],
        [grid.grid("found", view)],
    )


def unresolved(view: View) -> Drawn:
    """`/unresolved`: events whose instance is not known yet."""
    note = "Events whose innermost key leads to no instance yet. Each is resolved when the link arrives."
    return Drawn("Unresolved", [elements.heading("Unresolved events", note)], [grid.grid("unresolved", view)])


def systems(view: View) -> Drawn:
    """`/systems`: who is speaking, who has gone silent."""
    rows = view.queries.systems(view.tenant, view.now)
    if not rows:
        body: Any = elements.empty(
            "No system is known yet", "Systems are declared in the catalog, or named by milestones."
        )
    else:
        body = elements.table(
            [
                "System",
                "State",
                "Last event",
                ("Cadence", "number"),
                ("Seen, 7 days", "number"),
                "Layer",
                "Owner",
                "Services",
                "Reports",
            ],
            [system_cells(each, view) for each in rows],
        )
    silent = sum(each.liveness == Liveness.SILENT for each in rows)
    notes = [f"{len(rows)} systems"] + ([f"{silent} silent longer than their cadence"] if silent else [])
    return Drawn("Systems", [elements.heading("Systems", " · ".join(notes)), html.Section(body, className="card")])


def cadence_cell(row: SystemRow) -> Any:
    """The declared cadence beside the usual one, or the one that is proposed."""
    usual = row.learned.usual if row.learned else None
    if usual is None:
        return format_duration(row.cadence) if row.cadence else formats.MISSING
    told = format_duration(timedelta(seconds=max(1, round(usual.total_seconds()))))
    proposed = row.learned.proposed if row.learned else None
    if row.cadence:
        return elements.two_lines(format_duration(row.cadence), f"usually {told}")
    return elements.two_lines(
        formats.MISSING, f"usually {told}; {format_duration(proposed)} would suit" if proposed else ""
    )


def system_cells(row: SystemRow, view: View) -> tuple[Any, ...]:
    """One system."""
    state, word = LIVENESS[row.liveness]
    titles = {each.name: each.title for each in view.catalog.workflows}
    reports = [
        html.Div(
            [
                html.A(
                    titles.get(workflow, workflow),
                    href=f"/workflows/{quote(workflow, safe='')}?system={quote(row.id, safe='')}",
                ),
                html.Span(f" {', '.join(names)}", className="faint"),
            ]
        )
        for workflow, names in row.coverage.items()
    ]
    return (
        elements.two_lines(row.title, row.id if row.is_declared else f"{row.id} · not in the catalog"),
        html.Span([html.Span(className="icon"), word], className=f"pill is-{state}"),
        elements.when(row.seen_at, view),
        cadence_cell(row),
        formats.share(row.learned.share_seen)
        if row.learned and row.learned.share_seen is not None
        else formats.MISSING,
        row.layer or formats.MISSING,
        row.owner or formats.MISSING,
        html.Span(", ".join(row.services) or formats.MISSING, className="mono"),
        reports or formats.MISSING,
    )
