"""What feeds have said in each minute: noted as it comes, made anew where an event turned out not to count."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any

from correlator import instance_events, instances_at, lost_events
from model import Feed, Workflow
from sla_engine.versions import SlaVersion
from store import Sql, Store, load_query, spliced


class FeedMinutes:
    """The minutes of one tick as of `as_of`; the one before it was as of `last_as_of`, up to version `last_version`."""

    def __init__(self, store: Store, tenant: str, as_of: datetime, last_as_of: datetime, last_version: int) -> None:
        self._store = store
        self._tenant = tenant
        self._as_of = as_of
        self._last_as_of = last_as_of
        self._last_version = last_version
        self._noted: dict[tuple[str, str], datetime] = {}
        """By workflow and milestone, the earliest event that has become known, or no longer counts."""
        self._repaired: set[tuple[str, str]] = set()

    def forget(self, workflow: str, milestones: Set[str]) -> None:
        """Take out all that feeds of a workflow have said, before all its instances are noted anew."""
        own = {"tenant": self._tenant, "workflow": workflow, "milestones": sorted(milestones)}
        self._store.execute(load_query("sla_engine", "forget_feeds"), own)
        self._repaired.update((workflow, name) for name in milestones)

    def earliest(self, workflow: str, feed: Feed) -> datetime:
        """The earliest event of a feed that has become known, or no longer counts; `as_of` where there is none."""
        return min(self._noted.get((workflow, name), self._as_of) for name in feed.milestones)

    def is_repaired(self, workflow: str, feed: Feed) -> bool:
        """Whether a minute of the feed was made anew."""
        return any((workflow, name) in self._repaired for name in feed.milestones)

    def note(self, workflow: Workflow, versions: Sequence[SlaVersion], keys: Sql) -> None:
        """Note the staged events of a workflow's feeds, and see to those that the instances of `keys` have lost."""
        milestones = sorted({name for each in versions if each.sla.feed for name in each.sla.feed.milestones})
        if not milestones:
            return
        self._add(workflow, milestones, Sql("staged_events"))
        noted = {"milestones": milestones, "as_of": self._as_of}
        for row in self._store.rows(load_query("sla_engine", "noted_feeds"), noted):
            self._known_from(workflow, row)
        self._repair(workflow, milestones, lost_events(self._tenant, workflow, keys, self._last_version))

    def _add(self, workflow: Workflow, milestones: Sequence[str], events: Sql) -> None:
        own = {"tenant": self._tenant, "workflow": workflow.name, "milestones": list(milestones), "as_of": self._as_of}
        self._store.execute(spliced("sla_engine", "note_feeds", events=events), own)

    def _known_from(self, workflow: Workflow, row: dict[str, Any]) -> None:
        at = (workflow.name, row["milestone"])
        self._noted[at] = min(row["earliest"], self._noted.get(at, row["earliest"]))

    def _repair(self, workflow: Workflow, milestones: Sequence[str], lost: Sql) -> None:
        """Make minutes anew that count an event which was lost, and those a tick that did not finish had begun with."""
        own = {"tenant": self._tenant, "workflow": workflow.name}
        if not self._store.value(spliced("sla_engine", "lost_events", lost=lost), {"milestones": list(milestones)}):
            return
        asked = {**own, "milestones": list(milestones), "as_of": self._as_of}
        self._store.execute(spliced("sla_engine", "note_repairs", lost=lost), asked)
        since = {"repair_tenant": self._tenant, "repair_workflow": workflow.name, "repair_since": self._last_as_of}
        minutes = Sql(spliced("sla_engine", "to_repair").text, since)
        found = self._store.rows(spliced("sla_engine", "noted_repairs", minutes=minutes))
        if not found:
            return
        self._store.execute(spliced("sla_engine", "forget_minutes", minutes=minutes), own)
        at = Sql(f"SELECT minute FROM ({minutes.text})", minutes.params)
        left = instance_events(self._tenant, workflow, instances_at(self._tenant, workflow, milestones, at))
        events = spliced("sla_engine", "events_of_minutes", events=left, minutes=minutes)
        self._add(workflow, milestones, Sql(f"({events.text})", events.params))
        for row in found:
            self._known_from(workflow, row)
            self._repaired.add((workflow.name, row["milestone"]))
