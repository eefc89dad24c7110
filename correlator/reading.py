"""Instances and their timelines as typed rows, for dashboard, API and alerting; always within one tenant."""

from __future__ import annotations

from datetime import datetime

from correlator.rows import (
    Found,
    InstanceFilter,
    InstanceRow,
    MilestoneReached,
    SpanRow,
    TimelineEvent,
    UnresolvedEvent,
)
from model import Catalog, Workflow
from store import Store


class InstanceReader:
    """Reads what ticks have derived; a `next_cursor` of None means that there is no more."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def workflow_counts(self, tenant: str) -> dict[str, dict[str, int]]:
        """Instances by workflow and status; a status without instances is missing."""
        raise NotImplementedError

    def milestone_counts(self, tenant: str, workflow: str) -> dict[str, int]:
        """Instances in progress by current milestone."""
        raise NotImplementedError

    def instances(
        self, tenant: str, workflow: str, where: InstanceFilter, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[InstanceRow], str | None]:
        """Instances, newest `last_event_at` first, then by key."""
        raise NotImplementedError

    def instance(self, tenant: str, workflow: Workflow, key: str) -> InstanceRow | None:
        """The instance of that key, which is normalized first; None where there is none."""
        raise NotImplementedError

    def milestones(self, tenant: str, workflow: Workflow, key: str) -> list[MilestoneReached]:
        """All declared milestones in their order, with the first time the instance reached each."""
        raise NotImplementedError

    def timeline(
        self, tenant: str, workflow: Workflow, key: str, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[TimelineEvent], str | None]:
        """The instance's events by (occurred_at, place of the milestone, event id)."""
        raise NotImplementedError

    def spans(self, tenant: str, workflow: Workflow, key: str, limit: int = 5000) -> list[SpanRow]:
        """All spans of the traces that the instance's events carry, by start, at most `limit`."""
        raise NotImplementedError

    def search(
        self, tenant: str, catalog: Catalog, q: str, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Found], str | None]:
        """Instances of all workflows by key value: exact matches first, then prefixes; each instance once per value."""
        raise NotImplementedError

    def unresolved(
        self, tenant: str, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[UnresolvedEvent], str | None]:
        """Events one of whose innermost values leads nowhere yet, in order of workflow and event id."""
        raise NotImplementedError

    def systems_seen(self, tenant: str) -> dict[str, datetime]:
        """The latest event time of each declared system, future-dated events left out."""
        raise NotImplementedError
