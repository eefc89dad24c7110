"""The few AST nodes the compiler needs. A value of a catalog only ever becomes a literal, which sqlglot escapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

WHITESPACE = " \t\n\r\f\v"
"""What `model.is_blank` and the step `trim` take for whitespace."""

Node = exp.Expression


def call(name: str, *arguments: Node | str | int) -> Node:
    """A function call; a str argument is a text literal, an int a number."""
    return exp.Anonymous(this=name, expressions=[_node(each) for each in arguments])


def text(value: str) -> Node:
    """A text literal."""
    return exp.Literal.string(value)


def number(value: float) -> Node:
    """A number literal; negative ones in parentheses."""
    literal = exp.Literal.number(repr(abs(value)))
    return exp.Paren(this=exp.Neg(this=literal)) if value < 0 else literal


def column(name: str) -> Node:
    """A column or a lambda's argument; names are ours, never a catalog's."""
    return exp.column(exp.to_identifier(name))


def array(items: Iterable[Node | str | int]) -> Node:
    """`array(...)` of the items."""
    return call("array", *items)


def function(argument: str, body: Node) -> Node:
    """The lambda `argument -> body`."""
    return exp.Lambda(this=body, expressions=[exp.to_identifier(argument)])


def functions(first: str, second: str, body: Node) -> Node:
    """The lambda `(first, second) -> body`."""
    return exp.Lambda(this=body, expressions=[exp.to_identifier(first), exp.to_identifier(second)])


def literals(items: Iterable[object]) -> Node:
    """A literal array of texts, numbers, tuples and lists: parsed as one constant, however long it is."""
    return exp.Array(expressions=[_literal(each) for each in items])


def cast(value: Node, type_: str) -> Node:
    """The value as that type."""
    return call("CAST", value, type_)


def constants(lists: Sequence[Sequence[object]], type_: str = "Array(Array(String))") -> Node:
    """What the workflow of the row has in a list of lists: the column `w` is its number, from 1."""
    return call("arrayElement", cast(literals(list(each) for each in lists), type_), column("w"))


def by_workflow(values: Sequence[Node | None], otherwise: Node) -> Node:
    """The expression of the row's workflow, by the column `w`; equal ones are written once."""
    cases: dict[str, tuple[Node, list[int]]] = {}
    for number_, each in enumerate(values, 1):
        if each is not None:
            cases.setdefault(each.sql(dialect="clickhouse"), (each, []))[1].append(number_)
    return choice([(call("has", literals(numbers), column("w")), each) for each, numbers in cases.values()], otherwise)


def all_of(conditions: Sequence[Node]) -> Node:
    """True where every condition holds; evaluated from left to right, the rest only where needed."""
    return _combined("and", conditions, empty=1)


def any_of(conditions: Sequence[Node]) -> Node:
    """True where a condition holds."""
    return _combined("or", conditions, empty=0)


def one_in(value: Node, options: Sequence[str]) -> Node:
    """`value` is one of the texts."""
    if len(options) == 1:
        return call("equals", value, options[0])
    return call("in", value, exp.Tuple(expressions=[text(each) for each in options]))


def choice(cases: Sequence[tuple[Node, Node]], otherwise: Node) -> Node:
    """The value of the first case whose condition holds."""
    if not cases:
        return otherwise
    flat = [each for case in cases for each in case]
    return call("if" if len(cases) == 1 else "multiIf", *flat, otherwise)


def select(columns: dict[str, Node], source: Node, where: Node | None = None) -> exp.Select:
    """`SELECT ... FROM source [WHERE ...]`, the columns by name."""
    aliases = (exp.alias_(node, name, copy=False) for name, node in columns.items())
    query = exp.select(*aliases, copy=False).from_(source, copy=False)
    return query.where(where) if where is not None else query


def _literal(value: object) -> Node:
    match value:
        case str():
            return text(value)
        case int() | float():
            literal = exp.Literal.number(repr(abs(value)))
            return exp.Neg(this=literal) if value < 0 else literal
        case tuple():
            return exp.Tuple(expressions=[_literal(each) for each in value])
        case list():
            return literals(value)
        case _:
            raise TypeError(f"no literal of {type(value).__name__}")


def _combined(name: str, conditions: Sequence[Node], *, empty: int) -> Node:
    if not conditions:
        return number(empty)
    return conditions[0] if len(conditions) == 1 else call(name, *conditions)


def _node(value: Node | str | int) -> Node:
    if isinstance(value, exp.Expression):
        return value
    return text(value) if isinstance(value, str) else number(value)
