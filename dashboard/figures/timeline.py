"""The figure of the timeline page: events by system over time, spans under them, SLA deadlines as lines across.

A pure function of rows; colours that follow the theme (text, grid) are left to `style.css`. Draws no more than a screen
can show: spans and deadlines are capped, the rest is in the tables below the figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo

import plotly.graph_objects as go

from correlator import SpanRow, TimelineEvent
from dashboard.figures.palette import ACCENT, NEUTRAL, VERDICTS
from dashboard.figures.plain import plain
from dashboard.formats import exact, local, span_text, standing
from sla_engine import ClockRow

MAX_SPANS = 400
MAX_DEADLINES = 12
LANE_HEIGHT = 64
WIDTH = 1100
"""Pixels the plot is assumed to have when labels are placed; wider screens only leave more room."""
CHARACTER = 6.4
OPEN_REACH = timedelta(days=1)
"""How far from its events the deadlines of an open instance always have a place of their own in the window."""
SIGNS = {
    "met": "✓",
    "breached": "✕",
    "at_risk": "▲",
    "unknown": "◆",
    "pending": "○",
    "excused": "▢",
    "cancelled": "⊘",
}


@dataclass(frozen=True, slots=True)
class TimelineRows:
    """What the figure is made of. `titles` names milestones and SLAs, `system_of` gives a span's service its lane."""

    events: Sequence[TimelineEvent]
    spans: Sequence[SpanRow]
    clocks: Sequence[ClockRow]
    is_open: bool
    titles: Mapping[str, str] = field(default_factory=dict)
    system_of: Mapping[str, str] = field(default_factory=dict)


