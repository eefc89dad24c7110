"""Live traffic: new orders at a rate, and whatever is due of the orders under way, played in the running systems."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event

from sample_flows.pacing import live_order
from sample_flows.plan import Order, Step
from sample_flows.state import State, StateFile
from sample_flows.truth import TruthFile
from sample_flows.web import Answer, Transport
from sample_flows.world import perform

TICK_SECONDS = 0.1
SAVE_EVERY = timedelta(seconds=2)
REPORT_EVERY = timedelta(seconds=60)
WORKERS = 4


@dataclass
class _UnderWay:
    """An order, what has happened to it, and how many steps are left."""

    order: Order
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
    """Plays orders against the systems behind `transport`."""

    def __init__(self, transport: Transport, state: State, truth: TruthFile, say: Callable[[str], None]) -> None:
        self._transport, self._state, self._truth, self._say = transport, state, truth, say
        self._waiting: list[_Due] = []
        self._flying: list[tuple[_Due, Future[Answer]]] = []
        self._places = count()
        self._placed = self._happened = 0

    def resume(self, history: Sequence[Order]) -> None:
        """Take up the orders under way: those of the history, and live ones of earlier runs."""
        since = datetime.fromisoformat(self._state.played_until)
        for order in history:
            self._schedule(order, lambda step: step.sent_at, since)
        for ordinal, started in self._state.live:
            live = live_order(self._state.seed, ordinal, datetime.fromisoformat(started))
            self._schedule(live.order, live.due, since)

    def run(self, rate_per_minute: float, until: datetime | None, file: StateFile, stop: Event) -> None:
        """Play until `stop` is set or it is `until`."""
        now = _now()
        next_order, next_save, next_report = now, now, now + REPORT_EVERY
        with ThreadPoolExecutor(WORKERS) as workers:
            while not stop.wait(TICK_SECONDS) and (until is None or _now() < until):
                now = _now()
                if rate_per_minute > 0 and now >= next_order:
                    self._place_order(now)
                    next_order = max(now, next_order + timedelta(minutes=1) / rate_per_minute)
                self._start_due(now, workers)
                self._collect(now)
                if now >= next_save:
                    self._save(file, now)
                    next_save = now + SAVE_EVERY
                if now >= next_report:
                    self._say(
                        f"live: {self._placed} orders placed, {self._happened} steps, {len(self._waiting)} to come"
                    )
                    next_report = now + REPORT_EVERY
        self._collect(_now())
        self._save(file, _now())

    def _place_order(self, now: datetime) -> None:
        ordinal = self._state.next_ordinal
        self._state.next_ordinal += 1
        self._state.live.append((ordinal, now.isoformat()))
        live = live_order(self._state.seed, ordinal, now)
        self._schedule(live.order, live.due, now - timedelta(seconds=1))
        self._placed += 1

    def _schedule(self, order: Order, due: Callable[[Step], datetime], since: datetime) -> None:
        coming = [step for step in order.steps if due(step) > since]
        under_way = _UnderWay(order, [step for step in order.steps if due(step) <= since], len(coming))
        for step in coming:
            heapq.heappush(self._waiting, _Due(due(step), next(self._places), step, under_way))

    def _start_due(self, now: datetime, workers: ThreadPoolExecutor) -> None:
        while self._waiting and self._waiting[0].at <= now and len(self._flying) < WORKERS * 4:
            due = heapq.heappop(self._waiting)
            self._flying.append((due, workers.submit(perform, due.step, self._transport)))

    def _collect(self, now: datetime) -> None:
        for due, future in [pair for pair in self._flying if pair[1].done()]:
            self._flying.remove((due, future))
            self._settle(due, future, now)

    def _settle(self, due: _Due, future: Future[Answer], now: datetime) -> None:
        under_way, order = due.of, due.of.order
        under_way.left -= 1
        if under_way.left == 0:
            self._state.live = [each for each in self._state.live if each[0] != order.ordinal]
        error = future.exception()
        if error is not None and not isinstance(error, OSError):
            raise error
        if error is not None or future.result().status >= 400:
            reason = error or future.result().payload.get("detail")
            self._say(f"{order.number}: {due.step.milestone} did not happen, the {due.step.system} said: {reason}")
            return
        self._happened += 1
        under_way.happened.append(due.step)
        self._truth.write(replace(order, steps=tuple(under_way.happened)), now)

    def _save(self, file: StateFile, now: datetime) -> None:
        unplayed = [due.at for due, _ in self._flying] + [due.at for due in self._waiting[:1]]
        moment = min([now, *unplayed])
        self._state.played_until = (moment - timedelta(milliseconds=1)).isoformat()
        self._truth.flush()
        file.save(self._state)


def _now() -> datetime:
    return datetime.now(UTC)
