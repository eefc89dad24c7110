"""One SELECT per raw table that gives the business events of all workflows: the rows of `stage_events`.

A record that reaches several milestones gives one row for each. Attributes, keys and amounts are looked up as the
workflow of that row says, and only for rows that some milestone takes. What milestones and workflows say is kept in
literal arrays as far as it goes, looked up by the number of the milestone (`hit`) and of the workflow (`w`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlglot import exp

from correlator.compiling import keys, layout
from correlator.compiling.matching import names_asked, reaches, reaches_by_name, source
from correlator.compiling.records import log_records, span_records
from correlator.compiling.sql_ast import (
    Node,
    all_of,
    array,
    call,
    cast,
    column,
    constants,
    function,
    functions,
    literals,
    number,
    select,
)
from model import Milestone, Workflow

LONGEST_STATEMENT = 200_000
"""Workflows are put into one statement up to this length: planning a longer one takes longer than planning two. That
of a single workflow may be longer."""

MOST_LINKS = 20_000
"""An event that would prove more links proves none, and is flagged `too_many_links`."""

_FEW_KEYS = 200  # so few cannot prove too many links: 200 * 200 / 2
_NEVER_US = 1 << 62
_FUTURE_US = 5 * 60 * 1_000_000
_DECIMAL = r"\A[+-]?[0-9]{1,40}(\.[0-9]{1,20})?\z"
_FLAGS_ATTRIBUTE = "throughline.flags"
_KEY_FIELDS = ("rank", "typed_key", "window_us", "keeps_time")


@dataclass(frozen=True, slots=True)
class Extraction:
    """The compiled SELECTs over a common table expression `received` of raw rows; their `columns` in order.

    A SELECT is empty where no row of that table can be an event.
    """

    logs: str
    spans: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Hit:
    workflow: Workflow
    milestone: Milestone


def compiled(workflows: Sequence[Workflow], *, pretty: bool = False) -> Extraction:
    """Compile workflows, at least one, for one scan of each raw table."""
    hits = [_Hit(workflow, milestone) for workflow in workflows for milestone in workflow.milestones]
    milestones = tuple(hit.milestone for hit in hits)
    columns = _columns(hits)
    return Extraction(
        logs=_statement(log_records(milestones), hits, columns, pretty),
        spans=_statement(span_records(milestones), hits, columns, pretty),
        columns=tuple(columns),
    )


def in_parts(workflows: Sequence[Workflow], longest: int = LONGEST_STATEMENT) -> tuple[Extraction, ...]:
    """Compile workflows into as few extractions as keep each statement within `longest` characters."""
    whole = compiled(workflows)
    if len(workflows) == 1 or max(len(whole.logs), len(whole.spans)) <= longest:
        return (whole,)
    half = len(workflows) // 2
    return in_parts(workflows[:half], longest) + in_parts(workflows[half:], longest)


def _statement(records: exp.Query | None, hits: list[_Hit], columns: dict[str, Node], pretty: bool) -> str:
    if records is None:
        return ""
    workflows = _workflows(hits)
    number_of = {each.name: index for index, each in enumerate(workflows, 1)}
    steps: list[dict[str, Node]] = [
        *_matching(hits),
        {
            "w": _constant([number_of[hit.workflow.name] for hit in hits], "UInt16"),
            "found": keys.found(workflows),
            "entries": keys.entries(workflows),
        },
        {"lists": keys.listed()},
        {"plain": keys.plain_values(workflows)},
        keys.filled(workflows),
        {
            "ranked_keys": keys.ranked_keys(workflows),
            "attributes": _attributes([layout.kept_names(each) for each in workflows]),
            "workflow": _of_workflow([each.name for each in workflows]),
            "milestone": _constant([hit.milestone.id for hit in hits]),
            "amount": _amount(workflows),
            "told": call("arrayElement", column("own_attributes"), _FLAGS_ATTRIBUTE),
        },
        {
            "raised": array(call("toUInt8", holds) for holds in _raised(hits).values()),
            "is_timed": call("equals", call("position", column("told"), "missing_timestamp"), 0),
        },
    ]
    query: exp.Query = records
    for each in steps:
        added = (exp.alias_(node, name, copy=False) for name, node in each.items())
        query = exp.select("*", *added, copy=False).from_(query.subquery("r", copy=False), copy=False)
    return select(columns, query.subquery("r", copy=False)).sql(dialect="clickhouse", pretty=pretty)


def _workflows(hits: list[_Hit]) -> list[Workflow]:
    return list({hit.workflow.name: hit.workflow for hit in hits}.values())


def _matching(hits: list[_Hit]) -> list[dict[str, Node]]:
    """The steps to the column `hit`: the number, from 1, of a milestone that a record reaches; a row for each.

    Most milestones ask for exact names: these are looked up by name, so that many workflows cost little more than one,
    and what else they ask is asked once for all that ask the same. Of those with patterns each is asked.
    """
    by_name: tuple[dict[str, list[int]], dict[str, list[int]]] = ({}, {})  # of spans, of events
    besides: dict[str, Node] = {}
    number_of_besides: list[int] = []
    asked = []
    for index, hit in enumerate(hits, 1):
        names = names_asked(hit.milestone)
        for name in names:
            by_name[hit.milestone.match.event is not None].setdefault(name, []).append(index)
        if not names:
            asked.append(call("if", reaches(hit.milestone), index, 0))
        condition = reaches_by_name(hit.milestone) if names else number(1)
        besides.setdefault(condition.sql(), condition)
        number_of_besides.append(list(besides).index(condition.sql()) + 1)
    of_span, of_event = (_named(each) for each in by_name)
    named = call("if", call("equals", column("signal"), "span"), of_span, of_event)
    others = call("arrayFilter", function("h", call("notEquals", column("h"), 0)), array(asked))
    if set(besides) == {"1"}:
        return [{"hit": call("arrayJoin", call("arrayConcat", others, named) if asked else named)}]
    which = call("arrayElement", cast(literals(number_of_besides), "Array(UInt16)"), column("h"))
    named = call("arrayFilter", function("h", call("arrayElement", column("besides"), which)), named)
    return [
        {"besides": array(call("toUInt8", each) for each in besides.values())},
        {"hit": call("arrayJoin", call("arrayConcat", others, named) if asked else named)},
    ]


def _named(by_name: dict[str, list[int]]) -> Node:
    """The numbers under the record's name."""
    lists = cast(literals([[], *by_name.values()]), "Array(Array(UInt16))")
    if not by_name:
        return call("emptyArrayUInt16")
    position = call("transform", column("name"), literals(by_name), literals(range(2, len(by_name) + 2)), 1)
    return call("arrayElement", lists, position)


