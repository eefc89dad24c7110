"""Workflow definitions compiled to SQL; events, links, memberships and instances derived from received telemetry."""

from correlator.definition import outdated as outdated_workflows
from correlator.feed import (
    changed_instances,
    instance_events,
    instances_at,
    known_instances,
    latest_version,
    lost_events,
    reached_values,
    switched_instances,
    switches,
    system_minutes,
    system_progress,
)
from correlator.lineage import Cause
from correlator.reading import InstanceReader
from correlator.rebuild import RebuildProgress
from correlator.rebuild import progress as rebuild_progress
from correlator.rebuild import request as request_rebuild
from correlator.rebuild import running as running_rebuilds
from correlator.rows import (
    Found,
    Hub,
    InstanceFilter,
    InstanceRow,
    LinkedBy,
    MilestoneReached,
    SpanRow,
    TimelineEvent,
    UnresolvedEvent,
)
from correlator.tick import Correlator, TickReport, WorkflowsHeldUp

__all__ = [
    "Cause",
    "Correlator",
    "Found",
    "Hub",
    "InstanceFilter",
    "InstanceReader",
    "InstanceRow",
    "LinkedBy",
    "MilestoneReached",
    "RebuildProgress",
    "SpanRow",
    "TickReport",
    "TimelineEvent",
    "UnresolvedEvent",
    "WorkflowsHeldUp",
    "changed_instances",
    "instance_events",
    "instances_at",
    "known_instances",
    "latest_version",
    "lost_events",
    "outdated_workflows",
    "reached_values",
    "rebuild_progress",
    "request_rebuild",
    "running_rebuilds",
    "switched_instances",
    "switches",
    "system_minutes",
    "system_progress",
]
