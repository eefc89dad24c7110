"""Expressions over the columns of a file: what is allowed, and what they become.

An expression is parsed, every node of its tree is checked against what is listed here, and the SQL is generated from
the tree again: nothing of the written text reaches ClickHouse. Only functions that cannot fail for a single row are
listed, so that one odd value never stops a chunk.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_NODES: tuple[type[exp.Expression], ...] = (
    *(exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Tuple, exp.Bracket, exp.Var),
    *(
        exp.And,
        exp.Or,
        exp.Not,
        exp.EQ,
        exp.NEQ,
        exp.GT,
        exp.GTE,
        exp.LT,
        exp.LTE,
        exp.Is,
        exp.In,
        exp.Between,
        exp.Like,
    ),
    *(exp.ILike, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.DPipe, exp.If, exp.Case, exp.Coalesce, exp.Nullif),
    *(exp.Concat, exp.Lower, exp.Upper, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.Length, exp.Split),
    *(exp.StrPosition, exp.Pad, exp.Round, exp.Abs, exp.Floor, exp.Ceil, exp.TimeToStr, exp.StartsWith, exp.EndsWith),
    *(exp.Greatest, exp.Least, exp.Reverse, exp.ConcatWs),
    *(exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONExtract, exp.RegexpLike),
)

_FUNCTIONS = {
    name.lower(): name
    for name in (
        *("empty", "notEmpty", "multiIf", "ifNull", "isNull", "isNotNull", "toString", "concat", "concatWithSeparator"),
        *("replaceOne", "replaceAll", "replaceRegexpOne", "replaceRegexpAll", "extract", "splitByString"),
        *("trimLeft", "trimRight", "trimBoth", "lowerUTF8", "upperUTF8", "lengthUTF8", "substringUTF8", "leftUTF8"),
        *("rightUTF8", "positionCaseInsensitive", "startsWith", "endsWith", "reverse", "formatDateTime"),
        *("toInt64OrNull", "toInt64OrZero", "toUInt64OrNull", "toUInt64OrZero", "toFloat64OrNull", "toFloat64OrZero"),
        *("toDateOrNull", "toDateTimeOrNull", "toDate32OrNull", "parseDateTimeOrNull", "parseDateTime64OrNull"),
        *("parseDateTimeBestEffortOrNull", "parseDateTimeBestEffortUSOrNull", "parseDateTime64BestEffortOrNull"),
        "toTypeName",
        *("arrayStringConcat", "lower", "upper", "leftPad", "rightPad"),
    )
}
_PATTERNS = {"replaceregexpone", "replaceregexpall", "extract"}

MAX_LENGTH = 4_000

_MAX_PADDED = 1_000_000
"""The longest text the engine pads to."""


def columns_of(text: str) -> tuple[str, ...]:
    """The columns of the file an expression reads, sorted; raises ValueError where it is not allowed."""
    return tuple(sorted({_column_name(node) for node in _checked(text).find_all(exp.Column)}))


def compiled(text: str, column: Callable[[str], str]) -> str:
    """The ClickHouse SQL of an expression, every column of the file replaced by `column(name)`, itself plain SQL."""

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            return sqlglot.parse_one(column(_column_name(node)), dialect="clickhouse")
        return node

    return _checked(text).transform(replace).sql(dialect="clickhouse", comments=False)


def _checked(text: str) -> exp.Expr:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the expression is longer than {MAX_LENGTH:,} characters")
    try:
        trees = sqlglot.parse(text, dialect="clickhouse")
    except SqlglotError as error:
        first = str(error).splitlines()[0]
        raise ValueError(f"is not an expression ClickHouse understands: {first}") from error
    except RecursionError as error:
        raise ValueError("the expression is nested too deeply") from error
    tree = trees[0] if len(trees) == 1 else None
    if tree is None:
        raise ValueError("must be one expression")
    for node in tree.walk():
        _check_node(node)
    return tree


def _check_node(node: exp.Expr) -> None:
    if isinstance(node, exp.Anonymous):
        name = str(node.this)
        if name.lower() not in _FUNCTIONS:
            near = difflib.get_close_matches(name.lower(), _FUNCTIONS, n=1)
            hint = f" (did you mean {_FUNCTIONS[near[0]]}?)" if near else ""
            raise ValueError(f"the function {name} is not allowed in an import{hint}")
        if name.lower() in _PATTERNS and not all(isinstance(each, exp.Literal) for each in node.expressions[1:]):
            # A replacement may name a group the pattern does not have.
            raise ValueError(f"the pattern of {name} must be a constant, and so must what replaces it")
        return
    if type(node) not in _NODES:
        raise ValueError(f"{node.sql(dialect='clickhouse')[:60]!r} is not allowed in an import: {_explained(node)}")
    if isinstance(node, exp.Like | exp.ILike | exp.RegexpLike) and not isinstance(node.expression, exp.Literal):
        raise ValueError("the pattern of LIKE and match must be a constant")
    if isinstance(node, exp.TimeToStr) and not all(_is_constant(node.args.get(each)) for each in ("format", "zone")):
        raise ValueError("the format and the time zone of formatDateTime must be constants")
    if isinstance(node, exp.Pad) and not _is_length(node.expression):
        raise ValueError(f"the length leftPad and rightPad make must be a constant from 0 to {_MAX_PADDED:,}")
    if isinstance(node, exp.In) and (node.args.get("query") or node.args.get("field")):
        raise ValueError("IN takes a list of values in an import")


def _is_constant(node: exp.Expr | None) -> bool:
    return node is None or isinstance(node, exp.Literal)


def _is_length(node: exp.Expr | None) -> bool:
    # Of a length that comes from the row one odd value would stop the chunk.
    return (
        isinstance(node, exp.Literal)
        and not node.is_string
        and str(node.this).isdecimal()
        and int(node.this) <= _MAX_PADDED
    )


def _explained(node: exp.Expr) -> str:
    if isinstance(node, exp.Query | exp.Subquery):
        return "it reads from elsewhere than this row"
    if isinstance(node, exp.Cast):
        return "a cast stops at the first odd value; use toInt64OrNull, toFloat64OrNull, toDateOrNull, toString"
    return "only the file's columns, constants, operators and plain functions of one row"


def _column_name(node: exp.Column) -> str:
    return ".".join(part.name for part in node.parts)