def _columns(hits: list[_Hit]) -> dict[str, Node]:
    workflows = _workflows(hits)
    declared = _constant([hit.milestone.system or "" for hit in hits])
    taken = ["segment_id", "workflow", "milestone", "signal", "name", "service", "status"]
    taken += ["occurred_at", "started_at", "received_at", "trace_id", "span_id", "parent_span_id"]
    taken += ["ranked_keys", "attributes", "amount"]
    return {each: column(each) for each in taken} | {
        "event_id": call(
            "lower", call("hex", call("sipHash128", column("workflow"), column("milestone"), column("identity")))
        ),
        "place": _constant([hit.milestone.place for hit in hits], "UInt16"),
        "kind": _constant([hit.milestone.kind for hit in hits]),
        "outcome": _constant([str(hit.milestone.ends or "") for hit in hits]),
        "is_unique": _constant([int(hit.milestone.unique) for hit in hits], "UInt8"),
        "system": _system(hits, declared),
        "declared_system": declared,
        "source": source(),
        "typed_keys": _of_keys("typed_key"),
        "innermost": call("arrayMap", function("k", _field("k", "typed_key")), _innermost()),
        "innermost_rank": call("if", call("empty", column("ranked_keys")), call("toUInt8", 255), _of_first("rank")),
        "keeps_time": call("if", call("empty", column("ranked_keys")), call("toUInt8", 0), _of_first("keeps_time")),
        "currency": _currency(workflows),
        "flags": _flags(hits),
        "definition": _of_workflow([each.hash for each in workflows]),
        "content_hash": _content_hash(workflows),
    }


def _system(hits: list[_Hit], declared: Node) -> Node:
    """The milestone's declared system, else the service that reported it."""
    if all(hit.milestone.system for hit in hits):
        return declared
    return call("if", call("notEmpty", declared), declared, column("service"))


def _field(of: str, name: str) -> Node:
    return call("tupleElement", column(of), _KEY_FIELDS.index(name) + 1)


def _of_keys(name: str) -> Node:
    return call("arrayMap", function("k", _field("k", name)), column("ranked_keys"))


def _of_first(name: str) -> Node:
    first = call("arrayElement", column("ranked_keys"), 1)
    return call("tupleElement", first, _KEY_FIELDS.index(name) + 1)


def _innermost() -> Node:
    same = call("equals", _field("k", "rank"), _of_first("rank"))
    return call("arrayFilter", function("k", same), column("ranked_keys"))


def _constant(values: Sequence[Any], type_: str = "String") -> Node:
    """What the milestone of the row's hit has in a list."""
    return _picked(values, type_, "hit")


def _of_workflow(values: Sequence[Any], type_: str = "String") -> Node:
    """What the workflow of the row has in a list."""
    return _picked(values, type_, "w")


def _picked(values: Sequence[Any], type_: str, by: str) -> Node:
    if len(set(values)) == 1:
        only: Node = literals(values).expressions[0]
        return only if type_ == "String" else cast(only, type_)
    return call("arrayElement", cast(literals(values), f"Array({type_})"), column(by))


def _attributes(names: Sequence[tuple[str, ...]]) -> Node:
    """The record's own attributes over its span's, and those of the resource that are named for its workflow."""
    named = constants(names)
    own, span, resource = (column(f"{each}_attributes") for each in ("own", "span", "resource"))
    kept = call("if", call("empty", span), own, call("mapUpdate", span, own))
    wanted = call("mapFilter", functions("k", "v", call("has", named, column("k"))), resource)
    with_resource = call("mapUpdate", wanted, kept)
    return call("if", call("hasAny", call("mapKeys", resource), named), with_resource, kept)


