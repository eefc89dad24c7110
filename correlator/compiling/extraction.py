"""One SELECT per raw table that gives the business events of all workflows: the rows of `stage_events`.

A record that reaches several milestones gives one row for each. Attributes, keys and amounts are looked up as the
workflow of that row says, and only for rows that some milestone takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlglot import exp

from correlator.compiling.keys import attribute_names, found, found_value, listed, oversized, ranked_keys
from correlator.compiling.matching import is_named_event, reaches, source
from correlator.compiling.records import log_records, span_records
from correlator.compiling.sql_ast import Node, all_of, any_of, array, call, choice, column, function, number, select
from model import Milestone, Workflow

LONGEST_STATEMENT = 200_000
"""The engine takes 262,144 bytes; the received rows' own SELECT and its ids come on top."""

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
    """The compiled SELECTs over a common table expression `received` of raw rows; their `columns` in order."""

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


def _statement(records: exp.Query, hits: list[_Hit], columns: dict[str, Node], pretty: bool) -> str:
    numbers = _numbers(hits)
    matched = exp.select("*", exp.alias_(numbers, "hits")).from_(records.subquery("record"))
    each = exp.select("*", exp.alias_(call("arrayJoin", column("hits")), "hit")).from_(matched.subquery("matched"))
    values = exp.select("*", exp.alias_(_per_workflow(hits, found), "found")).from_(each.subquery("reached"))
    lists = exp.select("*", exp.alias_(listed(), "lists")).from_(values.subquery("valued"))
    keyed = exp.select(
        "*",
        exp.alias_(_per_workflow(hits, ranked_keys), "ranked_keys"),
        exp.alias_(_per_workflow(hits, _kept_attributes), "attributes"),
        exp.alias_(_per_milestone(hits, lambda hit: hit.workflow.name), "workflow"),
        exp.alias_(_per_milestone(hits, lambda hit: hit.milestone.id), "milestone"),
    ).from_(lists.subquery("listed"))
    return select(columns, keyed.subquery("keyed")).sql(dialect="clickhouse", pretty=pretty)


def _numbers(hits: list[_Hit]) -> Node:
    """The numbers, from 1, of the milestones that a record reaches.

    Most milestones ask for the name of an event and nothing else: these are looked up by name, so that many workflows
    cost little more than one. Of the others each is asked.
    """
    by_name: dict[str, list[int]] = {}
    asked = []
    for index, hit in enumerate(hits, 1):
        if is_named_event(hit.milestone):
            for name in dict.fromkeys(hit.milestone.match.event.values if hit.milestone.match.event else ()):
                by_name.setdefault(name, []).append(index)
        else:
            asked.append(call("if", reaches(hit.milestone), index, 0))
    parts: list[Node] = []
    if asked:
        parts.append(call("arrayFilter", function("h", call("notEquals", column("h"), 0)), array(asked)))
    if by_name:
        nothing = call("emptyArrayUInt16")
        lists = array([nothing, *(array(call("toUInt16", each) for each in found) for found in by_name.values())])
        position = call("transform", column("name"), array(by_name), array(range(2, len(by_name) + 2)), 1)
        is_span = call("equals", column("signal"), "span")
        parts.append(call("if", is_span, nothing, call("arrayElement", lists, position)))
    return parts[0] if len(parts) == 1 else call("arrayConcat", *parts)


def _columns(hits: list[_Hit]) -> dict[str, Node]:
    declared = _per_milestone(hits, lambda hit: hit.milestone.system or "")
    taken = ["segment_id", "workflow", "milestone", "signal", "name", "service", "status"]
    taken += ["occurred_at", "started_at", "received_at", "trace_id", "span_id", "parent_span_id"]
    taken += ["ranked_keys", "attributes"]
    return {each: column(each) for each in taken} | {
        "event_id": call(
            "lower", call("hex", call("sipHash128", column("workflow"), column("milestone"), column("identity")))
        ),
        "place": call("arrayElement", array(call("toUInt16", hit.milestone.place) for hit in hits), column("hit")),
        "kind": _per_milestone(hits, lambda hit: hit.milestone.kind),
        "outcome": _per_milestone(hits, lambda hit: str(hit.milestone.ends or "")),
        "is_unique": call(
            "arrayElement", array(call("toUInt8", int(hit.milestone.unique)) for hit in hits), column("hit")
        ),
        "system": call("if", call("notEmpty", declared), declared, column("service")),
        "declared_system": declared,
        "source": source(),
        "typed_keys": _of_keys("typed_key"),
        "innermost": call("arrayMap", function("k", _field("k", "typed_key")), _innermost()),
        "innermost_rank": call("if", call("empty", column("ranked_keys")), call("toUInt8", 255), _of_first("rank")),
        "keeps_time": call("if", call("empty", column("ranked_keys")), call("toUInt8", 0), _of_first("keeps_time")),
        "amount": _per_workflow(hits, _amount),
        "currency": _per_workflow(hits, _currency),
        "flags": _flags(hits),
        "definition": _per_milestone(hits, lambda hit: hit.workflow.hash),
        "content_hash": _content_hash(),
    }


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


def _per_milestone(hits: list[_Hit], value: Callable[[_Hit], str]) -> Node:
    values = [value(hit) for hit in hits]
    if len(set(values)) == 1:
        return call("toString", values[0])
    return call("arrayElement", array(values), column("hit"))


