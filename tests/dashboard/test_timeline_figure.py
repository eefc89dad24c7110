"""The timeline figure shows what the rows say."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard.figures import VERDICTS, TimelineRows, timeline_figure
from dashboard.figures.timeline import MAX_DEADLINES, MAX_SPANS, extent, label_sides, lanes_of, shown_clocks
from tests.dashboard.rows import NOW, clock, event, span

EVENTS = [
    event("shipped", 2, "wms"),
    event("placed", 5),
    event("shipped", 1, "wms"),
    event("paid", 0.5, "bank", "failed"),
]


def test_systems_are_lanes_in_the_order_of_their_first_event() -> None:
    rows = TimelineRows(EVENTS, [span("storefront", 5), span("mailer", 4)], [], True, system_of={"storefront": "shop"})
    assert lanes_of(rows) == ["shop", "wms", "bank", "mailer"]
    axis = timeline_figure(rows, NOW, UTC).layout.yaxis
    assert [each.strip() for each in axis.ticktext] == ["shop", "wms", "bank", "mailer"]
    assert list(axis.tickvals) == [3, 2, 1, 0], "the first on top"


def test_every_event_is_a_mark_at_its_local_time() -> None:
    figure = timeline_figure(TimelineRows(EVENTS, [], [], True), NOW, ZoneInfo("Europe/Berlin"))
    marks = {trace.name: trace for trace in figure.data}
    times = [f"{at:%H:%M}" for at in marks["wms"].x]
    assert times == ["11:00", "12:00"], "10:00 and 11:00 in UTC"
    assert list(marks["wms"].marker.symbol) == ["circle", "circle-open"], "a repeated milestone is hollow"
    assert list(marks["wms"].text) == ["shipped", ""], "and not labelled again"
    assert marks["bank"].marker.symbol == ("x",), "a failed outcome is a cross"
    assert figure.layout.xaxis.title.text == "Times in CET"


def test_deadlines_are_lines_in_the_colour_of_their_verdict_with_sign_and_word() -> None:
    figure = timeline_figure(
        TimelineRows(EVENTS, [], [clock("breached", -1), clock("pending", 6), clock("pending", None)], True), NOW, UTC
    )
    dashed = [each for each in figure.layout.shapes if each.line.dash == "dash"]
    assert [each.line.color for each in dashed] == [VERDICTS["breached"].colour, VERDICTS["pending"].colour]
    texts = [each.text for each in figure.layout.annotations]
    assert any("✕" in text and "Breached · ship_in_time" in text for text in texts)
    assert any("○" in text and "Pending · ship_in_time" in text for text in texts)


def test_the_present_is_drawn_only_while_the_instance_is_open() -> None:
    def has_now(is_open: bool) -> bool:
        figure = timeline_figure(TimelineRows(EVENTS, [], [], is_open), NOW, UTC)
        return any(each.text == "now" for each in figure.layout.annotations)

    assert has_now(True)
    assert not has_now(False)


def test_the_window_holds_events_spans_deadlines_and_now_with_some_air() -> None:
    rows = TimelineRows(EVENTS, [span("shop", 7)], [clock("pending", 6)], True)
    first, last = extent(rows, NOW)
    assert first < NOW - timedelta(hours=7)
    assert last > NOW + timedelta(hours=6)


def test_far_deadlines_do_not_squeeze_the_events_of_a_finished_instance() -> None:
    rows = TimelineRows(EVENTS, [], [clock("met", 3), clock("met", 700)], False)
    _, last = extent(rows, NOW)
    assert NOW + timedelta(hours=3) < last < NOW + timedelta(hours=4), (
        "events span 4.5 hours: so near is shown in place"
    )
    figure = timeline_figure(rows, NOW, UTC)
    assert len([each for each in figure.layout.shapes if each.line.dash == "dash"]) == 1
    [far] = [each for each in figure.layout.annotations if each.text.endswith("→")]
    assert far.x == last.replace(tzinfo=None), "the far one is named at the edge"
    assert extent(TimelineRows(EVENTS, [], [clock("pending", 20)], True), NOW)[1] > NOW + timedelta(hours=20)


def test_an_instance_without_events_still_has_a_figure() -> None:
    assert timeline_figure(TimelineRows([], [], [], True), NOW, UTC).layout.height > 0


def test_no_more_is_drawn_than_a_screen_can_show() -> None:
    spans = [span(f"s{number % 3}", 5 - number / 1000, "Error" if number % 7 == 0 else "Ok") for number in range(1000)]
    clocks = [clock("pending", number) for number in range(1, 50)]
    figure = timeline_figure(TimelineRows(EVENTS, spans, clocks, True), NOW, UTC)
    drawn = sum(len(trace.x) for trace in figure.data if trace.name in ("spans", "failed spans"))
    assert drawn == MAX_SPANS
    assert len(shown_clocks(clocks)) == MAX_DEADLINES
    assert shown_clocks([*clocks, clock("breached", -9)])[0].verdict == "breached", (
        "the worst is never the one left out"
    )


@pytest.mark.parametrize(("ago", "name"), [(timedelta(days=150), "CEST"), (timedelta(hours=1), "CET")])
def test_the_axis_names_the_zone_as_it_is_called_in_the_window_shown(ago: timedelta, name: str) -> None:
    events = [replace(event("placed", 1), occurred_at=NOW - ago)]
    figure = timeline_figure(TimelineRows(events, [], [], False), NOW, ZoneInfo("Europe/Berlin"))
    assert figure.layout.xaxis.title.text == f"Times in {name}"


@pytest.mark.parametrize(
    ("change", "before"),
    [
        pytest.param(datetime(2026, 10, 25, 1, tzinfo=UTC), "CEST", id="back"),
        pytest.param(datetime(2026, 3, 29, 1, tzinfo=UTC), "CET", id="forth"),
    ],
)
def test_where_clocks_change_marks_keep_their_order_and_their_distances(change: datetime, before: str) -> None:
    at = [change + timedelta(minutes=minutes) for minutes in (-40, -10, 20)]
    events = [replace(event(str(number), 1), occurred_at=each) for number, each in enumerate(at)]
    due = replace(clock("pending", 1), deadline_at=at[2])
    worked = replace(span("shop", 1), started_at=at[0], ended_at=at[2])
    zone = ZoneInfo("Europe/Berlin")
    figure = timeline_figure(TimelineRows(events, [worked], [due], False), NOW, zone)
    [marks] = [trace for trace in figure.data if trace.mode == "markers+text"]
    [line] = [trace for trace in figure.data if trace.mode == "lines"]
    [deadline] = figure.layout.shapes
    half = timedelta(minutes=30)
    assert [later - earlier for earlier, later in itertools.pairwise(marks.x)] == [half, half]
    assert (line.x[0], line.x[1], deadline.x0) == (marks.x[0], marks.x[2], marks.x[2])
    assert marks.x[2] == at[2].astimezone(zone).replace(tzinfo=None), "the clock of the end"
    assert figure.layout.xaxis.title.text == f"Times in {at[2].astimezone(zone):%Z}"
    assert marks.customdata[0][1].split(" · ")[0].endswith(before), "what is said of an event goes by its own clock"


def test_what_is_said_of_a_deadline_is_what_the_list_of_promises_says() -> None:
    clocks = [clock("breached", -3), clock("cancelled", -2), clock("excused", -1)]
    figure = timeline_figure(TimelineRows(EVENTS, [], clocks, False), NOW, UTC)
    said = [each.hovertext.rpartition("<br>")[2] for each in figure.layout.annotations]
    assert said == ["overdue by 3 h", "Cancelled", "Excused"]


def test_labels_that_would_meet_go_to_the_other_side_and_then_stay_away() -> None:
    places = [(0.1, "order placed"), (0.11, "order checked"), (0.12, "order released"), (0.9, "paid"), (0.9, "")]
    assert label_sides(places) == ["top", "bottom", None, "top", None]
