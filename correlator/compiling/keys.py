r"""Where a workflow's keys are found in a record, normalized as `model.normalized` does.

The first alternative of a key type that gives a value decides; where none does, the first of its patterns. An
attribute that holds a JSON array of scalars is a list of values. In a composite, lists are read in step and a single
value goes with each of the others: `company.code = 1000` with `invoice.number = ["7","8"]` gives `1000/7` and
`1000/8`; where one list ends before the other, the rest is no key.

Bounded, so that one bad event cannot stop a tick: a value longer than 1,000 bytes is no key (the event is flagged
`oversized_key`), and the first 1,000 values of a type count (an event with more is flagged `too_many_keys`). Bytes that
are no text are a key by their hexadecimal digits.
"""

from __future__ import annotations

from collections.abc import Sequence

from correlator.compiling import layout
from correlator.compiling.matching import attribute
from correlator.compiling.sql_ast import (
    WHITESPACE,
    Node,
    all_of,
    any_of,
    array,
    by_workflow,
    call,
    cast,
    choice,
    column,
    constants,
    function,
    functions,
    literals,
    number,
)
from model import KeyPattern, KeyType, Workflow

LONGEST_VALUE_BYTES = 1000
MOST_VALUES = 1000
_NO_TRACE = "0" * 32
_ENTRIES = "Array(Array(Tuple(UInt8, String, Int64, UInt8)))"


def found(workflows: Sequence[Workflow]) -> Node:
    """The values of a workflow's attributes in a record, in the order of `layout.names`: the column `found`."""
    name, trace = column("n"), column("trace_id")
    value = attribute(name)
    if any(entry.name == layout.TRACE for each in workflows for entry in layout.entries(each)):
        told = call("if", call("equals", trace, _NO_TRACE), "", trace)
        value = call("if", call("equals", name, layout.TRACE), told, value)
    return call("arrayMap", function("n", value), constants([layout.names(each) for each in workflows]))


def found_value(position: int) -> Node:
    """One of these values."""
    return call("arrayElement", column("found"), position)


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


def oversized(workflows: Sequence[Workflow]) -> Node:
    """Whether a value is too long to be a key."""
    inner = call("arrayExists", function("v", _too_long(column("v"))), column("l"))
    told = call("arrayExists", function("l", inner), _told(workflows))
    made = [[*_oversized_patterns(each), *_oversized_composites(each)] for each in workflows]
    if not any(made):
        return told
    return any_of([told, by_workflow([any_of(each) if each else None for each in made], number(0))])


def too_many(workflows: Sequence[Workflow]) -> Node:
    """Whether a list of keys has more values than count."""
    is_longer = call("greater", call("length", column("l")), MOST_VALUES)
    return call("arrayExists", function("l", is_longer), _told(workflows))


def _told(workflows: Sequence[Workflow]) -> Node:
    """Of the column `lists`, those of values that are keys as they stand."""
    counts = [layout.keys_in_found(each) for each in workflows]
    picked = call("arrayElement", cast(literals(counts), "Array(UInt16)"), column("w"))
    return call("arraySlice", column("lists"), layout.FIRST_ENTRY, picked if len(set(counts)) > 1 else counts[0])


def _oversized_patterns(workflow: Workflow) -> list[Node]:
    """Whether a pattern finds a value that is too long; in few texts it could, so that the others are not searched."""
    patterns = [pattern for key in workflow.keys for pattern in key.patterns]
    haystacks = [_haystack(workflow, each) for each in patterns]
    return [
        all_of([_too_long(haystack), _too_long(_inside(haystack, each))])
        for haystack, each in zip(haystacks, patterns, strict=True)
    ]


