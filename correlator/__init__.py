"""Workflow definitions compiled to SQL; events, links, memberships and instances derived from received telemetry."""

from correlator.feed import (
    changed_instances,
    instance_events,
    known_instances,
    latest_version,
    reached_values,
    system_progress,
)
from correlator.reading import InstanceReader
from correlator.rows import (
    Found,
    InstanceFilter,
    InstanceRow,
    LinkedBy,
    MilestoneReached,
    SpanRow,
    TimelineEvent,
    UnresolvedEvent,
)
from correlator.tick import Correlator, TickReport

__all__ = [
    "Correlator",
    "Found",
    "InstanceFilter",
    "InstanceReader",
    "InstanceRow",
    "LinkedBy",
    "MilestoneReached",
    "SpanRow",
    "TickReport",
    "TimelineEvent",
    "UnresolvedEvent",
    "changed_instances",
    "instance_events",
    "known_instances",
    "latest_version",
    "reached_values",
    "system_progress",
]
