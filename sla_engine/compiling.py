"""Compiles SLAs to the SELECT that works out their clocks from staged events.

The statement is a chain of named steps, each a file in `queries/`: starts → answered → ended (→ paused) → timed → aimed
→ due; of a feed: silences or volumes instead of the first three. SLAs of one form are one family and one statement,
what they differ in is bound as arrays, and each row carries the number `n` of its SLA: a statement of this length costs
more than a thousand clocks. An SLA with tiers takes part once for each (`branches`).
Names of milestones, attributes and keys are bound values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from correlator import reached_values
from model import AtRisk, Filter, Occurrence, Sla, microseconds
from sla_engine.conditions import Conditions, attributes_of
from sla_engine.feeds import Stretch
from sla_engine.versions import SlaVersion
from store import Sql, spliced

_MICROSECOND = timedelta(microseconds=1)

_STARTS = {
    Occurrence.FIRST: ("starts_first", "answered_whenever"),
    Occurrence.LAST: ("starts_last", "answered_after"),
    Occurrence.EACH: ("starts_each", "answered_after"),
}


@dataclass(frozen=True, slots=True)
class CompiledTime:
    """Where the store keeps an SLA's time: the first cumulative value of its calendar, the name of its cut-offs."""

    first_us: int = 0
    cut_off: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A version of an SLA with the part of it that is meant, and where the store keeps its time."""

    version: SlaVersion
    branch: Branch
    time: CompiledTime


@dataclass(frozen=True, slots=True)
class Branch:
    """The part of an SLA that holds for some starts: those that pass its filters and none of the tiers before it."""

    sla: Sla
    wanted: tuple[Filter, ...] = ()
    unwanted: tuple[Filter, ...] = ()


def branches(sla: Sla) -> tuple[Branch, ...]:
    """An SLA by its tiers, in order, and what is left of it; one branch without tiers."""
    common = (sla.where,) if sla.where else ()
    found: list[Branch] = []
    before: tuple[Filter, ...] = ()
    for tier in sla.tiers:
        found.append(Branch(replace(sla, within=tier.within), (*common, tier.where), before))
        before = (*before, tier.where)
    if sla.within is not None or not sla.tiers:
        found.append(Branch(sla, common, before))
    return tuple(found)


def longest(sla: Sla) -> timedelta:
    """The longest time the SLA allows anyone, in its own time; zero for due dates."""
    allowed = [each.within for each in sla.tiers] + [each for each in (sla.within, sla.every) if each is not None]
    return max(allowed, default=timedelta())


def attributes_asked(version: SlaVersion) -> set[str]:
    """The attributes of events that the statement reads."""
    sla = version.sla
    filters = [each.where for each in sla.tiers] + ([sla.where] if sla.where else [])
    names = {name for each in filters for name in attributes_of(each, version.workflow)}
    return names | {sla.promise.attribute} if sla.promise else names


def families(members: Iterable[Member]) -> list[list[Member]]:
    """The members by what decides the text of their statement, each family in the order given."""
    found: dict[tuple[object, ...], list[Member]] = {}
    for each in members:
        found.setdefault(_form(each), []).append(each)
    return list(found.values())


def clock_facts(family: Sequence[Member], *, tenant: str, as_of: datetime) -> Sql:
    """One row per clock that the members of one family judge, with the columns of `staged_clocks`."""
    sla = family[0].branch.sla
    starts, answered = ("starts_per", "answered_per") if sla.per else _STARTS[sla.occurrence]
    steps = [
        *_starts(starts, family),
        ("answered", _answered(answered, family[0].version, tenant)),
        ("ended", _text("ended")),
    ]
    steps += _within_steps(sla) if sla.within is not None else _promise_steps(sla)
    return _facts(family, sla, steps, tenant, as_of)


def _form(member: Member) -> tuple[object, ...]:
    """What members of one family have in common."""
    sla, branch = member.branch.sla, member.branch
    return (
        member.version.workflow.hash,
        sla.per or _STARTS[sla.occurrence],
        bool(sla.calendar),
        bool(sla.pause),
        bool(branch.wanted or branch.unwanted),
        sla.within is not None,
        sla.zone if sla.within is None else "",
        bool(sla.promise),
    )


def feed_facts(version: SlaVersion, time: CompiledTime, part: Stretch, *, tenant: str, as_of: datetime) -> Sql:
    """One row per clock of a part of a feed, with the columns of `staged_clocks`."""
    sla = version.sla
    assert sla.feed is not None, "only an SLA with every or volume has a feed"  # noqa: S101
    own = {"feed": list(sla.feed.milestones), "feed_name": sla.feed.name, "since": part.begin}
    if sla.volume is not None:
        own |= {"at_least": _or_none(sla.volume.at_least), "at_most": _or_none(sla.volume.at_most)}
        member = Member(version, Branch(sla), time)
        return _facts([member], sla, [("promised", Sql(_text("volumes").text, own)), *_dated_steps(sla)], tenant, as_of)
    own |= {"is_waited_for": int(part.waited_from is not None), "waited_from": part.waited_from or as_of}
    own |= {"first_ever": part.first_ever}
    within = replace(sla, within=sla.every)
    steps = [("ended", Sql(_text("silences").text, own)), *_within_steps(within)]
    facts = _facts([Member(version, Branch(within), time)], within, steps, tenant, as_of)
    return _text("noteworthy_silences", facts=facts)


def _facts(family: Sequence[Member], sla: Sla, steps: list[tuple[str, Sql]], tenant: str, as_of: datetime) -> Sql:
    body = Sql.joined(
        [Sql(f"{name} AS (\n{step.text})", step.params) for name, step in [*steps, *_due_steps(sla)]], ",\n"
    )
    params = {**body.params, **_values(family), "tenant": tenant, "as_of": as_of}
    return Sql(f"WITH\n{body.text}\n{_text('clock_facts').text}", params)


def _or_none(bound: int | None) -> int:
    return -1 if bound is None else bound


def _starts(name: str, family: Sequence[Member]) -> list[tuple[str, Sql]]:
    """Filters look at the event that starts the clock; which one that is they do not decide."""
    if not family[0].branch.wanted and not family[0].branch.unwanted:
        return [("asked", _text(name)), ("starts", _text("all_starts"))]
    conditions = Conditions(family[0].version.workflow)
    parts = [conditions.chosen(each.branch.wanted, each.branch.unwanted) for each in family]
    chosen = Sql.joined(parts, ",\n")
    return [("asked", _text(name)), ("starts", _text("chosen_starts", conditions=chosen))]


def latest_promise(sla: Sla) -> Sql:
    """The latest date promised by the staged starts of an SLA with promised dates."""
    text = _text("latest_promise", promised=_text("promised_date", rows=Sql("asked"))).text
    return Sql(text, {"from_milestone": [sla.from_milestone], "promise": [_attribute(sla)], "zone": sla.zone})


def _text(name: str, **parts: Sql) -> Sql:
    return spliced("sla_engine", name, **parts)


def _answered(name: str, version: SlaVersion, tenant: str) -> Sql:
    if not version.sla.per:
        return _text(name)
    ends = Sql("SELECT event_id FROM staged_events WHERE milestone IN {to_milestone:Array(String)}")
    reached = reached_values(tenant, version.workflow, version.sla.per, ends)
    return _text(name, reached=reached)


def _within_steps(sla: Sla) -> list[tuple[str, Sql]]:
    if sla.pause is None:
        timed = _own_time(sla, Sql("SELECT *, started_at AS at FROM ended"))
        return [("timed", timed), ("aimed", _text("aimed_unpaused"))]
    turns = _own_time(sla, _text("pause_turns"))
    timed = _own_time(sla, Sql("SELECT *, started_at AS at FROM paused"))
    paused = _text("paused", pauses=_text("pauses", turns=turns))
    return [("paused", paused), ("timed", timed), ("aimed", _text("aimed_within"))]


def _promise_steps(sla: Sla) -> list[tuple[str, Sql]]:
    promised = _text("promised_date", rows=Sql("ended")) if sla.promise else _text("promised_cut_off")
    return [("promised", promised), *_dated_steps(sla)]


def _dated_steps(sla: Sla) -> list[tuple[str, Sql]]:
    begun = _own_time(sla, Sql("SELECT *, started_at AS at FROM promised"))
    rest = Sql("SELECT * EXCEPT (at, own_us), own_us AS begun_us, ifNull(promised_at, started_at) AS at FROM begun")
    return [("begun", begun), ("timed", _own_time(sla, rest)), ("aimed", _text("aimed_promise"))]


def _due_steps(sla: Sla) -> list[tuple[str, Sql]]:
    rest = Sql(
        "SELECT * EXCEPT (aim_us, reached_at), coalesce(promised_at, reached_at) AS deadline_at, risk_own_us AS aim_us "
        "FROM dated"
    )
    return [("dated", _instant(sla, Sql("SELECT *, due_us AS aim_us FROM aimed"))), ("due", _instant(sla, rest))]


def _own_time(sla: Sla, rows: Sql) -> Sql:
    return _text("own_time_working" if sla.calendar else "own_time_elapsed", rows=rows)


def _instant(sla: Sla, rows: Sql) -> Sql:
    return _text("instant_working" if sla.calendar else "instant_elapsed", rows=rows)


def _values(family: Sequence[Member]) -> dict[str, Any]:
    """What holds for all members as it is, what they differ in as arrays by their number."""
    first = family[0].branch.sla
    each = [_own_values(member) for member in family]
    calendars = {member.version.calendar.hash: member.time.first_us for member in family if member.version.calendar}
    return {
        "workflow": first.workflow,
        "per": first.per or "",
        "zone": first.zone,
        "calendars": list(calendars),
        "first_us": list(calendars.values()),
        "numbers": list(range(1, len(family) + 1)),
        **{name: [values[name] for values in each] for name in each[0]},
    }


def _own_values(member: Member) -> dict[str, Any]:
    version, sla = member.version, member.branch.sla
    return {
        "sla": sla.id,
        "definition": sla.hash,
        "from_milestone": sla.from_milestone,
        "to_milestone": sla.to_milestone,
        "system": version.system.id if version.system else "",
        "awaited": _awaited(sla),
        "is_each": int(sla.feed is not None or (sla.occurrence is Occurrence.EACH and not sla.per)),
        "promise": _attribute(sla),
        "calendar": version.calendar.hash if version.calendar else "",
        "cut_off": member.time.cut_off,
        "pause_from": sla.pause.from_milestone if sla.pause else "",
        "pause_to": sla.pause.to_milestone if sla.pause else "",
        "effective_from": microseconds(version.effective_from),
        "effective_to": microseconds(version.effective_to),
        **_durations(sla.within, sla.at_risk),
    }


def _awaited(sla: Sla) -> str:
    """What is waited for, in words of a reason."""
    if sla.feed is None:
        return sla.to_milestone
    if sla.volume is None:
        return f"the next event of {sla.feed.name}"
    if sla.volume.at_least is not None:
        return f"{sla.volume.at_least:,} of {sla.feed.name}"
    return f"at most {sla.volume.at_most:,} of {sla.feed.name}"


def _durations(within: timedelta | None, at_risk: AtRisk | None) -> dict[str, int]:
    within_us = within // _MICROSECOND if within else 0
    share = Fraction(str(at_risk.share)) if at_risk and at_risk.share else Fraction(0)
    left_us = at_risk.left // _MICROSECOND if at_risk and at_risk.left else 0
    # The first microsecond at which the share is used: rounded up.
    used = -(-within_us * share.numerator // share.denominator) if share else within_us - left_us
    return {
        "within_us": within_us,
        "has_risk": int(at_risk is not None),
        "risk_us": used,
        "share_ppm": int(share * 1_000_000),
        "left_us": left_us,
    }


def _attribute(sla: Sla) -> str:
    return sla.promise.attribute if sla.promise else ""
