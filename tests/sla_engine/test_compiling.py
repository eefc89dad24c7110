"""Compiled SLAs: what a catalog names reaches the statement as bound values only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sla_engine.compiling import CompiledTime, clock_facts
from sla_engine.versions import SlaVersion, sla_versions
from tests.sla_engine.story import Applied, catalog, when

AS_OF = when("2026-03-02T00:00:00Z")
HOSTILE = "x'; DROP TABLE verdicts; -- {sla:String} `\\"
KINDS: list[dict[str, Any]] = [
    {"within": "4h", "calendar": "berlin", "pause": {"from": "p", "to": "r"}, "at_risk": "75%"},
    {"within": "4h", "occurrence": "each"},
    {"within": "4h", "per": "delivery"},
    {"by": {"attribute": "promise"}, "at_risk": "50%"},
    {"by": {"cut_off": "16:00", "due": "17:00"}, "calendar": "berlin"},
]


def version(kind: dict[str, Any]) -> SlaVersion:
    (found,) = sla_versions([Applied(catalog({"from": "a", "to": "b", **kind}), AS_OF)])
    return found


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_names_of_a_catalog_never_enter_the_text(kind: dict[str, Any]) -> None:
    plain = version(kind)
    promise = replace(plain.sla.promise, attribute=HOSTILE) if plain.sla.promise else None
    sla = replace(plain.sla, id=HOSTILE, from_milestone=HOSTILE, to_milestone=HOSTILE, promise=promise, hash=HOSTILE)
    hostile = clock_facts(replace(plain, sla=sla), CompiledTime(), tenant=HOSTILE, as_of=AS_OF)
    assert hostile.text == clock_facts(plain, CompiledTime(), tenant="t", as_of=AS_OF).text
    assert HOSTILE in hostile.params.values()


def test_a_share_of_time_is_exact_and_rounded_up_to_the_microsecond() -> None:
    def risk_us(within: str, share: str) -> int:
        params = clock_facts(
            version({"within": within, "at_risk": share}), CompiledTime(), tenant="t", as_of=AS_OF
        ).params
        return int(params["risk_us"])

    assert risk_us("4h", "75%") == 3 * 3_600_000_000
    assert risk_us("1s", "33.33333%") == 333_334
    assert risk_us("4h", "1h") == 3 * 3_600_000_000