def _per_workflow(hits: list[_Hit], compile_one: Callable[[Workflow], Node]) -> Node:
    """The expression of the workflow to which the hit belongs: hits are numbered workflow by workflow."""
    last = {hit.workflow.name: index for index, hit in enumerate(hits, 1)}
    workflows = {hit.workflow.name: hit.workflow for hit in hits}
    cases = [
        (call("lessOrEquals", column("hit"), last[name]), compile_one(workflow)) for name, workflow in workflows.items()
    ]
    return choice(cases[:-1], cases[-1][1])


def _kept_attributes(workflow: Workflow) -> Node:
    """The record's own attributes over its span's, and those of the resource that the definition names."""
    names = set(attribute_names(workflow))
    names |= {name for milestone in workflow.milestones for name, _ in milestone.match.attributes}
    names |= {sla.promise.attribute for sla in workflow.slas if sla.promise is not None}
    named = array(sorted(names) or ["throughline.none"])
    own, span, resource = (column(f"{each}_attributes") for each in ("own", "span", "resource"))
    kept = call("if", call("empty", span), own, call("mapUpdate", span, own))
    wanted = exp.Lambda(
        this=call("has", named, column("k")), expressions=[exp.to_identifier("k"), exp.to_identifier("v")]
    )
    with_resource = call("mapUpdate", call("mapFilter", wanted, resource), kept)
    return call("if", call("hasAny", call("mapKeys", resource), named), with_resource, kept)


def _amount(workflow: Workflow) -> Node:
    if workflow.amount is None:
        return call("toString", "")
    value = call("trimBoth", found_value(workflow, workflow.amount.attribute))
    as_number = call("toString", call("toDecimal128OrNull", value, 6))
    plain = call("match", value, _DECIMAL)
    return call("if", plain, value, call("ifNull", as_number, ""))


def _unreadable_amount(workflow: Workflow) -> Node:
    """Whether an event says an amount that is no number: it is read as none."""
    if workflow.amount is None:
        return number(0)
    told = call("notEmpty", call("trimBoth", found_value(workflow, workflow.amount.attribute)))
    return all_of([told, call("empty", column("amount"))])


def _currency(workflow: Workflow) -> Node:
    if workflow.amount is None or workflow.amount.currency_attribute is None:
        return call("toString", "")
    return found_value(workflow, workflow.amount.currency_attribute)


def _flags(hits: list[_Hit]) -> Node:
    ahead = call(
        "minus",
        call("toUnixTimestamp64Micro", column("occurred_at")),
        call("toUnixTimestamp64Micro", column("received_at")),
    )
    raised = [
        (call("greater", ahead, _FUTURE_US), "future_dated"),
        (column("upside_down"), "end_before_start"),
        (call("empty", column("service")), "missing_service"),
        (oversized(), "oversized_key"),
        (_too_many_links(), "too_many_links"),
    ]
    if any(hit.workflow.amount for hit in hits):
        raised.append((_per_workflow(hits, _unreadable_amount), "unreadable_amount"))
    if any(hit.milestone.cadence for hit in hits):
        raised.append((_late(hits, ahead), "late"))
    noted = call("splitByChar", ",", call("arrayElement", column("own_attributes"), _FLAGS_ATTRIBUTE))
    own = array(call("if", holds, flag, "") for holds, flag in raised)
    both = call("arrayConcat", own, noted)
    filled = call("arrayFilter", function("f", call("notEmpty", column("f"))), both)
    quiet = call("not", any_of([*(holds for holds, _ in raised), call("notEquals", noted, array([""]))]))
    return call("if", quiet, call("emptyArrayString"), call("arraySort", call("arrayDistinct", filled)))


def _late(hits: list[_Hit], ahead: Node) -> Node:
    """Whether it was received later after it occurred than its system is ever silent."""
    cadences = [hit.milestone.cadence for hit in hits]
    allowed = [each // timedelta(microseconds=1) if each else _NEVER_US for each in cadences]
    bound = call("arrayElement", array(call("toInt64", each) for each in allowed), column("hit"))
    return call("less", ahead, call("negate", bound))


def _too_many_links() -> Node:
    """Whether an event would prove so many links that it can only be a mistake: it proves none."""
    ranks = call("arrayMap", function("k", _field("k", "rank")), column("ranked_keys"))
    count = call("length", column("ranked_keys"))
    same = call("countEqual", column("ranks"), column("r"))
    squares = call("arraySum", call("arrayMap", function("r", call("multiply", same, same)), column("distinct_ranks")))
    pairs = call(
        "arrayMap",
        _two("ranks", "distinct_ranks", call("minus", call("multiply", count, count), squares)),
        array([ranks]),
        array([call("arrayDistinct", ranks)]),
    )
    return call(
        "if", call("lessOrEquals", count, _FEW_KEYS), 0, call("greater", call("arrayElement", pairs, 1), 2 * MOST_LINKS)
    )


def _two(first: str, second: str, body: Node) -> Node:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(first), exp.to_identifier(second)])


def _content_hash() -> Node:
    """Of all that an event says. The time of one that came without any is the receipt's and no content."""
    untimed = call("position", call("arrayElement", column("own_attributes"), _FLAGS_ATTRIBUTE), "missing_timestamp")
    pair = exp.Lambda(
        this=call("sipHash64", column("k"), column("v")), expressions=[exp.to_identifier("k"), exp.to_identifier("v")]
    )
    attributes = column("attributes")
    return call(
        "sipHash64",
        *(
            call("if", call("greater", untimed, 0), call("toInt64", 0), call("toUnixTimestamp64Micro", column(each)))
            for each in ("occurred_at", "started_at")
        ),
        *(column(each) for each in ("name", "service", "status", "trace_id", "span_id", "parent_span_id", "body")),
        call("arraySum", call("arrayMap", pair, call("mapKeys", attributes), call("mapValues", attributes))),
        column("ranked_keys"),
    )
