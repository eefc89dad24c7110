"""Compiles a version of an SLA to the SELECT that works out its clocks from staged events.

The statement is a chain of named steps, each a file in `queries/`: starts → answered → ended → timed → aimed → due.
Names of milestones, attributes and keys are bound values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from correlator import reached_values
from model import AtRisk, Occurrence, Sla
from sla_engine.versions import SlaVersion
from store import Sql, load_query

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


def clock_facts(version: SlaVersion, time: CompiledTime, *, tenant: str, as_of: datetime) -> Sql:
    """One row per clock this version judges, with the columns of `staged_clocks`."""
    sla = version.sla
    starts, answered = ("starts_per", "answered_per") if sla.per else _STARTS[sla.occurrence]
    steps = [("starts", _text(starts)), ("answered", _answered(answered, version, tenant)), ("ended", _ended(sla))]
    steps += _within_steps(sla) if sla.within is not None else _promise_steps(sla)
    steps += _due_steps(sla)
    body = Sql.joined([Sql(f"{name} AS (\n{step.text})", step.params) for name, step in steps], ",\n")
    final = _text("clock_facts")
    params = {**body.params, **_values(version, time), "tenant": tenant, "as_of": as_of}
    return Sql(f"WITH\n{body.text}\n{final.text}", params)


def latest_promise(sla: Sla) -> Sql:
    """The latest date promised by the staged starts of an SLA with promised dates."""
    promised = load_query("sla_engine", "promised_date").replace("/*rows*/", "asked")
    text = load_query("sla_engine", "latest_promise").replace("/*promised*/", promised)
    return Sql(text, {"from_milestone": sla.from_milestone, "promise": _attribute(sla), "zone": sla.zone})


def _text(name: str, **parts: str) -> Sql:
    text = load_query("sla_engine", name)
    for part, replacement in parts.items():
        text = text.replace(f"/*{part}*/", replacement)
    return Sql(text)


def _answered(name: str, version: SlaVersion, tenant: str) -> Sql:
    if not version.sla.per:
        return _text(name)
    ends = Sql("SELECT event_id FROM staged_events WHERE milestone = {to_milestone:String}")
    reached = reached_values(tenant, version.workflow, version.sla.per, ends)
    return Sql(_text(name, reached=reached.text).text, reached.params)


def _ended(sla: Sla) -> Sql:
    if sla.pause is None or sla.within is None:
        return _text("ended", pauses=_text("no_pauses").text)
    turns = _own_time(sla, _text("pause_turns").text)
    return _text("ended", pauses=_text("pauses", turns=turns.text).text)


def _within_steps(sla: Sla) -> list[tuple[str, Sql]]:
    return [("timed", _own_time(sla, "SELECT *, started_at AS at FROM ended")), ("aimed", _text("aimed_within"))]


def _promise_steps(sla: Sla) -> list[tuple[str, Sql]]:
    promised = _text("promised_date", rows="ended") if sla.promise else _text("promised_cut_off")
    begun = _own_time(sla, "SELECT *, started_at AS at FROM promised")
    rest = "SELECT * EXCEPT (at, own_us), own_us AS begun_us, ifNull(promised_at, started_at) AS at FROM begun"
    return [
        ("promised", promised),
        ("begun", begun),
        ("timed", _own_time(sla, rest)),
        ("aimed", _text("aimed_promise")),
    ]


def _due_steps(sla: Sla) -> list[tuple[str, Sql]]:
    rest = (
        "SELECT * EXCEPT (aim_us, reached_at), coalesce(promised_at, reached_at) AS deadline_at, risk_own_us AS aim_us "
        "FROM dated"
    )
    return [("dated", _instant(sla, "SELECT *, due_us AS aim_us FROM aimed")), ("due", _instant(sla, rest))]


def _own_time(sla: Sla, rows: str) -> Sql:
    return _text("own_time_working" if sla.calendar else "own_time_elapsed", rows=rows)


def _instant(sla: Sla, rows: str) -> Sql:
    return _text("instant_working" if sla.calendar else "instant_elapsed", rows=rows)


def _values(version: SlaVersion, time: CompiledTime) -> dict[str, Any]:
    sla = version.sla
    return {
        "workflow": sla.workflow,
        "sla": sla.id,
        "definition": sla.hash,
        "from_milestone": sla.from_milestone,
        "to_milestone": sla.to_milestone,
        "system": version.system.id if version.system else "",
        "is_each": int(sla.occurrence is Occurrence.EACH and not sla.per),
        "per": sla.per or "",
        "promise": _attribute(sla),
        "zone": sla.zone,
        "calendar": version.calendar.hash if version.calendar else "",
        "first_us": time.first_us,
        "cut_off": time.cut_off,
        "pause_from": sla.pause.from_milestone if sla.pause else "",
        "pause_to": sla.pause.to_milestone if sla.pause else "",
        "effective_from": version.effective_from,
        "effective_to": version.effective_to,
        **_durations(sla.within, sla.at_risk),
    }


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
