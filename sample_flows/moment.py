"""The time at which a sample system believes to live, carried from system to system as W3C baggage.

History and accelerated traffic happen at instants that have passed already. Whoever starts a step says when it is
(`Moment`), and OpenTelemetry's baggage takes that along all calls, so that each system stamps its own spans and events
in that time. Without it (a curl from a terminal) the systems live in the present. Ids follow from the step, so that
a step that is played again reports the very same spans and events.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import blake2b

from opentelemetry import baggage
from opentelemetry.context import Context, create_key, get_value, set_value
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator

_PACE = create_key("sample-pace")
_CALL_SHARE = 0.42
_WIRE_NS = 1_000_000


@dataclass(frozen=True)
class Moment:
    """What a step tells the systems it reaches; the work takes from `begin_ns` to `end_ns` (Unix time)."""

    step: str
    begin_ns: int
    end_ns: int
    faults: tuple[str, ...] = ()

    def into(self, context: Context) -> Context:
        """The context with this moment in its baggage."""
        context = baggage.set_baggage("sample.step", self.step, context)
        context = baggage.set_baggage("sample.time", f"{self.begin_ns}-{self.end_ns}", context)
        return baggage.set_baggage("sample.faults", ",".join(self.faults), context) if self.faults else context

    def on_the_other_side(self) -> Moment:
        """The time a call that takes this long leaves for the system that is called: without the way there and back."""
        wire_ns = min(_WIRE_NS, (self.end_ns - self.begin_ns) // 10)
        return Moment(self.step, self.begin_ns + wire_ns, self.end_ns - wire_ns, self.faults)

    @staticmethod
    def of(context: Context) -> Moment | None:
        """The moment a context carries, or None in the present."""
        step, span = baggage.get_baggage("sample.step", context), baggage.get_baggage("sample.time", context)
        if not isinstance(step, str) or not isinstance(span, str):
            return None
        begin, _, end = span.partition("-")
        return Moment(step, int(begin), int(end), tuple(faults_on_the_way(context)))


class Pace:
    """How the time of one request is spent: it lasts until `end_ns`, the calls it makes go one after the other."""

    def __init__(self, moment: Moment | None, place: str) -> None:
        self.moment = moment
        self.begin_ns = moment.begin_ns if moment else None
        self.end_ns = moment.end_ns if moment else None
        self._place = place
        self._spent_ns = self.begin_ns or 0
        self._ids = 0

    @staticmethod
    def current() -> Pace | None:
        """The pace of the request being answered."""
        pace = get_value(_PACE)
        return pace if isinstance(pace, Pace) else None

    def into(self, context: Context) -> Context:
        """The context in which the request is answered."""
        return set_value(_PACE, self, context)

    def next_call(self) -> Moment | None:
        """The time the next outgoing call takes: a share of what is left, a millisecond of it on the wire."""
        if self.moment is None:
            return None
        left = self.moment.end_ns - self._spent_ns
        begin = self._spent_ns + min(_WIRE_NS, left // 10)
        end = begin + int(left * _CALL_SHARE)
        self._spent_ns = end
        return Moment(self.moment.step, begin, end, self.moment.faults)

    def next_id(self) -> str:
        """A text that names the next span of this request, and no other."""
        self._ids += 1
        return f"{self.moment.step if self.moment else ''}|{self._place}|{self._ids}"


class StepIds(IdGenerator):
    """Trace and span ids that follow from the step; random ones in the present."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()

    def generate_trace_id(self) -> int:
        """A 128-bit trace id."""
        pace = Pace.current()
        if pace is None or pace.moment is None:
            return self._random.generate_trace_id()
        return trace_id(pace.moment.step)

    def generate_span_id(self) -> int:
        """A 64-bit span id."""
        pace = Pace.current()
        if pace is None or pace.moment is None:
            return self._random.generate_span_id()
        return span_id(pace)

    def is_trace_id_random(self) -> bool:
        """Digests are as good as random."""
        return True


def trace_id(step: str) -> int:
    """The trace of all that a step sets off."""
    return _digest(f"trace|{step}", 16)


def span_id(pace: Pace) -> int:
    """The id of the next span of a request."""
    return _digest(pace.next_id(), 8)


def faults_on_the_way(context: Context | None = None) -> list[str]:
    """What goes wrong with the request being answered (or the one of that context); see `case.Step.wire`."""
    told = baggage.get_baggage("sample.faults", context)
    return told.split(",") if isinstance(told, str) and told else []


def now_ns() -> int:
    """The time for an event that happens now, in the time of the request being answered."""
    pace = Pace.current()
    return pace.end_ns if pace and pace.end_ns is not None else time.time_ns()


def _digest(text: str, size: int) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=size).digest()) or 1
