"""The small parts all pages are made of: pills, times, keys, numbers, bars, empty states. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from dash import html

from dashboard import formats
from dashboard.figures import STATUSES, VERDICTS
from dashboard.pages.view import View
from dashboard.queries import Tally
from model import Catalog, Workflow


def instance_href(workflow: str, key: str) -> str:
    """The address of a timeline page. Browsers take `.` and `..` for folders: such a key goes into the query."""
    base = f"/workflows/{quote(workflow, safe='')}/instances"
    return f"{base}/-?key={key}" if key in (".", "..") else f"{base}/{quote(key, safe='')}"


def sla_href(sla: str) -> str:
    """The address of an SLA's page."""
    return f"/slas/{quote(sla, safe='')}"


def subject_href(catalog: Catalog, sla: str, workflow: str, key: str) -> str:
    """Where to look at what a promise is about: its instance; the SLA itself, where it is about a feed."""
    is_feed = any(each.id == sla and each.feed is not None for each in catalog.slas)
    return sla_href(sla) if is_feed else instance_href(workflow, key)


def pill(state: str) -> html.Span:
    """A verdict or a status: colour, icon and word."""
    return html.Span([html.Span(className="icon"), word_of(state)], className=f"pill is-{state}")


def word_of(state: str) -> str:
    """The word for a verdict or a status."""
    mark = VERDICTS.get(state) or STATUSES.get(state)
    return mark.word if mark else formats.words(state)


def when(at: datetime | None, view: View) -> html.Span:
    """An instant, relative and absolute, exact on hover."""
    if at is None:
        return html.Span(formats.MISSING, className="faint")
    return html.Span(
        [
            formats.relative(at, view.now),
            html.Span(f" · {formats.local(at, view.zone, view.now)}", className="faint"),
        ],
        title=formats.exact(at, view.zone),
        className="nowrap",
    )


def two_lines(first: Any, second: Any, title: str = "", tone: str = "") -> html.Span:
    """A line and a fainter one under it."""
    return html.Span(
        [
            html.Span(first, className=f"tone is-{tone}" if tone else ""),
            html.Span(second, className="second"),
        ],
        className="two-lines",
        title=title,
    )


def key_link(key: str, href: str) -> html.A:
    """A key that leads to what it names."""
    return html.A(key, href=href, className="key")


def copy_button(text: str) -> html.Button:
    """Copies `text`; works without the server."""
    return html.Button(
        html.Span(className="icon"), className="copy", title="Copy", **{"data-copy": text, "aria-label": f"Copy {text}"}
    )


def tally_text(tally: Tally) -> str:
    """`12`, or `1,000+` where counting stopped."""
    return formats.count(tally.number) + ("+" if tally.is_more else "")


def number(label: str, value: str, note: Any, href: str, state: str = "", extra: str = "") -> html.A:
    """One of the numbers at the top of a page, leading to the list behind it."""
    name = [html.Span(className="icon"), label] if state else [label]
    return html.A(
        [
            html.Span(name, className=f"label is-{state}" if state else "label"),
            html.Span(value, className="value"),
            html.Span(note, className="note"),
        ],
        href=href,
        className=f"card figure-number {extra}".strip(),
    )


def stack(counts: Mapping[str, int], order: Sequence[str]) -> html.Div:
    """A stacked bar of counts by state, with its words on hover; empty counts give an empty track."""
    shown = [(state, counts.get(state, 0)) for state in order if counts.get(state, 0)]
    title = ", ".join(f"{word_of(state)} {formats.count(number)}" for state, number in shown)
    parts = [html.I(className=f"is-{state}", style={"flex": f"{number} 1 0"}) for state, number in shown]
    return html.Div(
        parts, className="stack", title=title or "none yet", role="img", **{"aria-label": title or "none yet"}
    )


def legend(counts: Mapping[str, int], order: Sequence[str], href: Mapping[str, str] | None = None) -> html.Div:
    """The same counts in words, each with its icon; those that are zero are left out."""
    items = []
    for state in order:
        if not counts.get(state, 0):
            continue
        inner = [html.Span(className="icon"), word_of(state), html.B(formats.count(counts[state]))]
        address = (href or {}).get(state)
        items.append(
            html.A(inner, href=address, className=f"is-{state}")
            if address
            else html.Span(inner, className=f"is-{state}")
        )
    return html.Div(items, className="legend")


def card(title: Any, body: Any, more: Any = None, padded: bool = False) -> html.Section:
    """A titled card."""
    head = [html.H2(title)] + ([html.Div(more, className="more")] if more is not None else [])
    return html.Section([html.Header(head), html.Div(body, className="body") if padded else body], className="card")


def empty(title: str, *text: Any, small: bool = False) -> html.Div:
    """Nothing here, and what that means or what to do."""
    return html.Div([html.B(title), *(html.Span(each) for each in text)], className=f"empty{' small' if small else ''}")


def failure(title: str, text: str) -> html.Div:
    """Something could not be shown."""
    return html.Div(html.Div([html.B(title), html.Span(text)], className="empty"), className="card error", role="alert")


def heading(title: Any, *notes: Any) -> html.Div:
    """A page's own name, and what goes with it."""
    return html.Div([html.H1(title), *(html.Span(each, className="muted") for each in notes)], className="heading")


def table(columns: Sequence[str | tuple[str, str]], rows: Sequence[Sequence[Any]]) -> html.Div:
    """A table; a column given as (name, class) passes its class to its cells."""
    names = [(each, "") if isinstance(each, str) else each for each in columns]
    head = html.Tr([html.Th(name, className=style) for name, style in names])
    body = [
        html.Tr([html.Td(cell, className=style) for cell, (_, style) in zip(row, names, strict=True)]) for row in rows
    ]
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="rows"), className="scroll")


def milestone_title(workflow: Workflow, milestone: str | None) -> str:
    """The title of a milestone; its id where the catalog no longer has it."""
    if not milestone:
        return formats.MISSING
    return next((each.title for each in workflow.milestones if each.id == milestone), milestone)
