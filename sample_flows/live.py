"""Live traffic: new cases at a rate, and whatever is due of the cases under way, played in the running systems."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event

from sample_flows.case import Case, Step
from sample_flows.pacing import SPEED, live_case
from sample_flows.plans import PROCESSES, beginning_with
from sample_flows.state import Live, State, StateFile
from sample_flows.statement import Importer, without_statement
from sample_flows.truth import TruthFile
from sample_flows.web import Answer, Transport
from sample_flows.world import perform, together

TICK_SECONDS = 0.1
SAVE_EVERY = timedelta(seconds=2)
STATEMENT_EVERY = timedelta(seconds=60)
REPORT_EVERY = timedelta(seconds=60)
WORKERS = 4


@dataclass
class _UnderWay:
    """A case, what has happened in it, and how many steps are left."""

    case: Case
    happened: list[Step]
    left: int


@dataclass(order=True)
class _Due:
    """A step waiting for its time."""

    at: datetime
    place: int
    step: Step = field(compare=False)
    of: _UnderWay = field(compare=False)


class LiveTraffic:
    """Plays cases against the systems behind `transport`. `faults` hold for the cases begun from now on."""

    def __init__(
        self,
        transport: Transport,
        state: State,
        truth: TruthFile,
        say: Callable[[str], None],
        *,
        faults: Sequence[str] = (),
        speed: float = SPEED,
        workflows: Sequence[str] = tuple(PROCESSES),
        importer: Importer | None = None,
    ) -> None:
        self._transport, self._state, self._truth, self._say = transport, state, truth, say
        self.faults = tuple(faults)
        self.speed = speed
        self._workflows, self._importer = workflows, importer
        self._waiting: list[_Due] = []
        self._flying: list[tuple[list[_Due], Future[Answer]]] = []
        self._untold: dict[str, _UnderWay] = {}
        self._places = count()
        self.placed = self.happened = 0

    @property
    def waiting(self) -> int:
        """How many steps are to come."""
        return len(self._waiting)

    def resume(self, under_way: Iterable[Case]) -> None:
        """Take up the cases under way: those of the history, and live ones of earlier runs."""
        since = datetime.fromisoformat(self._state.played_until)
        for case in under_way:
            self._schedule(case, lambda step: step.sent_at, since)
        for live in self._state.live:
            started_at = datetime.fromisoformat(live.started)
            found = live_case(live.workflow, self._state.seed, live.ordinal, started_at, live.faults, live.speed)
            self._schedule(found.case, found.due, since)

    def run(self, rate_per_minute: float, until: datetime | None, file: StateFile, stop: Event) -> None:
        """Play until `stop` is set or it is `until`."""
        now = _now()
        next_order, next_save, next_report, next_statement = now, now, now + REPORT_EVERY, now + STATEMENT_EVERY
        with ThreadPoolExecutor(WORKERS) as workers:
            while not stop.wait(TICK_SECONDS) and (until is None or _now() < until):
                now = _now()
                if rate_per_minute > 0 and now >= next_order:
                    self._begin(now)
                    next_order = max(now, next_order + timedelta(minutes=1) / rate_per_minute)
                self._start_due(now, workers)
                self._collect(now)
                if now >= next_save:
                    self._save(file, now)
                    next_save = now + SAVE_EVERY
                if now >= next_statement:
                    workers.submit(self._statement, now)
                    next_statement = now + STATEMENT_EVERY
                if now >= next_report:
                    self._say(f"live: {self.placed} orders placed, {self.happened} steps, {self.waiting} to come")
                    next_report = now + REPORT_EVERY
        self._collect(_now())
        self._statement(_now())
        self._save(file, _now())

    def _begin(self, now: datetime) -> None:
        ordinal = self._state.next_ordinal
        self._state.next_ordinal += 1
        for workflow in beginning_with(ordinal, self._workflows):
            live = Live(workflow, ordinal, now.isoformat(), self.faults, self.speed)
            self._state.live.append(live)
            found = live_case(workflow, self._state.seed, ordinal, now, live.faults, live.speed)
            self._schedule(found.case, found.due, now - timedelta(seconds=1))
        self.placed += 1

    def _schedule(self, case: Case, due: Callable[[Step], datetime], since: datetime) -> None:
        if self._importer is None:
            case = without_statement(case)
        coming = [step for step in case.steps if due(step) > since]
        under_way = _UnderWay(case, [step for step in case.steps if due(step) <= since], len(coming))
        for step in coming:
            heapq.heappush(self._waiting, _Due(due(step), next(self._places), step, under_way))

    def _start_due(self, now: datetime, workers: ThreadPoolExecutor) -> None:
        due: list[_Due] = []
        while self._waiting and self._waiting[0].at <= now and len(self._flying) + len(due) < WORKERS * 4:
            due.append(heapq.heappop(self._waiting))
        batch = due[-1].step.gather if due else ""
        while batch and self._waiting and self._waiting[0].at <= now and self._waiting[0].step.gather == batch:
            due.append(heapq.heappop(self._waiting))
        for step in together(each.step for each in due):
            group = [each for each in due if (each.step.gather or each.step.id) == (step.gather or step.id)]
            self._flying.append((group, workers.submit(perform, step, self._transport)))

    def _collect(self, now: datetime) -> None:
        for group, future in [pair for pair in self._flying if pair[1].done()]:
            self._flying.remove((group, future))
            for due in group:
                self._settle(due, future, now)

    def _settle(self, due: _Due, future: Future[Answer], now: datetime) -> None:
        under_way, case = due.of, due.of.case
        under_way.left -= 1
        if under_way.left == 0:
            self._state.live = [
                each for each in self._state.live if (each.workflow, each.ordinal) != (case.workflow, case.ordinal)
            ]
        error = future.exception()
        if error is not None and not isinstance(error, OSError):
            raise error
        if error is not None or future.result().status >= 400:
            reason = error or future.result().payload.get("detail")
            self._say(f"{case.name}: {due.step.milestone} did not happen, the {due.step.system} said: {reason}")
            return
        self.happened += 1
        under_way.happened.append(due.step)
        self._untold[case.name] = under_way
        if under_way.left == 0:
            self._tell(now)

    def _tell(self, now: datetime) -> None:
        for under_way in self._untold.values():
            self._truth.write(replace(under_way.case, steps=tuple(under_way.happened)), now)
        self._untold.clear()

    def _statement(self, now: datetime) -> None:
        """Let the bank drop its statement, and the job import it."""
        if self._importer is None:
            return
        answer = self._transport.send("bank", "/statements", {}, {"name": f"{now:%Y%m%dT%H%M%S}.csv"})
        if answer.payload.get("file"):
            self._importer.take(answer.payload["file"])

    def _save(self, file: StateFile, now: datetime) -> None:
        unplayed = [due.at for group, _ in self._flying for due in group] + [due.at for due in self._waiting[:1]]
        moment = min([now, *unplayed])
        self._state.played_until = (moment - timedelta(milliseconds=1)).isoformat()
        self._tell(now)
        self._truth.flush()
        file.save(self._state)


def _now() -> datetime:
    return datetime.now(UTC)
