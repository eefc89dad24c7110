"""Statements, or rows of statements, that do not need each other, at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, overload

_F = TypeVar("_F")
_S = TypeVar("_S")


@overload
def side_by_side(first: Callable[[], _F], second: Callable[[], _S], /) -> tuple[_F, _S]: ...


@overload
def side_by_side(*steps: Callable[[], object]) -> tuple[object, ...]: ...


def side_by_side(*steps: Callable[[], Any]) -> tuple[Any, ...]:
    """Run the steps to their ends, two at a time; their results in order, or what one of them raised.

    What a tick takes up is small for the engine and so one thread's work for each statement.
    """
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(step) for step in steps]
    return tuple(each.result() for each in running)
