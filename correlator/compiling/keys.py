r"""Where a workflow's keys are found in a record, normalized as `model.normalized` does.

The first alternative of a key type that gives a value decides; where none does, the first of its patterns. An
attribute that holds a JSON array of scalars is a list of values. In a composite, lists are read in step and a single
value goes with each of the others: `company.code = 1000` with `invoice.number = ["7","8"]` gives `1000/7` and
`1000/8`; where one list ends before the other, the rest is no key.

Bounded, so that one bad event cannot stop a tick: a value longer than 1,000 bytes is no key (the event is flagged
`oversized_key`), and the first 1,000 values of a type count. Bytes that are no text are a key by their
hexadecimal digits.
"""

from __future__ import annotations

from correlator.compiling.matching import attribute
from correlator.compiling.sql_ast import (
    WHITESPACE,
    Node,
    all_of,
    any_of,
    array,
    call,
    choice,
    column,
    function,
    number,
)
from correlator.typed_key import typed_key
from model import KeyPattern, KeyType, Workflow

LONGEST_VALUE_BYTES = 1000
MOST_VALUES = 1000
_NO_TRACE = "0" * 32


def ranked_keys(workflow: Workflow) -> Node:
    """All keys of a record as Array(Tuple(rank, typed key, window in us or -1, keeps time)), root first, each once."""
    return call("arrayConcat", *(_of_type(workflow, key) for key in workflow.keys))


def keeps_time(workflow: Workflow, rank: int) -> bool:
    """Whether a walk that stands at a key of this rank needs to know its time: a window lies on the way to the root."""
    return any(key.window is not None for key in workflow.keys if 0 < key.rank <= rank)


def attribute_names(workflow: Workflow) -> tuple[str, ...]:
    """The attributes that the keys, amount and currency of a workflow are read from, each once."""
    names = [name for key in workflow.keys for parts in key.alternatives for name in parts]
    names += [each.attribute or "" for key in workflow.keys for each in key.patterns]
    if workflow.amount is not None:
        names += [workflow.amount.attribute, workflow.amount.currency_attribute or ""]
    return tuple(dict.fromkeys(name for name in names if name))


def found(workflow: Workflow) -> Node:
    """The values of these attributes in a record, in their order: the column `found` that the others here read."""
    names = attribute_names(workflow)
    return array([attribute(name) for name in names]) if names else call("emptyArrayString")


def found_value(workflow: Workflow, name: str) -> Node:
    """The value of one of these attributes."""
    return call("arrayElement", column("found"), attribute_names(workflow).index(name) + 1)


def listed() -> Node:
    """`found` with each value as the list that it is, or as a list of itself: the column `lists`."""
    value, element = column("x"), column("e")
    raw = call("JSONExtractArrayRaw", value)
    is_nested = any_of([call("startsWith", element, "{"), call("startsWith", element, "[")])
    is_list = all_of(
        [
            call("startsWith", value, "["),
            call("isValidJSON", value),
            call("not", call("arrayExists", function("e", is_nested), raw)),
        ]
    )
    text_of = call("JSONExtractString", element)
    scalar = choice(
        [(call("startsWith", element, '"'), text_of), (call("equals", element, "null"), call("toString", ""))], element
    )
    as_list = call("if", is_list, call("arrayMap", function("e", scalar), raw), array([value]))
    return call("arrayMap", function("x", as_list), column("found"))


def oversized() -> Node:
    """Whether a value is too long to be a key."""
    too_long = call("greater", call("length", column("v")), LONGEST_VALUE_BYTES)
    inner = call("arrayExists", function("v", too_long), column("l"))
    return call("arrayExists", function("l", inner), column("lists"))


