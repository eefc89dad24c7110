"""Which ClickHouse errors can pass by themselves, by their numeric code, never by their text."""

from __future__ import annotations

from enum import IntEnum

from clickhouse_connect.driver.exceptions import ClickHouseError

from model import StoreUnavailable, ThroughlineError


class Code(IntEnum):
    """The server's error codes that a later attempt may not meet again."""

    TIMEOUT_EXCEEDED = 159
    QUOTA_EXCEEDED = 201
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    NO_FREE_CONNECTION = 203
    SOCKET_TIMEOUT = 209
    NETWORK_ERROR = 210
    MEMORY_LIMIT_EXCEEDED = 241
    TABLE_IS_READ_ONLY = 242
    NOT_ENOUGH_SPACE = 243
    TOO_MANY_PARTS = 252
    ALL_CONNECTION_TRIES_FAILED = 279
    QUERY_WAS_CANCELLED = 394
    CANNOT_SCHEDULE_TASK = 439


_PASSING = frozenset(int(code) for code in Code)


class StatementFailed(ThroughlineError):
    """ClickHouse refused a statement; trying the same again changes nothing. `code` is the server's error code."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


def translated(error: ClickHouseError) -> ThroughlineError:
    """The error of our tree for one of the client's: `StoreUnavailable` where a later attempt may succeed."""
    code = getattr(error, "code", None)
    message = str(error).splitlines()[0] if str(error) else type(error).__name__
    if code is None:
        return StoreUnavailable(f"ClickHouse does not answer: {_at_the_bottom(error)}")
    return StoreUnavailable(message) if code in _PASSING else StatementFailed(message, code)


def _at_the_bottom(error: BaseException) -> str:
    """The operating system's own words where it said any; the layers above wrap them in their own."""
    below = error.__cause__ or error.__context__ or getattr(error, "reason", None)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    for argument in (below, *error.args):
        if isinstance(argument, BaseException):
            return _at_the_bottom(argument)
    return str(error).splitlines()[0] if str(error) else type(error).__name__