def _oversized_composites(workflow: Workflow) -> list[Node]:
    """Whether values are too long together; few could be, since joining them makes each twice as long at most."""
    tests = []
    for key in workflow.keys:
        for parts in key.alternatives:
            if len(parts) > 1:
                raw = [call("length", found_value(layout.position(workflow, each))) for each in parts]
                could = call("greater", call("arraySum", array(raw)), LONGEST_VALUE_BYTES // 2 - len(parts))
                composites = _composites([_list(workflow, each) for each in parts], key.normalize)
                tests.append(all_of([could, call("arrayExists", function("v", _too_long(column("v"))), composites)]))
    return tests


def _too_long(value: Node) -> Node:
    return call("greater", call("length", value), LONGEST_VALUE_BYTES)


def plain_values(workflows: Sequence[Workflow]) -> Node:
    """The values of each entry in a record, normalized, without blanks: the column `plain`, a list of lists."""
    steps = [[entry.steps for entry in layout.entries(each)] for each in workflows]
    known = list(dict.fromkeys(each for found in steps for each in found)) or [()]
    lists = call("arraySlice", column("lists"), layout.FIRST_ENTRY, call("length", column("entries")))
    normal = [_alternative([column("l")], each) for each in known]
    if len(known) == 1:
        return call("arrayMap", function("l", normal[0]), lists)
    cases = [(call("equals", column("s"), index), each) for index, each in enumerate(normal)]
    numbers = constants([[known.index(each) for each in found] for found in steps], "Array(Array(UInt8))")
    return call("arrayMap", functions("l", "s", choice(cases[:-1], cases[-1][1])), lists, numbers)


def entries(workflows: Sequence[Workflow]) -> Node:
    """What the keys of each entry have in common: the column `entries`."""
    return constants([[entry.key for entry in layout.entries(each)] for each in workflows], _ENTRIES)


def filled(workflows: Sequence[Workflow]) -> dict[str, Node]:
    """The entries that give keys, and their values: of each key type the first that has any."""
    is_filled = call("notEmpty", column("l"))
    kinds = call("arrayFilter", functions("e", "l", is_filled), column("entries"), column("plain"))
    values = call("arrayFilter", function("l", is_filled), column("plain"))
    ranks = [[entry.key[0] for entry in layout.entries(each)] for each in workflows]
    if all(len(set(each)) == len(each) for each in ranks):
        return {"kinds": kinds, "values": values}
    rank = call("arrayMap", function("e", call("tupleElement", column("e"), 1)), kinds)
    is_first = call("equals", column("u"), 1)
    nth = call("arrayEnumerateUniq", rank)
    return {
        "kinds": call("arrayFilter", functions("e", "u", is_first), kinds, nth),
        "values": call("arrayFilter", functions("l", "u", is_first), values, nth),
    }


def ranked_keys(workflows: Sequence[Workflow]) -> Node:
    """All keys of a record as Array(Tuple(rank, typed key, window in us or -1, keeps time)), root first, each once."""
    values = call("arraySlice", call("arrayDistinct", column("l")), 1, MOST_VALUES)
    of_entry = call("arrayMap", function("v", _ranked(column("e"))), values)
    plain = call("arrayFlatten", call("arrayMap", functions("e", "l", of_entry), column("kinds"), column("values")))
    others = {each.name: [_of_type(each, key) for key in each.keys if not layout.is_plain(key)] for each in workflows}
    if not any(others.values()):
        return plain
    nothing = cast(literals([]), _ENTRIES.removeprefix("Array(").removesuffix(")"))
    compiled = by_workflow([call("arrayConcat", *found) if found else None for found in others.values()], nothing)
    keys = call("arrayConcat", plain, compiled)
    order = call("tuple", call("tupleElement", column("k"), 1), column("i"))
    positions = call("arrayEnumerate", keys)
    return call("arraySort", functions("k", "i", order), keys, positions)


def _ranked(kind: Node) -> Node:
    rank, prefix, window, keeps_time = (call("tupleElement", kind, number) for number in (1, 2, 3, 4))
    return call("tuple", rank, call("concat", prefix, _as_text(column("v"))), window, keeps_time)


def _of_type(workflow: Workflow, key: KeyType) -> Node:
    kind = cast(literals([layout.key_of(workflow, key)]).expressions[0], _ENTRIES[len("Array(Array(") : -2])
    return call("arrayMap", function("v", _ranked(kind)), _values_of(workflow, key))


def _values_of(workflow: Workflow, key: KeyType) -> Node:
    """The values of a key type that is not plain: normalized, not blank, each once."""
    found = [_alternative([_list(workflow, name) for name in parts], key.normalize) for parts in key.alternatives]
    found += [_alternative([array([_inside(_haystack(workflow, each), each)])], key.normalize) for each in key.patterns]
    chosen = choice([(call("notEmpty", each), each) for each in found[:-1]], found[-1])
    return call("arraySlice", call("arrayDistinct", chosen), 1, MOST_VALUES)


def _as_text(value: Node) -> Node:
    """Bytes that are no UTF-8 would come out of the store as something else: such a value is its hexadecimal digits."""
    return call("if", call("isValidUTF8", value), value, call("hex", value))


def _list(workflow: Workflow, name: str) -> Node:
    return call("arrayElement", column("lists"), layout.position(workflow, name))


def _haystack(workflow: Workflow, pattern: KeyPattern) -> Node:
    """The text that the pattern is for."""
    is_span, name = call("equals", column("signal"), "span"), column("name")
    match pattern.place:
        case "span":
            return call("if", is_span, name, column("span_name"))
        case "event":
            return call("if", is_span, "", name)
        case "body":  # the body of a span is its status message: no place for a key
            return call("if", call("equals", column("signal"), "log"), column("body"), "")
        case _:
            return found_value(layout.position(workflow, pattern.attribute or ""))


def _inside(haystack: Node, pattern: KeyPattern) -> Node:
    """The named group of the first match in a text; of no match ''."""
    return call("arrayElement", call("extractGroups", haystack, pattern.pattern), pattern.group)


def _alternative(lists: list[Node], steps: tuple[str, ...]) -> Node:
    if len(lists) == 1:
        values = call("arrayMap", function("v", _normalized(column("v"), steps)), lists[0])
    else:
        values = _composites(lists, steps)
    return call("arrayFilter", function("v", _is_key(column("v"))), values)


def _composites(lists: list[Node], steps: tuple[str, ...]) -> Node:
    """The values of several lists joined by `/`, read in step."""
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
    return call("arrayMap", function("i", call("concat", *joined)), complete)


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
