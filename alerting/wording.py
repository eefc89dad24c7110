"""How times and amounts read in a message: relative first, then absolute in UTC."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

_UNITS = ((timedelta(days=2), timedelta(days=1), "d"), (timedelta(minutes=90), timedelta(hours=1), "h"))


def span(duration: timedelta) -> str:
    """A duration in one unit, rounded down: `45 s`, `89 min`, `47 h`, `12 d`. The sign is dropped."""
    duration = abs(duration)
    for least, unit, name in (*_UNITS, (timedelta(seconds=90), timedelta(minutes=1), "min")):
        if duration >= least:
            return f"{duration // unit} {name}"
    return f"{duration // timedelta(seconds=1)} s"


def instant(at: datetime) -> str:
    """`2026-11-21 14:05 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ago(at: datetime, now: datetime) -> str:
    """`2 h ago · 2026-11-21 14:05 UTC`, or `in 2 h · ...`."""
    return f"in {span(at - now)} · {instant(at)}" if at > now else f"{span(now - at)} ago · {instant(at)}"


def due(deadline: datetime | None, satisfied: datetime | None, now: datetime) -> str:
    """How a deadline stands: `2 h late · 2026-11-21 14:05 UTC`; late by the answer's time once there is one."""
    if deadline is None:
        return "no deadline at present"
    reached = satisfied or now
    if reached > deadline:
        return f"{span(reached - deadline)} late · {instant(deadline)}"
    return f"due {ago(deadline, now)}"


def rfc3339(at: datetime) -> str:
    """`2026-11-21T14:05:00.000000Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def one_line(text: str) -> str:
    """The text without line breaks and other control characters: names come from outside, a log has one line each."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def unlinked(text: str) -> str:
    """One line in which a chat finds no mention and no link: `@all`, `<!channel>`, `[text](address)`, `http://...`.

    Angle brackets become ‹ and ›; an invisible character parts the others, so that what is read stays the same.
    """
    return _LINKING.sub(r"\g<0>" + _INVISIBLE, one_line(text).translate(_BRACKETS))


def currency(text: str) -> str:
    """The first word, of which nothing but letters, digits and signs of currencies is shown, ten of them at most."""
    word = next(iter(one_line(text).split(" ")))
    return "".join(each for each in word if each.isalnum() or unicodedata.category(each) == "Sc")[:10]


_BRACKETS = str.maketrans("<>", "‹›")
_LINKING = re.compile(r"@|](?=\()|:(?=//)")
_INVISIBLE = "\N{ZERO WIDTH SPACE}"
