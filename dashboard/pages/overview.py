"""`/`: what is broken, what is about to be, how much is under way; then workflows, promises, latest breaches."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from dash import html

from dashboard import formats
from dashboard.figures import STATUSES, VERDICTS
from dashboard.pages import elements
from dashboard.pages.view import Drawn, View
from dashboard.queries import Overview, SlaRow, WorkflowOverview
from model import Outcome, Verdict


def draw(view: View) -> Drawn:
    """The overview."""
    overview = view.queries.overview(view.tenant, view.now)
    if not overview.workflows:
        return Drawn("Overview", [elements.heading("Overview"), no_catalog()])
    return Drawn(
        "Overview",
        [
            elements.heading("Overview", f"{formats.local(view.now, view.zone, view.now)}"),
            numbers(overview, view),
            html.Div(
                [
                    html.Div(
                        [*(workflow_card(each) for each in overview.workflows), slas_card(overview.slas)],
                        className="live",
                    ),
                    html.Div([breaches_card(overview, view)], className="live"),
                ],
                className="columns",
            ),
        ],
    )


def no_catalog() -> html.Section:
    """Before the first catalog."""
    return html.Section(
        elements.empty(
            "No workflow is defined yet",
            "Throughline follows what a catalog describes: workflows, their milestones and promises.",
            html.Code("throughline catalog apply DIR"),
        ),
        className="card",
    )


def numbers(overview: Overview, view: View) -> html.Div:
    """The most important number first. Each leads to a list of just so many, or says how many of them are in it."""
    broken = overview.broken
    newest = max((each.deadline_at or each.valid_from for each in overview.breaches), default=None)
    age = f"newest {formats.relative(newest, view.now)}" if newest else "none was ever broken"
    worst = max(overview.workflows, key=lambda each: each.broken)
    busiest = max(overview.workflows, key=lambda each: each.open)
    in_worst = [f"{formats.count(worst.broken)} in {worst.workflow.title}"] if worst.broken < broken else []
    in_busiest = [f"{formats.count(busiest.open)} in {busiest.workflow.title}"] if busiest.open < overview.open else []
    return html.Div(
        [
            elements.number(
                "Open with a broken promise",
                formats.count(broken),
                " · ".join([*in_worst, f"{formats.count(overview.clocks(Verdict.BREACHED))} broken in all", age]),
                f"{workflow_href(worst)}?status={Outcome.IN_PROGRESS}&verdict={Verdict.BREACHED}",
                "breached",
                f"lead {'bad' if broken else 'good'}",
            ),
            clocks_number(overview, "At risk", Verdict.AT_RISK, "promises close to their deadline"),
            clocks_number(overview, "Unknown", Verdict.UNKNOWN, "a system has gone silent"),
            elements.number(
                "Open instances",
                formats.count(overview.open),
                " · ".join([*in_busiest, f"{formats.counted(overview.clocks(Verdict.PENDING), 'promise')} pending"]),
                f"{workflow_href(busiest)}?status={Outcome.IN_PROGRESS}",
                "in_progress",
            ),
            elements.number(
                "Alerts firing",
                elements.tally_text(overview.firing),
                "nobody has taken them yet",
                "/alerts?state=firing",
            ),
        ],
        className="numbers",
    )


def workflow_href(row: WorkflowOverview) -> str:
    """The address of a workflow's list."""
    return f"/workflows/{quote(row.workflow.name, safe='')}"


def clocks_number(overview: Overview, label: str, verdict: Verdict, note: str) -> html.A:
    """How many clocks have a verdict now. They are counted by promise, so it leads to all promises; where all are of
    one promise, to what is behind it.
    """
    behind = [each for each in overview.slas if each.summary.verdicts.get(verdict, 0)]
    notes = [note]
    href = "/slas"
    if len(behind) == 1:
        [row] = behind
        href = verdict_addresses(row)[verdict]
        instances = row.summary.instances.get(verdict, 0)
        if row.sla.feed is None and instances < row.summary.verdicts[verdict]:
            notes.append(formats.counted(instances, "instance"))
    elif behind:
        notes.append(f"of {formats.count(len(behind))} SLAs")
    return elements.number(label, formats.count(overview.clocks(verdict)), " · ".join(notes), href, verdict)


def workflow_card(row: WorkflowOverview) -> html.Section:
    """One workflow: by status on the left, where the open ones stand on the right."""
    workflow = row.workflow
    base = workflow_href(row)
    total = sum(row.statuses.values())
    left = [
        elements.stack(row.statuses, list(STATUSES)),
        elements.legend(row.statuses, list(STATUSES), {state: f"{base}?status={state}" for state in STATUSES}),
    ]
    if row.broken:
        text = f"{formats.count(row.broken)} open with a broken promise"
        left.append(
            html.A(
                [html.Span(className="icon"), text],
                href=f"{base}?status=in_progress&verdict=breached",
                className="pill is-breached",
                style={"alignSelf": "flex-start"},
            )
        )
    owner = [workflow.owner] if workflow.owner else []
    if workflow.criticality != "normal":
        owner.append(workflow.criticality)
    return elements.card(
        html.A(workflow.title, href=base),
        html.Div([html.Div(left, className="side"), milestone_bars(row, base)], className="workflow")
        if total
        else elements.empty("Nothing has arrived yet", "The first matching event opens an instance.", small=True),
        more=" · ".join([*owner, formats.counted(total, "instance")]),
        padded=True,
    )


