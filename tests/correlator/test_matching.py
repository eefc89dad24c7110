"""Which records reach a milestone, where their keys, amounts and flags are found: records in, events out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from correlator import Correlator
from correlator.compiling import in_parts
from model import (
    Amount,
    Catalog,
    Comparison,
    Condition,
    KeyPattern,
    KeyType,
    ManualClock,
    Match,
    Milestone,
    Workflow,
    composite_key,
    is_blank,
    normalized,
)
from store import Store
from tests.correlator.plain_stitcher import listed
from tests.correlator.telemetry import RECEIVED, START, exact, send_rows

ORDER = KeyType("order", 0, (("order.id",),))
ALL = frozenset({"ok", "error", "unset"})


def _number(comparison: Comparison, operand: float | str | bool) -> Condition:
    return Condition(comparison, operand=operand)


def _attribute(name: str, condition: Condition) -> Match:
    return Match(event=exact("e"), attributes=((name, condition),))


MATCHES = {
    "span exact": Match(span=exact("POST /orders")),
    "span glob": Match(span=exact("POST /*")),
    "span one of": Match(span=exact("GET /a", "GET /b*")),
    "span error": Match(span=exact("POST /orders"), statuses=frozenset({"error"})),
    "span any status": Match(span=exact("POST /orders"), statuses=ALL),
    "span service": Match(span=exact("POST /orders"), service=exact("shop")),
    "event exact": Match(event=exact("e")),
    "event glob with sql in it": Match(event=exact("50%_\\*'")),
    "event in span": Match(event=exact("e"), span=exact("POST*"), statuses=ALL),
    "event in failed span": Match(event=exact("e"), span=exact("POST*"), statuses=frozenset({"error"})),
    "event pattern": Match(event=_number(Comparison.PATTERN, "^e[0-9]+$")),
    "is x": _attribute("a", exact("x")),
    "is x or y*": _attribute("a", exact("x", "y*")),
    "anything": _attribute("a", exact("*")),
    "exists": _attribute("a", _number(Comparison.EXISTS, True)),
    "missing": _attribute("a", _number(Comparison.EXISTS, False)),
    "at least 3": _attribute("a", _number(Comparison.GTE, 3.0)),
    "more than 3": _attribute("a", _number(Comparison.GT, 3.0)),
    "at most -3": _attribute("a", _number(Comparison.LTE, -3.0)),
    "less than 3": _attribute("a", _number(Comparison.LT, 3.0)),
    "pattern": _attribute("a", _number(Comparison.PATTERN, r"^\d+-x\b")),
    "from crm": Match(event=exact("e"), source=exact("//crm/*", "s9")),
    "named 'q'\\": _attribute("it's \\ {a:String}", exact("x")),
}
STEPS = tuple(Milestone(name, place, match, name) for place, (name, match) in enumerate(MATCHES.items()))
FLOW = Workflow("flow", "Flow", (ORDER,), "order", STEPS, hash="h1")
NUMBERS = {"at least 3", "more than 3", "at most -3", "less than 3"}


def _span(name: str, **more: Any) -> dict[str, Any]:
    row = {"Timestamp": START, "SpanName": name, "ServiceName": "s", "StatusCode": "Unset", "Duration": 1_000_000}
    return row | more


def _log(name: str, **attributes: str) -> dict[str, Any]:
    return {"Timestamp": START, "EventName": name, "ServiceName": "s", "LogAttributes": attributes}


EVENT = {"Events.Timestamp": [START], "Events.Name": ["e"], "Events.Attributes": [{"a": "x"}]}
MISSING = {"event exact", "missing"}
NONE = ("inf", "-inf", "NaN", "-", "1.2.3", " 4")
RECORDS: list[Any] = [
    pytest.param(_span("POST /orders"), {"span exact", "span glob", "span any status"}, id="a span by its name"),
    pytest.param(
        _span("POST /orders", StatusCode="Error"),
        {"span error", "span any status"},
        id="a span that failed does not reach a milestone that does not ask for it",
    ),
    pytest.param(
        _span("POST /orders", StatusCode="Ok", ServiceName="shop"),
        {"span exact", "span glob", "span any status", "span service"},
        id="a span by its service",
    ),
    pytest.param(_span("GET /bcd"), {"span one of"}, id="a list may hold globs"),
    pytest.param(_span("e"), set(), id="a span is not an event"),
    pytest.param(
        _span("POST /x", **EVENT),
        {"span glob", "event exact", "event in span", "is x", "is x or y*", "anything", "exists"},
        id="a span event is an event, by name and in spans of a name",
    ),
    pytest.param(
        _span("POST /x", **EVENT, StatusCode="Error"),
        {"event exact", "event in span", "event in failed span", "is x", "is x or y*", "anything", "exists"},
        id="what happened in a span that failed did happen",
    ),
    pytest.param(_log("POST /orders"), set(), id="a log record is not a span"),
    pytest.param(_log("e"), MISSING, id="an event without the attribute"),
    pytest.param(_log("", **{"event.name": "e"}), MISSING, id="a name in the attribute event.name"),
    pytest.param(_log("e17"), {"event pattern"}, id="a name by pattern"),
    pytest.param(_log("50%_\\ and more'"), {"event glob with sql in it"}, id="signs that mean something to SQL"),
    pytest.param(_log("50x_\\ and more'"), set(), id="a percent sign is only itself"),
    pytest.param(_log("e", a="x"), {"event exact", "is x", "is x or y*", "anything", "exists"}, id="an exact value"),
    pytest.param(_log("e", a="yes"), {"event exact", "is x or y*", "anything", "exists"}, id="a glob"),
    pytest.param(_log("e", a=""), {"event exact", "anything", "exists"}, id="an empty value is there"),
    pytest.param(_log("e", a="3"), {"event exact", "anything", "exists", "at least 3"}, id="a number at the bound"),
    pytest.param(
        _log("e", a="-3.5"), {"event exact", "anything", "exists", "at most -3", "less than 3"}, id="a negative number"
    ),
    *(
        pytest.param(_log("e", a=each), {"event exact", "anything", "exists"}, id=f"{each} is no number")
        for each in NONE
    ),
    pytest.param(_log("e", a="12-x"), {"event exact", "anything", "exists", "pattern"}, id="a pattern"),
    pytest.param(
        {**_log("e"), "ResourceAttributes": {"a": "x"}},
        {"event exact", "is x", "is x or y*", "anything", "exists"},
        id="an attribute of the resource",
    ),
    pytest.param(
        _log("e", **{"cloudevents.event_source": "//crm/eu"}), MISSING | {"from crm"}, id="the source of a CloudEvent"
    ),
    pytest.param(
        {**_log("e"), "ServiceName": "s9"}, MISSING | {"from crm"}, id="without a source the service is the source"
    ),
    pytest.param(
        _log("e", **{"it's \\ {a:String}": "x"}), MISSING | {"named 'q'\\"}, id="an attribute with a strange name"
    ),
]


def test_records_reach_the_milestones_that_ask_for_them(store: Store) -> None:
    for number, record in enumerate(RECORDS):
        row = dict(record.values[0])
        send_rows(
            store, "traces" if "SpanName" in row else "logs", [{**row, "TraceId": f"{number:032x}", "SpanId": "1"}]
        )
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((FLOW,)))
    rows = store.rows(
        "SELECT trace_id, groupUniqArray(toString(milestone)) AS reached FROM events FINAL GROUP BY trace_id"
    )
    reached = {int(row["trace_id"], 16): set(row["reached"]) for row in rows}
    wrong = {
        record.id: (found, record.values[1])
        for number, record in enumerate(RECORDS)
        if (found := reached.get(number, set())) != record.values[1]
    }
    assert not wrong


def test_what_an_event_carries(store: Store) -> None:
    keys = (ORDER, KeyType("trace", 1))
    steps = (
        Milestone("span", 0, Match(span=exact("s")), "Span", system="erp"),
        Milestone("event", 1, Match(event=exact("e")), "Event"),
    )
    flow = Workflow("flow", "Flow", keys, "order", steps, amount=Amount("total", "currency"), hash="h1")
    base = {"ServiceName": "svc", "TraceId": "a" * 32, "SpanId": "b" * 16, "Timestamp": START}
    spans = [
        {**base, "SpanName": "s", "Duration": 3_000_000, "SpanAttributes": {"order.id": "1", "total": "1e2"}},
        {**base, "SpanName": "s", "SpanId": "c" * 16, "Duration": (1 << 64) - 5_000_000, "ServiceName": ""},
        {
            **base,
            "SpanName": "other",
            "SpanAttributes": {"order.id": "2", "total": "7.10", "x": "span"},
            "ResourceAttributes": {"currency": "EUR", "host": "h"},
            "Events.Timestamp": [START, START],
            "Events.Name": ["e", "e"],
            "Events.Attributes": [{"order.id": "3"}, {"order.id": "3"}],
        },
    ]
    logs = [
        {**base, "TraceId": "0" * 32, "EventName": "e", "LogAttributes": {"throughline.flags": "missing_timestamp"}},
        {**base, "TraceId": "", "EventName": "e", "Timestamp": RECEIVED + timedelta(minutes=6)},
        {"EventName": "e", "Timestamp": START, "LogAttributes": {"order.id": "x" * 1001, "total": "much"}},
    ]
    send_rows(store, "traces", [spans[0]])
    send_rows(store, "traces", [spans[1]])
    send_rows(store, "traces", [spans[2]])
    for log in logs:
        send_rows(store, "logs", [log])
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((flow,)))
    rows = store.rows("SELECT * FROM events FINAL ORDER BY signal, received_at, event_id")
    seen = [
        (
            row["signal"],
            [each.split("\x1f")[1:] for each in row["typed_keys"]],
            (row["occurred_at"] - START) if row["occurred_at"] < RECEIVED else "later",
            row["amount"],
            row["currency"],
            row["system"],
            row["flags"],
        )
        for row in rows
    ]
    trace = ["trace", "a" * 32]
    none = timedelta(0)
    event = ("span_event", [["order", "3"], trace], none, "7.10", "EUR", "svc", [])
    assert seen == [
        ("log", [], none, "", "", "svc", ["missing_timestamp"]),
        ("log", [], "later", "", "", "svc", ["future_dated"]),
        ("log", [], none, "", "", "", ["missing_service", "oversized_key", "unreadable_amount"]),
        ("span", [["order", "1"], trace], timedelta(milliseconds=3), "100", "", "erp", []),
        ("span", [trace], timedelta(milliseconds=-5), "", "", "erp", ["end_before_start", "missing_service"]),
        event,
        event,
    ]
    [kept] = {json.dumps(row["attributes"], sort_keys=True) for row in rows if row["signal"] == "span_event"}
    assert json.loads(kept) == {"order.id": "3", "total": "7.10", "x": "span", "currency": "EUR"}


def test_spans_and_their_events_without_a_time_are_flagged(store: Store) -> None:
    """Logs without one have that of receipt, and it is the collector that knows."""
    steps = (
        Milestone("s", 0, Match(span=exact("s")), "S"),
        Milestone("e", 1, Match(event=exact("e")), "E"),
    )
    flow = Workflow("flow", "Flow", (KeyType("order", 0, (("order.id",),)),), "order", steps, hash="h1")
    none = datetime(1970, 1, 1, tzinfo=UTC)
    span = {"SpanName": "s", "ServiceName": "svc", "SpanAttributes": {"order.id": "1"}, "Events.Name": ["e", "e"]}
    span |= {"Events.Attributes": [{}, {}], "TraceId": "a" * 32}
    rows = [
        {**span, "SpanId": "1" * 16, "Timestamp": none, "Events.Timestamp": [none, START]},
        {**span, "SpanId": "2" * 16, "Timestamp": START, "Events.Timestamp": [START, none]},
    ]
    send_rows(store, "traces", rows)
    send_rows(store, "logs", [{**_log("e"), "Timestamp": none}])
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((flow,)))
    seen = store.rows("SELECT signal, occurred_at, flags FROM events FINAL")
    assert sorted((row["signal"], row["occurred_at"] == none, row["flags"]) for row in seen) == [
        ("log", True, []),
        ("span", False, []),
        ("span", True, ["missing_timestamp"]),
        *[("span_event", False, [])] * 2,
        *[("span_event", True, ["missing_timestamp"])] * 2,
    ]


def test_keys_are_found_inside_names_bodies_and_attributes(store: Store) -> None:
    patterns = tuple(
        KeyPattern(place, pattern, group, attribute)
        for place, pattern, group, attribute in [
            ("span", r"^POST /orders/(?P<order>\d+)", 1, None),
            ("event", r"^(shop|web)\.(?P<order>\w+)$", 2, None),
            ("body", r"order (?P<order>[A-Z0-9-]*)", 1, None),
            ("attribute", r"/o/(?P<order>[^/]+)", 1, "url.path"),
        ]
    )
    key = KeyType("order", 0, (("order.id",),), ("strip_leading_zeros",), patterns=patterns)
    steps = (
        Milestone("span", 0, Match(span=exact("*")), "Span"),
        Milestone("event", 1, Match(event=exact("*")), "Event"),
    )
    flow = Workflow("flow", "Flow", (key, KeyType("trace", 1)), "order", steps, hash="h1")
    send_rows(
        store,
        "traces",
        [
            _span("POST /orders/0042", SpanId="1"),
            _span("POST /orders/0042", SpanId="2", SpanAttributes={"order.id": "7"}),
            _span("POST /orders/none", SpanId="3", StatusMessage="order 9"),
            _span("GET", SpanId="4", SpanAttributes={"url.path": "/v1/o/5/items"}),
        ],
    )
    send_rows(
        store,
        "logs",
        [
            {**_log("web.A1"), "SpanId": "5"},
            {**_log("x"), "SpanId": "6", "Body": "paid order SO-1, order SO-2"},
            {**_log("x"), "SpanId": "7", "Body": "order , unknown"},
        ],
    )
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((flow,)))
    rows = store.rows("SELECT span_id, typed_keys FROM events FINAL ORDER BY span_id")
    assert {row["span_id"]: [each.split("\x1f")[2] for each in row["typed_keys"]] for row in rows} == {
        "1": ["42"],
        "2": ["7"],
        "3": [],
        "4": ["5"],
        "5": ["A1"],
        "6": ["SO-1"],
        "7": [],
    }


_STEPS = st.lists(st.sampled_from(["trim", "upper", "lower", "strip_leading_zeros"]), max_size=3, unique=True)
_TEXT = st.text(alphabet="aB0 9/\\\t\"'[],ä", max_size=6)
_SCALARS = st.one_of(_TEXT, st.integers(-5, 5), st.booleans(), st.none())
_VALUE = st.one_of(_TEXT, st.sampled_from(["000", "007", " 7 "]), st.lists(_SCALARS, max_size=3).map(json.dumps))


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cases=st.lists(st.tuples(_STEPS, _VALUE, _VALUE), min_size=25, max_size=25))
def test_keys_are_extracted_and_normalized_as_the_model_says(store: Store, cases: list[Any]) -> None:
    workflows = []
    for number, (steps, _, _) in enumerate(cases):
        key = KeyType("order", 0, (("a", "b"), ("a",), ("b",)), tuple(steps))
        step = Milestone(f"e{number}", 0, Match(event=exact(f"e{number}")), "E")
        workflows.append(Workflow(f"w{number}", "W", (key,), "order", (step,), hash="h"))
    store.execute("TRUNCATE TABLE otel_logs")
    columns = ["Timestamp", "EventName", "LogAttributes"]
    rows = [[START, f"e{number}", {"a": a, "b": b}] for number, (_, a, b) in enumerate(cases)]
    store.insert("otel_logs", columns, rows)
    found = []
    for extraction in in_parts(workflows):
        found += store.rows(f"WITH received AS (SELECT * FROM otel_logs) {extraction.logs}")
    got = {row["workflow"]: [each.split("\x1f", 2)[2] for each in row["typed_keys"]] for row in found}
    for number, (steps, a, b) in enumerate(cases):
        assert got[f"w{number}"] == _keys_of(a, b, tuple(steps)), (steps, a, b)


def _keys_of(a: str, b: str, steps: tuple[str, ...]) -> list[str]:
    first, second = listed(a), listed(b)
    both = []
    for position in range(max(len(first), len(second))):
        parts = [
            each[0] if len(each) == 1 else (each[position] if position < len(each) else "") for each in (first, second)
        ]
        if not any(is_blank(part) for part in parts):
            both.append(composite_key([normalized(part, steps) for part in parts]))
    alternatives = [both, *([normalized(v, steps) for v in each if not is_blank(v)] for each in (first, second))]
    return list(dict.fromkeys(next((each for each in alternatives if each), [])))


def test_a_key_is_too_long_wherever_it_is_found_and_only_where_it_is_a_key(store: Store) -> None:
    within = (
        KeyPattern("body", r"order (?P<order>[a-z]+)", 1, None),
        KeyPattern("attribute", "/o/(?P<order>[^/]+)", 1, "u"),
    )
    searched = KeyType("order", 0, (("order.id",), ("company", "number")), patterns=within)
    step = Milestone("e", 0, Match(event=exact("e")), "E")
    flow = Workflow("flow", "Flow", (searched,), "order", (step,), amount=Amount("total"), hash="h1")
    long = "x" * 1001
    cases: dict[str, tuple[dict[str, str], list[str]]] = {
        "in a body": ({"Body": f"order {long}"}, ["oversized_key"]),
        "beside the key of a body": ({"Body": f"{long} order x {long}"}, []),
        "in an attribute that is searched": ({"u": f"/o/{long}/"}, ["oversized_key"]),
        "beside what is found in it": ({"u": f"{long}/o/7/{long}"}, []),
        "an attribute": ({"order.id": long}, ["oversized_key"]),
        "a part": ({"company": long, "number": "7"}, ["oversized_key"]),
        "parts together": ({"company": "x" * 600, "number": "y" * 400}, ["oversized_key"]),
        "parts, once escaped": ({"company": "/" * 499, "number": "ab"}, ["oversized_key"]),
        "parts of which no two go together": ({"company": json.dumps(["x" * 600, ""]), "number": '["", "y"]'}, []),
        "parts as long as may be": ({"company": "x" * 599, "number": "y" * 400}, []),
        "an amount": ({"total": long, "order.id": "7"}, ["unreadable_amount"]),
        "a list of many": ({"order.id": json.dumps([str(n) for n in range(1001)])}, ["too_many_keys"]),
        "a list of as many as count": ({"order.id": json.dumps([str(n) for n in range(1000)])}, []),
    }
    rows = [
        {**_log("e", **{k: v for k, v in case.items() if k != "Body"}), "Body": case.get("Body", ""), "SpanId": name}
        for name, (case, _) in cases.items()
    ]
    send_rows(store, "logs", rows)
    Correlator(store, ManualClock(RECEIVED)).tick("default", Catalog((flow,)))
    found = {row["span_id"]: row["flags"] for row in store.rows("SELECT span_id, flags FROM events FINAL")}
    assert found == {name: flags for name, (_, flags) in cases.items()}
