"""How single values are written in a catalog: texts, durations, shares, conditions, opening hours.

Each is an annotated type for the models in `model.catalog.written`: a function that turns what YAML gave into the
resolved value, or raises with a sentence for a person, and the JSON Schema of what may be written.
"""

from __future__ import annotations

import re
import urllib.parse
import zoneinfo
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from model.catalog.hours import parse_days, parse_hours
from model.catalog.mistake import mistake
from model.catalog.yaml_text import WrittenFloat, WrittenInt, core_value
from model.definitions import AtRisk, Comparison, Condition
from model.duration import parse_duration
from model.patterns import check_pattern

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s?%", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_LOCAL_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ORDERINGS = (Comparison.GTE, Comparison.GT, Comparison.LTE, Comparison.LT)
_OPERATORS = (Comparison.EXISTS, *_ORDERINGS, Comparison.PATTERN)
_MOST_VALUES = 10_000


def _told(parse: Callable[[str], Any], what: str) -> Callable[[Any], Any]:
    """A validator of texts: other values are told to be `what`, the parser's ValueError becomes the message."""

    def validator(value: Any) -> Any:
        if not isinstance(value, str):
            raise mistake(f"must be {what}, not {described(value)}")
        try:
            return parse(value)
        except PydanticCustomError:
            raise
        except ValueError as error:
            raise mistake(str(error)) from error

    return PlainValidator(validator)  # type: ignore[return-value]


def described(value: Any) -> str:
    """A value in the words of a message: short, as YAML shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return value.written
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    if not isinstance(core_value(text), str):
        return f'`"{text}"`'
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        raise mistake(f'must be text: write "{described(value)}" in quotes')
    raise mistake(f"must be text, not {described(value)}")


def _not_blank(value: str) -> str:
    if not value.strip():
        raise mistake("must not be blank")
    if any(ord(each) < 32 and each not in "\n\t" for each in value):
        raise mistake("must not hold control characters")
    return value


def _without_slash(value: str) -> str:
    if "/" in value:
        raise mistake(f"`{value}` must not hold a slash: it is part of addresses")
    return value


Text = Annotated[
    str, BeforeValidator(_text), StringConstraints(min_length=1, max_length=2_000), AfterValidator(_not_blank)
]
Name = Annotated[
    str, BeforeValidator(_text), StringConstraints(min_length=1, max_length=200), AfterValidator(_not_blank)
]
AddressName = Annotated[Name, AfterValidator(_without_slash)]


def share(text: str) -> float:
    """The share a percentage means, above 0 and up to 1; raises ValueError."""
    found = _PERCENT.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text}` is not a percentage: write it like 75% or 99.5%")
    percent = float(found[1])
    if not 0 < percent <= 100:
        raise ValueError(f"`{text}` must be above 0% and at most 100%")
    return round(percent / 100, 10)


def at_risk(text: str) -> AtRisk:
    """A share of the clock's time (`75%`) or a time left (`30m`); raises ValueError."""
    return AtRisk(share=share(text)) if text.rstrip().endswith("%") else AtRisk(left=parse_duration(text))


def time_of_day(text: str) -> time:
    """A local time `HH:MM`; raises ValueError."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text}` is not a time of day: write it like 09:30")
    return time(int(found[1]), int(found[2]))


def local_time(text: str) -> datetime:
    """A local time to the minute, without a zone: the calendar's counts."""
    if not _LOCAL_TIME.fullmatch(text):
        raise ValueError(f"`{text}` is not a local time: write it like 2026-03-07T22:00")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"`{text}` is not a time that any calendar has") from None


def zone(text: str) -> str:
    """The name of an IANA time zone; raises ValueError."""
    if text not in _zones():
        raise mistake(f"`{text}` is not a time zone of the IANA database", near=text, known=_zones())
    return text


@lru_cache(maxsize=1)
def _zones() -> tuple[str, ...]:
    """The names this machine knows; looked up once, because it means reading a folder tree."""
    return tuple(sorted(zoneinfo.available_timezones()))


def web_address(text: str) -> str:
    """An http or https URL with a host; raises ValueError."""
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"`{text}` is not a web address: write it like https://host/path")
    return text


def mail_address(text: str) -> str:
    """An address of one mailbox; raises ValueError."""
    name, at, host = text.rpartition("@")
    if not (name and at and host) or any(each.isspace() or each in ",;<>" for each in text):
        raise ValueError(f"`{text}` is not a mail address: write it like name@example.org")
    return text


def environment_name(text: str) -> str:
    """The name of an environment variable; raises ValueError."""
    if not _ENVIRONMENT_NAME.fullmatch(text):
        raise ValueError("must be the name of the environment variable that holds the URL, which is a secret")
    return text


def conditions(value: Any) -> tuple[Condition, ...]:
    """What a match value asks: a text (exact or glob), a list of them, or operators that must all hold."""
    if isinstance(value, dict):
        if not value:
            raise mistake("an empty mapping asks nothing")
        return tuple(_operator(name, operand) for name, operand in value.items())
    values = value if isinstance(value, list) else [value]
    if not values:
        raise mistake("an empty list matches nothing")
    if len(values) > _MOST_VALUES:
        raise mistake(f"a list of {len(values):,} values is longer than {_MOST_VALUES:,}: write a pattern instead")
    return (Condition(Comparison.ANY_OF, tuple(_plain(each) for each in values)),)


