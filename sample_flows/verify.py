"""Holds the platform to the truth: precision and recall of what it has found, by kind.

Findings settle: what was sent last takes a moment to be stitched and judged. So the comparison is repeated until all is
as it should be, or until nothing has changed for some time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

from sample_flows.api import NoAnswer, PlatformApi
from sample_flows.findings import KINDS, Finding, Findings, doubtful, platform_findings, true_findings
from sample_flows.truth import TrueInstance

TURNING = timedelta(seconds=20)
"""How long before the comparison the platform may have judged for the last time."""

PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 1.5
MOST_TIMELINES = 25
EXAMPLES = 3


@dataclass(frozen=True)
class Score:
    """How well one kind of finding was found; `missed` and `invented` hold a few examples."""

    kind: str
    true: int
    found: int
    right: int
    missed: tuple[Finding, ...]
    invented: tuple[Finding, ...]

    @property
    def precision(self) -> float:
        """The share of what was found that is true; 1 where nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of what is true that was found; 1 where there was nothing to find."""
        return self.right / self.true if self.true else 1.0

    @property
    def is_perfect(self) -> bool:
        """Whether all that is true was found and nothing else."""
        return self.right == self.true == self.found


def scores(truth: Findings, told: Findings) -> list[Score]:
    """One score for each kind."""
    found = []
    for kind in KINDS:
        true, said = truth.found[kind], told.found[kind].copy()
        for finding in truth.either[kind]:
            said.pop(finding, None) if finding not in true else None
        missed, invented = true - said, said - true
        found.append(
            Score(
                kind,
                true.total(),
                said.total(),
                (true & said).total(),
                tuple(list(missed)[:EXAMPLES]),
                tuple(list(invented)[:EXAMPLES]),
            )
        )
    return found


def compare(
    instances: Sequence[TrueInstance], workflows: Sequence[str], api: PlatformApi, timelines: int = MOST_TIMELINES
) -> list[Score]:
    """One comparison, now; of so many instances the timelines are read."""
    looked_at = _to_look_at(instances)[:timelines]
    begin = datetime.now(UTC) - TURNING
    told = platform_findings(api, workflows, [(each.workflow, each.key) for each in looked_at])
    truth = true_findings(instances, begin, datetime.now(UTC))
    keys = {(each.workflow, each.key) for each in looked_at}
    for finding in [each for each in truth.found["events"] if each[:2] not in keys]:
        del truth.found["events"][finding]
    return scores(truth, told)


def _to_look_at(instances: Sequence[TrueInstance]) -> list[TrueInstance]:
    """Those with troubled reports first, in an order of no meaning."""
    shuffled = [each for each in instances if each.known]
    random.Random(1).shuffle(shuffled)
    return sorted(shuffled, key=lambda each: not any(doubtful(event) for event in each.events))


def verify(
    instances: Sequence[TrueInstance],
    workflows: Sequence[str],
    api: PlatformApi,
    say: Callable[[str], None],
    stop: Event | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> list[Score]:
    """The comparison once it is perfect, or once nothing has changed for so long; raises NoAnswer.

    Timelines are read last, once: they are one question each.
    """
    stop = stop or Event()
    changed_at, last = time.monotonic(), [(-1, -1)]
    while True:
        result = compare(instances, workflows, api, timelines=0)
        figures = [(each.true - each.right, each.found - each.right) for each in result]
        if figures != last:
            changed_at, last = time.monotonic(), figures
        if all(each.is_perfect for each in result) or time.monotonic() - changed_at > patience_seconds:
            return compare(instances, workflows, api)
        right, found = sum(each.right for each in result), sum(each.found for each in result)
        say(f"findings so far: {right:,} of {sum(each.true for each in result):,}, {found - right:,} not true")
        if stop.wait(PAUSE_SECONDS):
            return result


def table(result: Sequence[Score]) -> str:
    """The scores for people, with examples of what is wrong."""
    lines = [
        f"{'kind':<12}{'true':>9}{'found':>9}{'precision':>11}{'recall':>9}",
        *(f"{e.kind:<12}{e.true:>9,}{e.found:>9,}{_share(e.precision)}{_share(e.recall, 9)}" for e in result),
    ]
    for each in result:
        lines += [f"missed {each.kind}: {_text(finding)}" for finding in each.missed]
        lines += [f"not true, {each.kind}: {_text(finding)}" for finding in each.invented]
    perfect = all(each.is_perfect for each in result)
    lines.append("All is found, and nothing else." if perfect else "The platform does not say what is true.")
    return "\n".join(lines)


def _share(share: float, width: int = 11) -> str:
    text = f"{share:.4f}" if share == 1 else f"{min(share, 0.9999):.4f}"
    return f"{text:>{width}}"


def _text(finding: Finding) -> str:
    return " ".join(each.isoformat() if isinstance(each, datetime) else str(each) for each in finding)


__all__ = ["NoAnswer", "Score", "compare", "scores", "table", "verify"]
