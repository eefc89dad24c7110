"""Instants, durations, amounts and counts as people read them; pure, `now` and zone are arguments.

Times are shown relative and absolute, the absolute in the reader's zone and naming it ("2 h late · 14:05 CEST").
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MISSING = "–"
MOST_DIGITS = 8
"""Behind the point of a percentage."""


def zone_named(name: str | None) -> tzinfo:
    """The IANA zone of that name; UTC where the browser names none that we know."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def span_text(span: timedelta) -> str:
    """A duration without its sign, in the one or two units that matter: `45 s`, `12 min`, `2 h 5 min`, `3 d 4 h`."""
    seconds = abs(span).total_seconds()
    if seconds < 1:
        return f"{min(round(seconds * 1000), 999)} ms"
    if seconds < 60:
        return f"{int(seconds)} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"


def relative(at: datetime, now: datetime) -> str:
    """How far an instant is from now: `just now`, `5 min ago`, `in 3 h`."""
    if abs(now - at) < timedelta(seconds=1):
        return "just now"
    return f"{span_text(now - at)} ago" if at <= now else f"in {span_text(at - now)}"


def local(at: datetime, zone: tzinfo, now: datetime) -> str:
    """An instant in the reader's zone, as short as it is unambiguous: `14:05 CET`, `20 Nov 14:05 CET`."""
    here, today = at.astimezone(zone), now.astimezone(zone)
    clock = f"{here:%H:%M} {here.tzname()}"
    if here.date() == today.date():
        return clock
    day = f"{here.day} {here:%b}"
    return f"{day} {clock}" if here.year == today.year else f"{day} {here.year} {clock}"


def exact(at: datetime, zone: tzinfo) -> str:
    """An instant in the reader's zone to the millisecond: `2026-11-21 14:05:07.123 CET`."""
    here = at.astimezone(zone)
    return f"{here:%Y-%m-%d %H:%M:%S}.{here.microsecond // 1000:03d} {here.tzname()}"


def deadline_text(deadline: datetime, answered: datetime | None, now: datetime) -> str:
    """Where a clock stands against its deadline: `2 h late`, `35 min early`, `due in 3 h`, `overdue by 1 d`."""
    if answered is not None:
        word = "late" if answered > deadline else "early"
        return f"{span_text(answered - deadline)} {word}"
    return f"due in {span_text(deadline - now)}" if deadline >= now else f"overdue by {span_text(now - deadline)}"


def standing(verdict: str, deadline: datetime, answered: datetime | None, now: datetime) -> str:
    """Where a promise stands against its deadline; the verdict in words where nothing is waited for any more."""
    if verdict in ("cancelled", "excused"):
        return words(verdict)
    return deadline_text(deadline, answered, now)


def count(number: int) -> str:
    """A count with thousands set apart."""
    return f"{number:,}"


def counted(number: int, what: str) -> str:
    """A count of things with a regular plural: `1 instance`, `2 instances`."""
    return f"{count(number)} {what}{'' if number == 1 else 's'}"


def share(value: float | None, digits: int = 1) -> str:
    """A share of 1 in percent; never rounded up to a full 100 that it is not."""
    if value is None:
        return MISSING
    text = f"{value * 100:.{digits}f}"
    if value < 1 and float(text) >= 100:
        text = f"{100 - 10**-digits:.{digits}f}"
    return f"{text} %"


def target(value: float) -> str:
    """A share that somebody declared, to the last digit: `99.95 %`."""
    return share(value, _digits(value))


def attained(value: float | None, aim: float | None) -> str:
    """A share beside the one it is held to, as exact as that; more exact where it falls short by less."""
    if value is None or aim is None:
        return share(value)
    digits = _digits(aim)
    while value < aim and share(value, digits) == share(aim, digits) and digits < MOST_DIGITS:
        digits += 1
    return share(value, digits)


def _digits(value: float) -> int:
    """How many digits a declared share needs behind the point, in percent; at least one."""
    return max(1, len(f"{value * 100:.{MOST_DIGITS}f}".rstrip("0").partition(".")[2]))


def amount(value: str | None, currency: str | None) -> str:
    """An amount with its currency, to the hundredth or as exactly as it came; what is no number is shown as it came."""
    if not value:
        return MISSING
    try:
        number = Decimal(value)
        text = f"{number:,.2f}" if number == round(number, 2) else f"{number.normalize():,f}"
    except (InvalidOperation, OverflowError, ValueError):
        text = value
    return f"{text} {currency}" if currency else text


def words(identifier: str) -> str:
    """An identifier as words: `goods_issued` is `Goods issued`."""
    text = identifier.replace("_", " ").strip()
    return text[:1].upper() + text[1:]