def name_condition(value: Any) -> Condition:
    """What is asked of a name (span, event, service): a text, a list of texts, or `{pattern: ...}`."""
    if isinstance(value, dict) and (set(value) != {"pattern"}):
        raise mistake("a name is a text, a list of texts or {pattern: ...}")
    return conditions(value)[0]


def _plain(value: Any) -> str:
    if isinstance(value, str):
        if not value:
            raise mistake("an empty text matches nothing")
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return value.written
    if isinstance(value, (int, float)):
        return str(value)
    raise mistake(f"must be a text or a list of texts, not {described(value)}")


def _operator(name: str, operand: Any) -> Condition:
    if name not in _OPERATORS:
        raise mistake(f"unknown operator `{name}`", at=name, near=name, known=tuple(_OPERATORS))
    comparison = Comparison(name)
    if comparison is Comparison.EXISTS:
        if not isinstance(operand, bool):
            raise mistake(f"must be true or false, not {described(operand)}", at=name)
        return Condition(comparison, operand=operand)
    if comparison is Comparison.PATTERN:
        if not isinstance(operand, str) or not operand:
            raise mistake(f"must be a regular expression, not {described(operand)}", at=name)
        try:
            check_pattern(operand)
        except ValueError as error:
            raise mistake(str(error), at=name) from error
        return Condition(comparison, operand=operand)
    if isinstance(operand, bool) or not isinstance(operand, (int, float)) or abs(operand) > 1e300:
        raise mistake(f"must be a number, not {described(operand)}", at=name)
    return Condition(comparison, operand=float(operand))


_SCALAR = {"type": ["string", "number", "boolean"]}
_DURATION_SCHEMA = {
    "type": "string",
    "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$",
    "examples": ["30s", "15m", "1h30m", "2d"],
}
_TIME_SCHEMA = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "examples": ["16:00"]}
_SHARE_SCHEMA = {"type": "string", "pattern": r"^\d+(\.\d+)?%$", "examples": ["75%"]}
_SPANS_SCHEMA = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "examples": ["09:00-17:00", "closed"],
}
_NAME_SCHEMA = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": _MOST_VALUES},
        {
            "type": "object",
            "properties": {"pattern": {"type": "string"}},
            "required": ["pattern"],
            "additionalProperties": False,
        },
    ]
}
_CONDITION_SCHEMA = {
    "anyOf": [
        _SCALAR,
        {"type": "array", "items": _SCALAR, "minItems": 1, "maxItems": _MOST_VALUES},
        {
            "type": "object",
            "properties": {
                "exists": {"type": "boolean"},
                **{each.value: {"type": "number"} for each in _ORDERINGS},
                "pattern": {"type": "string"},
            },
            "additionalProperties": False,
            "minProperties": 1,
        },
    ]
}


def _pattern(text: str) -> str:
    if not text:
        raise ValueError("an empty pattern matches everything")
    check_pattern(text)
    return text


Pattern = Annotated[str, _told(_pattern, "a regular expression"), WithJsonSchema({"type": "string", "minLength": 1})]
Duration = Annotated[timedelta, _told(parse_duration, "a duration like 4h"), WithJsonSchema(_DURATION_SCHEMA)]
Share = Annotated[float, _told(share, "a percentage like 99%"), WithJsonSchema(_SHARE_SCHEMA)]
RiskPoint = Annotated[
    AtRisk,
    _told(at_risk, "a percentage like 75% or a duration like 30m"),
    WithJsonSchema({"anyOf": [_SHARE_SCHEMA, _DURATION_SCHEMA]}),
]
TimeOfDay = Annotated[time, _told(time_of_day, "a time of day like 16:00"), WithJsonSchema(_TIME_SCHEMA)]
LocalTime = Annotated[
    datetime,
    _told(local_time, "a local time like 2026-03-07T22:00"),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$", "examples": ["2026-03-07T22:00"]}
    ),
]
Zone = Annotated[
    str,
    _told(zone, "a time zone like Europe/Berlin"),
    WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]}),
]
WebAddress = Annotated[
    str,
    _told(web_address, "a web address"),
    WithJsonSchema({"type": "string", "format": "uri", "pattern": "^https?://"}),
]
MailAddress = Annotated[
    str, _told(mail_address, "a mail address"), WithJsonSchema({"type": "string", "format": "email"})
]
EnvironmentName = Annotated[
    str,
    _told(environment_name, "the name of an environment variable"),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}),
]
Conditions = Annotated[tuple[Condition, ...], PlainValidator(conditions), WithJsonSchema(_CONDITION_SCHEMA)]
NameCondition = Annotated[Condition, PlainValidator(name_condition), WithJsonSchema(_NAME_SCHEMA)]
Hours = Annotated[
    tuple[tuple[tuple[int, int], ...], ...],
    PlainValidator(parse_hours),
    WithJsonSchema({"type": "object", "additionalProperties": _SPANS_SCHEMA, "minProperties": 1}),
]
Days = Annotated[
    tuple[tuple[date, tuple[tuple[int, int], ...]], ...],
    PlainValidator(parse_days),
    WithJsonSchema(
        {"type": "object", "propertyNames": {"pattern": r"^\d{4}-\d{2}-\d{2}$"}, "additionalProperties": _SPANS_SCHEMA}
    ),
]
