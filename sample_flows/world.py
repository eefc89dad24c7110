"""The people and jobs around the systems: lets a planned step happen, by asking the system it begins in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from opentelemetry.context import Context

from sample_flows.case import LOST, Step
from sample_flows.moment import Moment
from sample_flows.web import PROPAGATOR, Answer, Transport

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def together(steps: Iterable[Step]) -> list[Step]:
    """The steps as they are done: those of one batch in one go, where the first of them stood."""
    batches: dict[tuple[str, str], Step] = {}
    for step in steps:
        place = (step.system, step.gather or step.id)
        if place in batches:
            merged = {name: [*batches[place].payload[name], *more] for name, more in step.payload.items()}
            batches[place] = replace(batches[place], payload=merged)
        else:
            batches[place] = step
    return list(batches.values())


def perform(step: Step, transport: Transport) -> Answer:
    """Let the step happen at its time; raises OSError where the system cannot be reached."""
    headers: dict[str, str] = {}
    PROPAGATOR.inject(headers, moment_of(step).into(Context()))
    return transport.send(step.system, step.path, headers, step.payload)


def moment_of(step: Step) -> Moment:
    """The work of a step ends, and its event happens, at the step's very instant; it takes 0.15 to 0.9 seconds."""
    took_ms = 150 + int.from_bytes(blake2b(step.id.encode(), digest_size=2).digest()) % 750
    end_ns = (step.at - _EPOCH) // timedelta(microseconds=1) * 1000
    faults = tuple(f"{LOST}:{step.system}" if fault == LOST else fault for fault in step.wire)
    return Moment(step.id, end_ns - took_ms * 1_000_000, end_ns, faults)