def _amount(workflows: Sequence[Workflow]) -> Node:
    """A decimal number as it was told, or read as one; else ''."""
    if not any(each.amount for each in workflows):
        return call("toString", "")
    value = call("trimBoth", keys.found_value(layout.AMOUNT))
    as_decimal = call("ifNull", call("toString", call("toDecimal128OrNull", value, 6)), "")
    # As a decimal the engine reads `-`, `.` and `1.2.3` too; as a floating-point number only numbers.
    as_number = call("if", call("isNull", call("toFloat64OrNull", value)), "", as_decimal)
    plain = call("match", value, _DECIMAL)
    return call("multiIf", call("empty", value), "", plain, value, as_number)


def _unreadable_amount() -> Node:
    """Whether an event says an amount that is no number: it is read as none."""
    told = call("notEmpty", call("trimBoth", keys.found_value(layout.AMOUNT)))
    return all_of([told, call("empty", column("amount"))])


def _currency(workflows: Sequence[Workflow]) -> Node:
    if not any(each.amount for each in workflows):
        return call("toString", "")
    return keys.found_value(layout.CURRENCY)


def _raised(hits: list[_Hit]) -> dict[str, Node]:
    """By the name of a flag, whether it holds: the column `raised`."""
    ahead = call(
        "minus",
        call("toUnixTimestamp64Micro", column("occurred_at")),
        call("toUnixTimestamp64Micro", column("received_at")),
    )
    found = {
        "future_dated": call("greater", ahead, _FUTURE_US),
        "end_before_start": column("upside_down"),
        "missing_service": call("empty", column("service")),
        "missing_timestamp": all_of(
            [
                call("notEquals", column("signal"), "log"),  # of those the collector says so
                call("equals", call("toUnixTimestamp64Micro", column("occurred_at")), 0),
            ]
        ),
        "oversized_key": keys.oversized(_workflows(hits)),
        "too_many_keys": keys.too_many(_workflows(hits)),
        "too_many_links": _too_many_links(),
    }
    if any(hit.workflow.amount for hit in hits):
        found["unreadable_amount"] = _unreadable_amount()
    if any(hit.milestone.cadence for hit in hits):
        found["late"] = _late(hits, ahead)
    return found


def _flags(hits: list[_Hit]) -> Node:
    """The flags that hold and those that the record came with, sorted. Most events have none."""
    raised, told = column("raised"), column("told")
    own = call("arrayFilter", functions("f", "r", column("r")), literals(_raised(hits)), raised)
    noted = call("arrayFilter", function("f", call("notEmpty", column("f"))), call("splitByChar", ",", told))
    all_flags = call("arraySort", call("arrayDistinct", call("arrayConcat", own, noted)))
    none = all_of([call("not", call("has", raised, 1)), call("empty", told)])
    return call("if", none, call("emptyArrayString"), all_flags)


def _late(hits: list[_Hit], ahead: Node) -> Node:
    """Whether it was received later after it occurred than its system is ever silent."""
    cadences = [hit.milestone.cadence for hit in hits]
    allowed = [each // timedelta(microseconds=1) if each else _NEVER_US for each in cadences]
    bound = _constant(allowed, "Int64")
    return call("less", ahead, call("negate", bound))


def _too_many_links() -> Node:
    """Whether an event would prove so many links that it can only be a mistake: it proves none.

    Of n keys, c of one type, n (n - 1) / 2 pairs are links but for the c (c - 1) / 2 within each type: numbered from 1
    within their types, the keys' numbers add up to c (c + 1) / 2 a type.
    """
    count = call("length", column("ranked_keys"))
    ranks = call("arrayMap", function("k", _field("k", "rank")), column("ranked_keys"))
    pairs = call("intDiv", call("multiply", count, call("plus", count, 1)), 2)
    links = call("minus", pairs, call("arraySum", call("arrayEnumerateUniq", ranks)))
    return call("if", call("lessOrEquals", count, _FEW_KEYS), 0, call("greater", links, MOST_LINKS))


def _content_hash(workflows: Sequence[Workflow]) -> Node:
    """Of all that an event says. The time of one that came without any is the receipt's and no content.

    What is kept for SLAs alone does not count: they may change while the definition, and so the event, is the same.
    """
    pair = functions("k", "v", call("cityHash64", column("k"), column("v")))
    same = all(layout.kept_names(each) == layout.defined_names(each) for each in workflows)
    attributes = column("attributes") if same else _attributes([layout.defined_names(each) for each in workflows])
    return call(
        "cityHash64",
        *(
            call("if", column("is_timed"), call("toUnixTimestamp64Micro", column(each)), 0)
            for each in ("occurred_at", "started_at")
        ),
        *(column(each) for each in ("name", "service", "status", "trace_id", "span_id", "parent_span_id", "body")),
        call("arraySum", call("arrayMap", pair, call("mapKeys", attributes), call("mapValues", attributes))),
        column("ranked_keys"),
    )