def timeline_figure(rows: TimelineRows, now: datetime, zone: tzinfo) -> go.Figure:
    """The figure, times in the reader's zone.

    Where clocks change in the window shown, the whole axis goes by the clock of its end: by two clocks an hour would be
    missing or there twice, and what came later stand before what came first.
    """
    lanes = lanes_of(rows)
    first, last = extent(rows, now)
    axis = timezone(last.astimezone(zone).utcoffset() or timedelta(0))
    place = {lane: len(lanes) - 1 - index for index, lane in enumerate(lanes)}
    figure = go.Figure()
    _add_spans(figure, rows, place, zone, axis)
    _add_events(figure, rows, place, zone, axis, (first, last))
    levels = _add_deadlines(figure, rows, now, zone, axis, (first, last))
    if rows.is_open:
        _add_now(figure, now, axis)
    top = 14 + 18 * levels
    figure.update_layout(
        height=LANE_HEIGHT * max(len(lanes), 1) + top + 46,
        margin={"l": 10, "r": 16, "t": top, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        hovermode="closest",
        uirevision="kept",
        font={"size": 12},
    )
    figure.update_xaxes(
        range=[_local(first, axis), _local(last, axis)],
        showgrid=True,
        zeroline=False,
        title={"text": f"Times in {plain(str(last.astimezone(zone).tzname()))}", "font": {"size": 11}, "standoff": 6},
    )
    figure.update_yaxes(
        tickvals=list(place.values()),
        ticktext=[f"{plain(lane)}  " for lane in place],
        range=[-0.5, len(lanes) - 0.5] if lanes else [-0.5, 0.5],
        showgrid=True,
        zeroline=False,
        fixedrange=True,
        automargin=True,
    )
    return figure


def lanes_of(rows: TimelineRows) -> list[str]:
    """Systems from top to bottom, in order of their first event; then services that only have spans."""
    events = sorted(rows.events, key=lambda each: each.occurred_at)
    spans = sorted(rows.spans[:MAX_SPANS], key=lambda each: each.started_at)
    found = [each.system or "unknown system" for each in events]
    return list(dict.fromkeys([*found, *(_lane(rows, each) for each in spans)]))


def extent(rows: TimelineRows, now: datetime) -> tuple[datetime, datetime]:
    """The first and last instant shown, with some air: events, spans, near deadlines, and now while it is open.

    A deadline further away than the events are from each other (for an open instance: than a day) would squeeze them
    into a corner; it does not stretch the window, and is named at the edge.
    """
    instants = [each.occurred_at for each in rows.events]
    instants += [each.started_at for each in rows.spans[:MAX_SPANS]]
    deadlines = [each.deadline_at for each in shown_clocks(rows.clocks) if each.deadline_at]
    if rows.is_open or not instants:
        instants.append(now)
    first, last = min(instants), max(instants)
    reach = max(last - first, OPEN_REACH if rows.is_open else timedelta(0))
    instants += [each for each in deadlines if first - reach <= each <= last + reach]
    first, last = min(instants), max(instants)
    air = max((last - first) * 0.06, timedelta(seconds=1))
    return first - air, last + air


def shown_clocks(clocks: Sequence[ClockRow]) -> list[ClockRow]:
    """The clocks that get a line: with a deadline, the worst first, then the earliest deadline."""
    order = list(VERDICTS)
    due = [each for each in clocks if each.deadline_at]
    due.sort(key=lambda each: (order.index(each.verdict), each.deadline_at))
    return due[:MAX_DEADLINES]


def label_sides(
    places: Sequence[tuple[float, str]], width: float = WIDTH, character: float = CHARACTER
) -> list[str | None]:
    """Where each label of a lane goes: `top`, `bottom`, or None where both are taken.

    `places` are (share of the width, text) from left to right; an empty text needs no place.
    """
    taken = {"top": -1e9, "bottom": -1e9}
    sides: list[str | None] = []
    for at, text in places:
        if not text:
            sides.append(None)
            continue
        centre, half = at * width, len(text) * character / 2 + 4
        side = next((each for each in ("top", "bottom") if centre - half >= taken[each]), None)
        if side is not None:
            taken[side] = centre + half
        sides.append(side)
    return sides


def _add_events(
    figure: go.Figure,
    rows: TimelineRows,
    place: Mapping[str, int],
    zone: tzinfo,
    axis: tzinfo,
    window: tuple[datetime, datetime],
) -> None:
    first, last = window
    seen: set[str] = set()
    for lane in place:
        events = [each for each in rows.events if (each.system or "unknown system") == lane]
        events.sort(key=lambda each: each.occurred_at)
        if not events:
            continue
        is_first = first_of_their_milestone(events, seen)
        texts = [rows.titles.get(e.milestone, e.milestone) if f else "" for e, f in zip(events, is_first, strict=True)]
        sides = label_sides([((e.occurred_at - first) / (last - first), t) for e, t in zip(events, texts, strict=True)])
        figure.add_trace(
            go.Scatter(
                name=plain(lane),
                x=[_local(each.occurred_at, axis) for each in events],
                y=[place[lane]] * len(events),
                mode="markers+text",
                text=[plain(text) if side else "" for text, side in zip(texts, sides, strict=True)],
                textposition=[f"{side or 'top'} center" for side in sides],
                textfont={"size": 12},
                cliponaxis=False,
                marker={
                    "size": 12,
                    "symbol": [_symbol(e, f) for e, f in zip(events, is_first, strict=True)],
                    "color": [_colour(each) for each in events],
                    "line": {"width": 2, "color": [_colour(each) for each in events]},
                },
                customdata=[_hover(each, zone) for each in events],
                hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
            )
        )


def first_of_their_milestone(events: Sequence[TimelineEvent], seen: set[str]) -> list[bool]:
    """For each event whether its milestone is new; adds it to `seen`. Repeats are drawn hollow and without a label."""
    found = []
    for each in events:
        found.append(each.milestone not in seen)
        seen.add(each.milestone)
    return found


def _symbol(event: TimelineEvent, is_first: bool) -> str:
    if event.outcome in ("failed", "cancelled"):
        return "x"
    return "circle" if is_first else "circle-open"


def _colour(event: TimelineEvent) -> str:
    return {"failed": VERDICTS["breached"].colour, "cancelled": NEUTRAL}.get(event.outcome or "", ACCENT)


def _hover(event: TimelineEvent, zone: tzinfo) -> tuple[str, str, str]:
    keys = ", ".join(f"{kind} {' '.join(values)}" for kind, values in event.keys.items() if kind != "trace")
    at_system = f"{exact(event.occurred_at, zone)} · {event.system}"
    return plain(event.milestone), plain(at_system), plain(keys or event.source)


def _add_spans(figure: go.Figure, rows: TimelineRows, place: Mapping[str, int], zone: tzinfo, axis: tzinfo) -> None:
    spans = list(rows.spans[:MAX_SPANS])
    for is_error, colour in ((False, NEUTRAL), (True, VERDICTS["breached"].colour)):
        chosen = [each for each in spans if (each.status.lower() == "error") is is_error]
        if not chosen:
            continue
        lines_x: list[datetime | None] = []
        lines_y: list[float | None] = []
        for each in chosen:
            lines_x += [_local(each.started_at, axis), _local(max(each.ended_at, each.started_at), axis), None]
            lines_y += [_below(place[_lane(rows, each)])] * 2 + [None]
        figure.add_trace(
            go.Scatter(
                x=lines_x, y=lines_y, mode="lines", line={"width": 7, "color": colour}, opacity=0.55, hoverinfo="skip"
            )
        )
        figure.add_trace(
            go.Scatter(
                name="failed spans" if is_error else "spans",
                x=[_local(each.started_at, axis) for each in chosen],
                y=[_below(place[_lane(rows, each)]) for each in chosen],
                mode="markers",
                marker={"symbol": "line-ns-open", "size": 7, "color": colour, "line": {"width": 1.5}},
                opacity=0.8,
                customdata=[
                    (
                        plain(each.name),
                        f"{plain(exact(each.started_at, zone))} · {_length(each)}",
                        plain(f"{each.service} · {each.kind}"),
                    )
                    for each in chosen
                ],
                hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]}<extra>span</extra>",
            )
        )


