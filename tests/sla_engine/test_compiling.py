"""Compiled SLAs: what a catalog names reaches the statement as bound values only."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from model import Comparison, Condition, Feed, Filter, Tier
from sla_engine.compiling import CompiledTime, Member, branches, clock_facts, families, feed_facts
from sla_engine.feeds import Stretch
from sla_engine.versions import SlaVersion, sla_versions
from store import Sql
from tests.sla_engine.story import Applied, catalog, when

AS_OF = when("2026-03-02T00:00:00Z")
HOSTILE = "x'; DROP TABLE verdicts; -- {sla:String} `\\"
KINDS: list[dict[str, Any]] = [
    {"within": "4h", "calendar": "berlin", "pause": {"from": "p", "to": "r"}, "at_risk": "75%"},
    {"within": "4h", "occurrence": "each"},
    {"within": "4h", "per": "delivery"},
    {"by": {"attribute": "promise"}, "at_risk": "50%"},
    {"by": {"cut_off": "16:00", "due": "17:00"}, "calendar": "berlin"},
    {"within": "4h", "tiers": [{"where": {"attributes": {"class": "gold"}}, "within": "1h"}]},
    {"every": "15m", "system": "wms", "calendar": "berlin"},
    {"volume": {"at_least": 3, "by": "12:00"}, "milestone": "b", "calendar": "berlin", "at_risk": "50%"},
]
PATTERN = Condition(Comparison.PATTERN, operand=HOSTILE)
TAME = Filter(
    (("x", Condition(Comparison.ANY_OF, ("x",))),),
    (("x", Condition(Comparison.PATTERN, operand="x")),),
    Condition(Comparison.PATTERN, operand="x"),
    (Condition(Comparison.PATTERN, operand="x"),),
)
GOLDEN = Path(__file__).with_name("golden")


def facts(found: SlaVersion, tenant: str = "t") -> Sql:
    """The statement of the version's clocks, of all branches together."""
    if found.sla.feed is not None:
        return feed_facts(found, CompiledTime(), Stretch(AS_OF, AS_OF, AS_OF, AS_OF), tenant=tenant, as_of=AS_OF)
    members = [Member(found, each, CompiledTime()) for each in branches(found.sla)]
    all_ = [clock_facts(each, tenant=tenant, as_of=AS_OF) for each in families(members)]
    return Sql(
        "\nUNION ALL\n".join(each.text for each in all_), {k: v for each in all_ for k, v in each.params.items()}
    )


def version(kind: dict[str, Any]) -> SlaVersion:
    ends = {} if "every" in kind or "volume" in kind else {"from": "a", "to": "b"}
    (found,) = sla_versions([Applied(catalog({**ends, **kind}), AS_OF)])
    return found


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_names_of_a_catalog_never_enter_the_text(kind: dict[str, Any]) -> None:
    plain = version(kind)
    promise = replace(plain.sla.promise, attribute=HOSTILE) if plain.sla.promise else None
    sla = replace(plain.sla, id=HOSTILE, from_milestone=HOSTILE, to_milestone=HOSTILE, promise=promise, hash=HOSTILE)
    if sla.feed:
        sla = replace(sla, feed=Feed(HOSTILE, (HOSTILE,)))
    if sla.tiers:
        where = Filter(
            ((HOSTILE, Condition(Comparison.ANY_OF, (HOSTILE,))),), ((HOSTILE, PATTERN),), PATTERN, (PATTERN,)
        )
        plain = replace(plain, sla=replace(plain.sla, tiers=(Tier(TAME, timedelta(hours=1)),)))
        sla = replace(sla, tiers=(Tier(where, timedelta(hours=1)),))
    hostile = facts(replace(plain, sla=sla), HOSTILE)
    assert hostile.text == facts(plain).text
    assert any(HOSTILE in value for value in hostile.params.values() if isinstance(value, (str, list)))


def test_a_share_of_time_is_exact_and_rounded_up_to_the_microsecond() -> None:
    def risk_us(within: str, share: str) -> int:
        return int(facts(version({"within": within, "at_risk": share})).params["risk_us"][0])

    assert risk_us("4h", "75%") == 3 * 3_600_000_000
    assert risk_us("1s", "33.33333%") == 333_334
    assert risk_us("4h", "1h") == 3 * 3_600_000_000


@pytest.mark.parametrize("number", range(len(KINDS)), ids=lambda number: "-".join(KINDS[number]))
def test_the_compiled_statement_is_the_one_on_file(number: int) -> None:
    """Set THROUGHLINE_GOLDEN=write to write the files anew, and look at the difference."""
    file = GOLDEN / f"{number}-{'-'.join(KINDS[number])}.sql"
    compiled = facts(version(KINDS[number]))
    values = "".join(f"-- {name} = {compiled.params[name]!r}\n" for name in sorted(compiled.params))
    text = f"{values}\n{compiled.text}\n"
    if os.environ.get("THROUGHLINE_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text)
    assert file.read_text() == text
