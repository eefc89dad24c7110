"""Delivers recorded messages in threads of its own: at least once, in order per receiver, never in a tick's way.

1. The table is the truth, the queue in memory a copy that holds ids only. At start the undelivered are read back.
2. Each receiver has a lane. Its messages go one after the other, so that "resolved" never overtakes "breached"; a
   receiver that is down holds up nobody else. It may be one message that a receiver cannot take: after five tries
   others pass it while it waits for its next, but none about an alert that it or another one passed is about. However
   many messages wait for a receiver that is down, it is tried at the pace of one; and however many receivers are
   down, trying them takes half of the threads at most.
3. Each lane is bounded. A message that finds its lane full stays in the table and is read back when there is room;
   until then all later ones for that receiver stay there too, so that the lane keeps its order. Other lanes go on.
4. A try is recorded before the next message of its lane. Should the store be away, the result waits and is recorded
   first when the lane's turn comes again: a message that was taken is not sent again for that.
5. A crash between a receiver's answer and its record sends the message again after the restart: at least once.
6. Over a server another process may send instead: before each try it is asked whether we still do. Where we do not, all
   that is only in memory is forgotten, and read back when it is our turn again: the other has sent some of it.
7. Once a minute the table is looked at for what nobody has offered.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from alerting.channel import Channel, Outgoing
from alerting.outbox import Attempt, DeliveryState, Outbox, Waiting
from alerting.retry import RetryPolicy
from model import Clock, Receiver, ThroughlineError, Unavailable

_LOG = logging.getLogger(__name__)
_STORE_AWAY_SECONDS = 5.0
LOOK_SECONDS = 60.0


PASSED_AFTER = 5
"""Tries after which later messages pass one that is not taken."""


@dataclass(eq=False, slots=True)
class _Queued:
    """A message of a lane and when it is to be tried, in monotonic seconds."""

    waiting: Waiting
    due: float


@dataclass(slots=True)
class _Lane:
    """Messages for one receiver of one tenant, oldest first; times are monotonic seconds.

    Nothing is tried before `rests_until`; nothing can be due before `due`. `failures` counts the tries since one went
    well. `current` is being tried, or was with a `result` that is not yet recorded. `has_more`: later messages for this
    receiver are in the table only.
    """

    messages: list[_Queued] = field(default_factory=list)
    due: float = math.inf
    rests_until: float = 0.0
    failures: int = 0
    is_busy: bool = False
    has_more: bool = False
    current: _Queued | None = None
    result: Attempt | None = None

    def chosen(self, now: float) -> _Queued | None:
        """Note 2: the message whose turn it is; None where none is due, `due` then says when one will be."""
        chosen = self.current or min(self._free(), key=lambda each: each.due)
        self.due = max(self.rests_until, 0.0 if self.current else chosen.due)
        return chosen if self.due <= now else None

    def _free(self) -> list[_Queued]:
        """The first message, and those that may pass the ones before them."""
        free: list[_Queued] = []
        passed: set[str] = set()
        for each in self.messages:
            if passed.isdisjoint(each.waiting.alert_ids):
                free.append(each)
                if each.waiting.attempts < PASSED_AFTER:
                    break
            passed.update(each.waiting.alert_ids)
        return free


class Delivery:
    """Starts with `start`, ends with `stop`; `offer` may be called at any time and returns at once."""

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        channels: Mapping[str, Channel],
        *,
        policy: RetryPolicy | None = None,
        before_send: Callable[[], None] | None = None,
        look_seconds: float = LOOK_SECONDS,
        workers: int = 4,
        capacity: int = 1_000,
        chance: random.Random | None = None,
    ) -> None:
        """`before_send` raises `Unavailable` where it is not for this process to send; `capacity` is that of a lane."""
        self._outbox = outbox
        self._clock = clock
        self._channels = channels
        self._policy = policy or RetryPolicy()
        self._before_send = before_send or _nothing
        self._look_seconds = look_seconds
        self._capacity = capacity
        self._chance = chance or random.Random()  # noqa: S311 - jitter is no secret
        self._lanes: dict[tuple[str, Receiver], _Lane] = {}
        self._known: set[tuple[str, str]] = set()
        self._ended_while_reading: set[tuple[str, str]] = set()
        self._must_read = True
        self._is_reading = False
        self._read_at = 0.0
        self._look_at = 0.0
        self._is_stopping = False
        self._began_at = clock.now()
        self._changed = threading.Condition()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._threads = [
            threading.Thread(target=self._work, name=f"delivery-{number}", daemon=True) for number in range(workers)
        ]

    def start(self) -> None:
        """Begin with what an earlier process left undelivered."""
        self._began_at = self._clock.now()
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """Let the tries under way end; what is not delivered stays in the table for the next start."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        ends = time.monotonic() + timeout_seconds
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, ends - time.monotonic()))

    def offer(self, messages: Iterable[Waiting]) -> None:
        """Messages that have just been recorded. Never waits: what does not fit is read back from the table later."""
        with self._changed:
            for waiting in messages:
                if self._must_read or self._is_reading:
                    self._must_read = True
                else:
                    self._enqueue(waiting)
            self._changed.notify_all()

    def read_back(self) -> None:
        """Look into the table again for messages nobody has offered."""
        with self._changed:
            self._must_read = True
            self._changed.notify_all()

    def begin_anew(self) -> None:
        """It is our turn to send again: forget what is in memory, the table says what the other process has left."""
        with self._changed:
            self._began_at = self._clock.now()
            self._forget()
            self._read_at = 0.0
            self._changed.notify_all()

    def counts(self) -> dict[tuple[str, str], int]:
        """Tries by (kind of receiver, state) since this process began."""
        with self._changed:
            return dict(self._counts)

    def waiting(self) -> int:
        """Messages in memory that are not yet delivered."""
        with self._changed:
            return len(self._known)

    def _enqueue(self, waiting: Waiting) -> None:
        """Put a message that is not known yet into its lane, or leave it in the table: note 3."""
        identity = (waiting.tenant, waiting.message_id)
        if identity in self._known:
            return
        new = _Lane(failures=min(waiting.attempts, 1))
        lane = self._lanes.setdefault((waiting.tenant, waiting.receiver), new)
        lane.has_more |= len(lane.messages) >= self._capacity
        if lane.has_more:
            return
        self._known.add(identity)
        wait = waiting.due_at - self._clock.now() if waiting.due_at else timedelta(0)
        due = time.monotonic() + min(max(timedelta(0), wait), self._policy.longest).total_seconds()
        lane.messages.append(_Queued(waiting, due))
        lane.due = min(lane.due, max(due, lane.rests_until))

    def _work(self) -> None:
        while True:
            lane = self._next()
            if lane is None:
                return
            if lane.current is None:
                self._read_back(everything=lane is _READ)
            else:
                self._serve(lane, lane.current)

    def _next(self) -> _Lane | None:
        """The lane whose turn it is, once it is; `_READ` or `_LOOK` to read the table; None when stopping."""
        with self._changed:
            while not self._is_stopping:
                now = time.monotonic()
                reads_at = self._reads_at()
                if reads_at is not None and reads_at <= now:
                    everything, self._is_reading, self._must_read = self._is_wanted(), True, False
                    self._ended_while_reading.clear()
                    return _READ if everything else _LOOK
                first = min(self._ready(), key=lambda lane: lane.due, default=None)
                if first is not None and first.due <= now:
                    first.current = first.chosen(now)
                    if first.current is None:
                        continue
                    first.is_busy = True
                    return first
                dues = [first.due] if first is not None else []
                dues += [reads_at] if reads_at is not None else []
                self._changed.wait(min(dues) - now if dues else None)
            return None

    def _ready(self) -> list[_Lane]:
        """The lanes a thread may take; where half of the threads wait for receivers that failed, none of such."""
        failing = sum(lane.is_busy and lane.failures > 0 for lane in self._lanes.values())
        is_crowded = failing >= max(1, len(self._threads) // 2)
        return [
            lane
            for lane in self._lanes.values()
            if lane.messages and not lane.is_busy and not (is_crowded and lane.failures)
        ]

    def _reads_at(self) -> float | None:
        """When to read the table; None while it is read."""
        if self._is_reading:
            return None
        return self._read_at if self._is_wanted() else self._look_at

    def _is_wanted(self) -> bool:
        """Whether the table has, or may have, messages there is room for."""
        return self._must_read or any(
            lane.has_more and len(lane.messages) <= self._capacity // 2 for lane in self._lanes.values()
        )

    def _forget(self) -> None:
        """Let go of all messages but those a thread works on, or whose result is not recorded; read the rest back."""
        for identity, lane in list(self._lanes.items()):
            for each in lane.messages:
                if each is not lane.current:
                    self._known.discard((each.waiting.tenant, each.waiting.message_id))
            lane.messages = [each for each in lane.messages if each is lane.current]
            if not lane.messages:
                del self._lanes[identity]
        self._must_read = True

    def _read_back(self, *, everything: bool) -> None:
        """Notes 3 and 7: of each receiver as many of the oldest as fit; the others once these are done.

        Without `everything` only what is young enough to be tried again.
        """
        found: list[Waiting] = []
        failed = False
        try:
            self._before_send()
            since = None if everything else self._clock.now() - self._policy.age
            found = self._outbox.undelivered(self._capacity, since)
        except Unavailable as error:
            failed = True
            _LOG.warning("Undelivered notifications cannot be read, trying again: %s", error)
        except Exception:  # noqa: BLE001 - told, and tried again: nobody would miss the thread
            failed = True
            _LOG.exception("Undelivered notifications cannot be read, trying again")
        counts = Counter((each.tenant, each.receiver) for each in found)
        with self._changed:
            if everything and not failed:
                for lane in self._lanes.values():
                    lane.has_more = False
            for waiting in found:
                if (waiting.tenant, waiting.message_id) not in self._ended_while_reading:
                    self._enqueue(waiting)
            for identity, lane in list(self._lanes.items()):
                lane.has_more |= counts[identity] >= self._capacity
                self._drop_if_done(identity, lane)
            self._is_reading = False
            self._must_read = self._must_read or failed
            self._read_at = time.monotonic() + (_STORE_AWAY_SECONDS if failed else 0.0)
            self._look_at = time.monotonic() + self._look_seconds
            self._changed.notify_all()

    def _serve(self, lane: _Lane, queued: _Queued) -> None:
        waiting = queued.waiting
        try:
            if lane.result is None:
                if not self._is_ours():
                    self._stand_down(lane)
                    return
                lane.result = self._attempt(waiting)
            self._outbox.record(waiting, lane.result)
        except Unavailable as error:
            _LOG.warning("The store is away; notification %s waits: %s", waiting.message_id, error)
            self._rest(lane)
        except Exception:  # noqa: BLE001 - told, and tried again
            _LOG.exception("Notification %s cannot be read or recorded", waiting.message_id)
            self._rest(lane)
        else:
            self._ended(lane, queued, lane.result)

    def _rest(self, lane: _Lane) -> None:
        with self._changed:
            lane.due = lane.rests_until = time.monotonic() + _STORE_AWAY_SECONDS
            self._let_go(lane)

    def _ended(self, lane: _Lane, queued: _Queued, attempt: Attempt) -> None:
        """A try whose result is recorded."""
        waiting = queued.waiting
        now = time.monotonic()
        with self._changed:
            lane.result = None
            if attempt.next_at is None:
                lane.messages.remove(queued)
                self._known.discard((waiting.tenant, waiting.message_id))
                if self._is_reading:
                    self._ended_while_reading.add((waiting.tenant, waiting.message_id))
                self._drop_if_done((waiting.tenant, waiting.receiver), lane)
                lane.failures, lane.rests_until = 0, now
            else:
                queued.waiting = replace(waiting, attempts=attempt.number)
                queued.due = now + (attempt.next_at - attempt.at).total_seconds()
                lane.failures += 1
                lane.rests_until = now + self._policy.delay(lane.failures, self._chance.random()).total_seconds()
            lane.due = lane.rests_until
            self._let_go(lane)

    def _drop_if_done(self, identity: tuple[str, Receiver], lane: _Lane) -> None:
        if not lane.messages and not lane.has_more:
            self._lanes.pop(identity, None)

    def _let_go(self, lane: _Lane) -> None:
        lane.is_busy = False
        if lane.result is None:
            lane.current = None
        self._changed.notify_all()

    def _is_ours(self) -> bool:
        try:
            self._before_send()
        except Unavailable as error:
            _LOG.warning("Notifications are not sent at present: %s", error)
            return False
        return True

    def _stand_down(self, lane: _Lane) -> None:
        """Note 6."""
        with self._changed:
            self._let_go(lane)
            self._forget()
            self._read_at = time.monotonic() + _STORE_AWAY_SECONDS

    def _attempt(self, waiting: Waiting) -> Attempt:
        """One try. Raises only what the store raises when the message's words are read."""
        number = waiting.attempts + 1
        text = self._outbox.text(waiting)
        if text is None:
            error, is_final = "The message is no longer in the table.", True
        else:
            error, is_final = self._send(waiting.receiver, Outgoing(waiting.receiver.target, *text, waiting.message_id))
        now = self._clock.now()
        if not error:
            state, next_at = DeliveryState.DELIVERED, None
        elif is_final or self._policy.is_over(number, now - waiting.queued_at, now - self._began_at):
            state, next_at = DeliveryState.ABANDONED, None
            _LOG.error("Notification %s is given up after %d tries: %s", waiting.message_id, number, error)
        else:
            state, next_at = DeliveryState.FAILED, now + self._policy.delay(number, self._chance.random())
            _LOG.warning("Notification %s failed (try %d), will be tried again: %s", waiting.message_id, number, error)
        with self._changed:
            self._counts[waiting.receiver.kind, str(state)] += 1
        return Attempt(number, state, now, error, next_at)

    def _send(self, receiver: Receiver, message: Outgoing) -> tuple[str, bool]:
        """The error, empty for none, and whether it is final."""
        channel = self._channels.get(receiver.kind)
        if channel is None:
            return f"There is no channel for receivers of kind {receiver.kind}.", True
        try:
            channel.send(message)
        except ThroughlineError as error:
            return str(error), not error.retryable
        except Exception as error:  # noqa: BLE001 - must not end the lane; its text may hold an address
            _LOG.error("The channel %s raised %s", receiver.kind, type(error).__name__)
            return f"The channel raised {type(error).__name__}.", False
        return "", True


def _nothing() -> None:
    """Where nobody else can send."""


_READ, _LOOK = _Lane(), _Lane()
"""No lanes: they tell a worker to read the table, as a whole or the latest of it."""