def milestone_bars(row: WorkflowOverview, base: str) -> Any:
    """Open instances by current milestone, in the order of the process, without those that end an instance."""
    shown = [each for each in row.workflow.milestones if each.ends is None]
    longest = max((row.milestones.get(each.id, 0) for each in shown), default=0)
    if not longest:
        return html.Span("Nothing is under way.", className="faint")
    cells: list[Any] = []
    for each in shown:
        number = row.milestones.get(each.id, 0)
        cells.append(
            html.A(
                [
                    html.Span(each.title),
                    html.Span(html.I(style={"width": f"{100 * number / longest:.1f}%"}), className="track"),
                    html.Span(formats.count(number) if number else formats.MISSING, className="number"),
                ],
                href=f"{base}?status={Outcome.IN_PROGRESS}&milestone={quote(each.id, safe='')}",
            )
        )
    return html.Div(cells, className="bars")


def breaches_card(overview: Overview, view: View) -> html.Section:
    """The latest breaches, each a click from its timeline."""
    titles = {each.sla.id: each.sla.title for each in overview.slas}
    if not overview.breaches:
        body: Any = elements.empty("No promise is broken", "Breaches appear here as they happen.", small=True)
    else:
        body = elements.table(
            [("Instance", "clip"), ("Deadline", "number")],
            [
                (
                    elements.two_lines(
                        elements.key_link(
                            each.key, elements.subject_href(view.catalog, each.sla, each.workflow, each.key)
                        ),
                        titles.get(each.sla, each.sla),
                        each.reason,
                    ),
                    elements.two_lines(
                        formats.deadline_text(each.deadline_at, each.satisfied_at, view.now),
                        formats.local(each.deadline_at, view.zone, view.now),
                        formats.exact(each.deadline_at, view.zone),
                        "breached",
                    )
                    if each.deadline_at
                    else formats.MISSING,
                )
                for each in overview.breaches
            ],
        )
    return elements.card("Latest breaches", body, more=html.A("All alerts", href="/alerts"))


def slas_card(rows: tuple[SlaRow, ...]) -> html.Section:
    """Every promise with its verdicts and its objective."""
    if not rows:
        return elements.card("Promises", elements.empty("The catalog declares no SLA", small=True))
    return elements.card("Promises", sla_table(rows, is_wide=False), more=html.A("All SLAs", href="/slas"))


def sla_table(rows: tuple[SlaRow, ...], is_wide: bool = True) -> html.Div:
    """A table of SLAs: verdicts as a bar and in words, attainment against its target, budget left."""
    return elements.table(
        [
            "Promise",
            "Verdicts",
            ("Attainment", "number"),
            *([("Target", "number")] if is_wide else []),
            ("Budget left", "number"),
        ],
        [
            (
                elements.two_lines(html.A(each.sla.title, href=elements.sla_href(each.sla.id)), each.sla.id),
                html.Div(
                    [
                        elements.stack(each.summary.verdicts, list(VERDICTS)),
                        elements.legend(each.summary.verdicts, list(VERDICTS), verdict_addresses(each)),
                    ],
                    className="verdicts",
                ),
                attainment_text(each),
                *(
                    [formats.target(each.sla.objective.target) if each.sla.objective else formats.MISSING]
                    if is_wide
                    else []
                ),
                budget_text(each),
            )
            for each in rows
        ],
    )


def verdict_addresses(row: SlaRow) -> dict[str, str]:
    """What is behind each verdict of an SLA: instances; of a promise about a feed, which has none, its ledger."""
    base = (
        f"/workflows/{quote(row.sla.workflow, safe='')}?sla={quote(row.sla.id, safe='')}&"
        if row.sla.feed is None
        else f"{elements.sla_href(row.sla.id)}?"
    )
    return {verdict: f"{base}verdict={verdict}" for verdict in VERDICTS}


def attainment_text(row: SlaRow) -> Any:
    """Attainment, marked where it misses its target."""
    value, objective = row.summary.attainment, row.sla.objective
    text = formats.attained(value, objective.target if objective else None)
    if value is None or objective is None:
        return text
    return html.Span(text, className=f"tone is-{'met' if value >= objective.target else 'breached'}")


def budget_text(row: SlaRow) -> Any:
    """The error budget left; overspent is said so."""
    budget = row.summary.budget
    if budget is None:
        return formats.MISSING
    if budget < 0:
        return html.Span("overspent", className="tone is-breached", title=formats.share(budget, 0))
    return formats.share(budget, 0)
