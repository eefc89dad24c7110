"""The people and jobs around the systems: lets a planned step happen, by asking the system it begins in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from opentelemetry.context import Context

from sample_flows.moment import Moment
from sample_flows.plan import Step
from sample_flows.web import PROPAGATOR, Answer, Transport

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def perform(step: Step, transport: Transport) -> Answer:
    """Let the step happen at its time; raises OSError where the system cannot be reached."""
    headers: dict[str, str] = {}
    PROPAGATOR.inject(headers, moment_of(step).into(Context()))
    return transport.send(step.system, step.path, headers, step.payload)


def moment_of(step: Step) -> Moment:
    """The work of a step ends, and its event happens, at the step's very instant; it takes 0.15 to 0.9 seconds."""
    took_ms = 150 + int.from_bytes(blake2b(step.id.encode(), digest_size=2).digest()) % 750
    end_ns = (step.at - _EPOCH) // timedelta(microseconds=1) * 1000
    return Moment(step.id, end_ns - took_ms * 1_000_000, end_ns, step.fault)