def _length(span: SpanRow) -> str:
    return span_text(timedelta(microseconds=abs(span.duration_us)))


def _below(lane: int) -> float:
    return lane - 0.3


def _lane(rows: TimelineRows, span: SpanRow) -> str:
    return rows.system_of.get(span.service) or span.service or "unknown system"


def _add_deadlines(
    figure: go.Figure,
    rows: TimelineRows,
    now: datetime,
    zone: tzinfo,
    axis: tzinfo,
    window: tuple[datetime, datetime],
) -> int:
    """Draw a line and a label per deadline; labels step up where they would meet. Gives the number of steps.

    A deadline outside the window has no line: its label stands at the edge and says when.
    """
    first, last = window
    clocks = sorted(shown_clocks(rows.clocks), key=lambda each: each.deadline_at or last)
    ends: list[float] = []
    for each in clocks:
        assert each.deadline_at is not None  # noqa: S101 -- shown_clocks gives no other
        mark = VERDICTS[each.verdict]
        title = rows.titles.get(each.sla, each.sla)
        label = f" {mark.word} · {_short(title)}{f' {each.per}' if each.per else ''}"
        drawn_at = min(max(each.deadline_at, first), last)
        if drawn_at != each.deadline_at:
            label += f" · {local(each.deadline_at, zone, now)} {'→' if drawn_at == last else '←'}"
        text = f'<span style="color:{mark.colour}">{SIGNS[each.verdict]}</span>{plain(label)}'
        at = (drawn_at - first) / (last - first)
        is_right = at > 0.6
        centre, length = at * WIDTH, (len(label) + 1) * CHARACTER + 12
        start = centre - length if is_right else centre
        level = next((index for index, end in enumerate(ends) if start >= end), len(ends))
        ends[level : level + 1] = [start + length]
        x = _local(drawn_at, axis)
        if drawn_at == each.deadline_at:
            line = {"color": mark.colour, "width": 1.5, "dash": "dash"}
            figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, yref="paper", line=line)
        figure.add_annotation(
            x=x,
            y=1,
            yref="paper",
            yshift=9 + 18 * level,
            text=text,
            showarrow=False,
            xanchor="right" if is_right else "left",
            font={"size": 11.5},
            hovertext="<br>".join(
                plain(line)
                for line in (
                    title,
                    exact(each.deadline_at, zone),
                    standing(each.verdict, each.deadline_at, each.satisfied_at, now),
                )
            ),
        )
    return len(ends)


def _short(title: str, longest: int = 34) -> str:
    return title if len(title) <= longest else title[: longest - 1].rstrip() + "…"


def _add_now(figure: go.Figure, now: datetime, axis: tzinfo) -> None:
    x = _local(now, axis)
    figure.add_shape(
        type="line", x0=x, x1=x, y0=0, y1=1, yref="paper", line={"color": NEUTRAL, "width": 1, "dash": "dot"}
    )
    figure.add_annotation(
        x=x, y=0, yref="paper", yshift=8, text="now", showarrow=False, xanchor="right", xshift=-4, font={"size": 11}
    )


def _local(at: datetime, axis: tzinfo) -> datetime:
    """Plotly's axes know no zones: the wall time of the axis, naive."""
    return at.astimezone(axis).replace(tzinfo=None)
