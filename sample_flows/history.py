"""The past weeks, sent through the same doors as everything else, by several processes, in bounded memory.

History goes in chunks, the newest first: a platform that judges while it still arrives sees that the systems speak now,
and no feed seems to have fallen silent weeks ago. A case is whole in its chunk, and in a chunk answers go before the
promises they answer, so that nobody is alarmed in vain:

1. the spans that work off messages, which answer for a stock movement;
2. all events, the last of each case first; the platform takes events in the order in which they come;
3. all other spans, as an order is placed by one.

The platform stores spans and events apart, hence the pauses in between.
"""

from __future__ import annotations

import time
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sample_flows.case import Case
from sample_flows.door import Doors
from sample_flows.faults import with_faults
from sample_flows.plans import PROCESSES, beginning_with, instants, plan_case
from sample_flows.recording import Place
from sample_flows.statement import without_statement
from sample_flows.telling import Teller
from sample_flows.tour import Tour
from sample_flows.truth import lines_of
from sample_flows.world import together

SETTLE_SECONDS = 0.3
FAULTS_BEGIN = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Chunk:
    """The orders from an ordinal on, and what begins with them, by the instants they are placed at (µs since 1970)."""

    first: int
    instants: array[int]


@dataclass(frozen=True)
class History:
    """`orders` over the `days` before `until`. `has_files`: somebody imports the bank's statements."""

    seed: int
    orders: int
    until: datetime
    days: float
    workflows: tuple[str, ...] = tuple(PROCESSES)
    faults: tuple[str, ...] = ()
    has_files: bool = False

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All of it, of so many orders each, the newest first; eight bytes an order are kept."""
        placed = array("q", ((at - _EPOCH) // _MICROSECOND for at in self._instants()))
        for begin in reversed(range(0, self.orders, size)):
            yield Chunk(begin + 1, placed[begin : begin + size])

    def cases(self, chunk: Chunk) -> Iterator[Case]:
        """The cases of a chunk."""
        for ordinal, placed in enumerate(chunk.instants, start=chunk.first):
            for workflow in beginning_with(ordinal, self.workflows):
                yield self.case(workflow, ordinal, placed)

    def case(self, workflow: str, ordinal: int, placed: int) -> Case:
        """One case, as it goes wrong."""
        case = plan_case(workflow, self.seed, ordinal, _EPOCH + placed * _MICROSECOND)
        case = with_faults(case, self.faults, self.seed, self.until - FAULTS_BEGIN)
        return case if self.has_files else without_statement(case)

    def _instants(self) -> Iterator[datetime]:
        return instants(self.seed, self.orders, self.until, self.days)


@dataclass
class Sent:
    """What came of a chunk: how many cases, the truth about them, those not over yet, and what is worth a look.

    `statement` is the file the bank has dropped, if any.
    """

    cases: int = 0
    truth: str = ""
    under_way: list[tuple[str, int, int]] = field(default_factory=list)
    tour: Tour = field(default_factory=Tour)
    statement: str = ""


class Flag(Protocol):
    """Whether to stop, of threads or of processes."""

    def is_set(self) -> bool:
        """Whether it is set."""
        ...


class Sender:
    """Sends one chunk after the other; `stop` is looked at between them."""

    def __init__(self, history: History, teller: Teller, doors: Doors, stop: Flag, *, wants_truth: bool) -> None:
        self._history, self._teller, self._doors, self._stop = history, teller, doors, stop
        self._wants_truth = wants_truth

    def send(self, chunk: Chunk) -> Sent:
        """Report all that was to be reported of a chunk; nothing once it is to stop."""
        sent, cases, until = Sent(), [], self._history.until
        if self._stop.is_set():
            return sent
        truths = []
        for case in self._history.cases(chunk):
            cases.append(case)
            sent.tour.consider(case, until)
            if any(step.sent_at > until for step in case.steps):
                sent.under_way.append((case.workflow, case.ordinal, chunk.instants[case.ordinal - chunk.first]))
            if self._wants_truth:
                truths += lines_of(case, until)
        self._report(cases)
        sent.cases, sent.truth = len(cases), "".join(truths)
        if self._history.has_files:
            asked = {"name": f"{chunk.first}.csv"}
            sent.statement = self._teller.recorder.transport.ask("bank", "/statements", asked)["file"]
        return sent

    def _report(self, cases: list[Case]) -> None:
        self._teller.observed_ns = time.time_ns()
        ranks = _from_the_end(cases, self._history.until)
        answers: dict[Place, list[bytes]] = defaultdict(list)
        events: dict[int, dict[Place, list[bytes]]] = defaultdict(lambda: defaultdict(list))
        spans: dict[Place, list[bytes]] = defaultdict(list)
        for step in together(step for case in cases for step in case.steps if step.id in ranks):
            for place, told in self._teller.tell(step).items():
                if place[1] != "spans":
                    events[ranks[step.id]][place].append(told)
                else:
                    (answers if step.path.startswith("/queues/") else spans)[place].append(told)
        self._flush(answers)
        time.sleep(SETTLE_SECONDS)
        for rank in sorted(events):
            self._flush(events[rank])
        time.sleep(SETTLE_SECONDS)
        self._flush(spans)

    def _flush(self, lists: dict[Place, list[bytes]]) -> None:
        for place, parts in lists.items():
            self._doors.send(place, parts, self._teller.recorder.envelopes.get(place))


def _from_the_end(cases: list[Case], until: datetime) -> dict[str, int]:
    """How many later steps a case has, of those reported by then; none where a step is done together with others."""
    ranks = {}
    for case in cases:
        reported = sorted(
            (step for step in case.steps if step.sent_at <= until), key=lambda step: step.at, reverse=True
        )
        ranks.update({step.id: 0 if step.gather else rank for rank, step in enumerate(reported)})
    return ranks