def values_of(workflow: Workflow, key: KeyType) -> Node:
    """The values of a key type in a record: normalized, not blank, each once."""
    if key.is_trace:
        trace = column("trace_id")
        blank = any_of([call("empty", trace), call("equals", trace, _NO_TRACE)])
        return call("if", blank, call("emptyArrayString"), array([trace]))
    found = [_alternative([_list(workflow, name) for name in parts], key.normalize) for parts in key.alternatives]
    found += [_alternative([_inside(workflow, each)], key.normalize) for each in key.patterns]
    if not found:
        return call("emptyArrayString")
    chosen = choice([(call("notEmpty", each), each) for each in found[:-1]], found[-1])
    return call("arraySlice", call("arrayDistinct", chosen), 1, MOST_VALUES)


def _of_type(workflow: Workflow, key: KeyType) -> Node:
    window = -1 if key.window is None else round(key.window.total_seconds() * 1_000_000)
    ranked = call(
        "tuple",
        call("toUInt8", key.rank),
        call("concat", typed_key(workflow.name, key.name, ""), _as_text(column("v"))),
        call("toInt64", number(window)),
        call("toUInt8", int(keeps_time(workflow, key.rank))),
    )
    return call("arrayMap", function("v", ranked), values_of(workflow, key))


def _as_text(value: Node) -> Node:
    """Bytes that are no UTF-8 would come out of the store as something else: such a value is its hexadecimal digits."""
    return call("if", call("isValidUTF8", value), value, call("hex", value))


def _list(workflow: Workflow, name: str) -> Node:
    return call("arrayElement", column("lists"), attribute_names(workflow).index(name) + 1)


def _inside(workflow: Workflow, pattern: KeyPattern) -> Node:
    """The named group of the first match in the text that the pattern is for, as a list; of no match, ['']."""
    is_span, name = call("equals", column("signal"), "span"), column("name")
    match pattern.place:
        case "span":
            haystack = call("if", is_span, name, column("span_name"))
        case "event":
            haystack = call("if", is_span, "", name)
        case "body":  # the body of a span is its status message: no place for a key
            haystack = call("if", call("equals", column("signal"), "log"), column("body"), "")
        case _:
            haystack = found_value(workflow, pattern.attribute or "")
    return array([call("arrayElement", call("extractGroups", haystack, pattern.pattern), pattern.group)])


def _alternative(lists: list[Node], steps: tuple[str, ...]) -> Node:
    if len(lists) == 1:
        normal = call("arrayMap", function("v", _normalized(column("v"), steps)), lists[0])
        return call("arrayFilter", function("v", _is_key(column("v"))), normal)
    lengths = [call("length", each) for each in lists]
    positions = call("range", 1, call("plus", call("arrayMax", array(lengths)), 1))
    picked = [
        call("arrayElement", each, call("if", call("equals", length, 1), 1, column("i")))
        for each, length in zip(lists, lengths, strict=True)
    ]
    complete = call("arrayFilter", function("i", all_of([_not_blank(each) for each in picked])), positions)
    joined: list[Node | str] = []
    for each in picked:
        joined += ["/", _escaped(_normalized(each, steps))] if joined else [_escaped(_normalized(each, steps))]
    composites = call("arrayMap", function("i", call("concat", *joined)), complete)
    return call("arrayFilter", function("v", _is_key(column("v"))), composites)


def _normalized(value: Node, steps: tuple[str, ...]) -> Node:
    for step in steps:
        match step:
            case "trim":
                value = call("trimBoth", value, WHITESPACE)
            case "upper" | "lower":
                value = call(step, value)
            case "strip_leading_zeros":
                stripped = call("trimLeft", value, "0")
                bare = call("if", call("empty", stripped), "0", stripped)
                value = call("if", call("match", value, r"\A[0-9]+\z"), bare, value)
            case _:
                raise ValueError(f"`{step}` is not a step of normalize")
    return value


def _not_blank(value: Node) -> Node:
    return call("notEmpty", call("trimBoth", value, WHITESPACE))


def _is_key(value: Node) -> Node:
    return all_of([_not_blank(value), call("lessOrEquals", call("length", value), LONGEST_VALUE_BYTES)])


def _escaped(value: Node) -> Node:
    return call("replaceAll", call("replaceAll", value, "\\", "\\\\"), "/", "\\/")
