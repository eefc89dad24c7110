"""Ticks of the alerting: from new rows of the verdict ledger to alerts and messages that wait for delivery.

A tick may be repeated or cut off anywhere. It writes messages first, then alerts, then how far it has read: what was
written twice as far as it got is recognised by alert ids, ledger places and what receivers were told. It never waits
for a receiver: messages are recorded and handed to `alerting.delivery`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from alerting.alert import Alert, Links
from alerting.channel import channels
from alerting.delivery import Delivery
from alerting.facts import InstanceFacts
from alerting.lifecycle import ALARMING, Facts, followed, identity_of
from alerting.outbox import Outbox
from alerting.pipeline import Context, Flow, Ruling, run
from alerting.reading import AlertReader
from alerting.records import AlertRecord, Change, alert_of, append_alerts, present_alerts
from alerting.rendering import Renderer
from alerting.silence import Silence, silenced_by
from correlator import InstanceReader
from model import Catalog, Clock, Unavailable
from sla_engine import LedgerRow, VerdictReader
from store import Store, load_query

ROWS_AT_ONCE = 1000
ROUNDS = 50
"""A tick follows at most 50,000 ledger rows; what is left waits for the next."""


class Ledger(Protocol):
    """The feed of verdicts."""

    def appended_after(self, tenant: str, seq: int, limit: int = ROWS_AT_ONCE) -> list[LedgerRow]:
        """Rows strictly after a place, in ledger order."""
        ...


class FactsSource(Protocol):
    """Where amounts and keys of instances come from."""

    def of(self, tenant: str, workflow: str, keys: Sequence[str]) -> Mapping[str, Facts]:
        """By instance key; instances that are not known are missing."""
        ...


@dataclass(frozen=True, slots=True)
class AlertingReport:
    """What one tick did: ledger rows read, messages recorded, and how often each decision fell, by its named reason."""

    read: int = 0
    messages: int = 0
    decisions: Mapping[str, int] = field(default_factory=dict)


class Alerting:
    """Follows the ledger of all tenants of a store and tells receivers. `start` begins delivery, `stop` ends it.

    `base_url` is the dashboard's address as people reach it. Ticks of one tenant must not overlap.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        base_url: str,
        *,
        ledger: Ledger | None = None,
        facts: FactsSource | None = None,
        delivery: Delivery | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store
        self._outbox = Outbox(store)
        self._renderer = Renderer(Links(base_url))
        self._reader = AlertReader(store, base_url)
        self._ledger = ledger or VerdictReader(store)
        self._facts = facts or InstanceFacts(InstanceReader(store))
        environment = os.environ if environ is None else environ
        self.delivery = delivery or Delivery(self._outbox, clock, channels(environment))
        self._silences_seen: dict[str, frozenset[str]] = {}

    def start(self) -> None:
        """Begin delivering, first what an earlier process has left."""
        self.delivery.start()

    def stop(self) -> None:
        """End delivering; what is undelivered is kept."""
        self.delivery.stop()

    def tick(self, tenant: str, catalog: Catalog, now: datetime) -> AlertingReport:
        """Follow what is new in the tenant's ledger, and what a silence that ended has held back."""
        silences = tuple(each for each in self._reader.silences(tenant, now=now) if each.is_active(now))
        decisions: Counter[str] = Counter()
        messages = self._release(tenant, catalog, silences, decisions, now)
        read, position = 0, self._position(tenant)
        for _ in range(ROUNDS):
            rows = self._ledger.appended_after(tenant, position, ROWS_AT_ONCE)
            if rows:
                messages += self._follow(tenant, catalog, silences, rows, decisions, now)
                position = rows[-1].seq
                self._store.insert("alerting_positions", ("tenant", "seq", "at"), [(tenant, position, now)])
            read += len(rows)
            if len(rows) < ROWS_AT_ONCE:
                break
        return AlertingReport(read, messages, dict(decisions))

    def _position(self, tenant: str) -> int:
        return int(self._store.value(load_query("alerting", "position"), {"tenant": tenant}) or 0)

    def _follow(
        self,
        tenant: str,
        catalog: Catalog,
        silences: tuple[Silence, ...],
        rows: Sequence[LedgerRow],
        decisions: Counter[str],
        now: datetime,
    ) -> int:
        """Apply rows in order, then tell what they have come to: of two verdicts read at once the later is told."""
        alerts = present_alerts(self._store, tenant, sorted({identity_of(row) for row in rows}))
        facts = self._facts_of(tenant, rows)
        changed: dict[str, Alert] = {}
        records = []
        for row in rows:
            decision = followed(alerts.get(identity_of(row)), row, catalog, facts.get((row.workflow, row.key), Facts()))
            decisions[str(decision.reason)] += 1
            if decision.alert is not None:
                alerts[decision.alert.id] = changed[decision.alert.id] = decision.alert
                records.append(AlertRecord(decision.alert, Change.VERDICT, now, comment=str(decision.reason)))
        return self._tell(tenant, catalog, silences, list(changed.values()), records, decisions, now)

    def _release(
        self,
        tenant: str,
        catalog: Catalog,
        silences: tuple[Silence, ...],
        decisions: Counter[str],
        now: datetime,
    ) -> int:
        """Once the set of active silences has changed, tell what still holds and is no longer hidden."""
        active = frozenset(each.id for each in silences)
        if self._silences_seen.get(tenant) == active:
            return 0
        held = [alert_of(row) for row in self._store.rows(load_query("alerting", "held_alerts"), {"tenant": tenant})]
        free = [alert for alert in held if silenced_by(alert.labels, silences, now) is None]
        records = [AlertRecord(alert, Change.RELEASED, now) for alert in free]
        messages = self._tell(tenant, catalog, silences, free, records, decisions, now)
        self._silences_seen[tenant] = active
        return messages

    def _tell(
        self,
        tenant: str,
        catalog: Catalog,
        silences: tuple[Silence, ...],
        alerts: Sequence[Alert],
        records: list[AlertRecord],
        decisions: Counter[str],
        now: datetime,
    ) -> int:
        if not alerts:
            return 0
        told = self._outbox.told(tenant, [alert.id for alert in alerts])
        flow = run(alerts, Context(tenant, catalog, silences, told, self._renderer, now))
        decisions.update(str(ruling) for ruling, _ in flow.rulings)
        try:
            waiting = self._outbox.add(tenant, flow.messages, now)
        except Unavailable:
            self.delivery.read_back()  # nobody knows whether they were recorded; if so, the next tick finds them told
            raise
        self.delivery.offer(waiting)
        append_alerts(self._store, tenant, [*records, *_held_back(flow, now)])
        return len(waiting)

    def _facts_of(self, tenant: str, rows: Sequence[LedgerRow]) -> dict[tuple[str, str], Facts]:
        wanted: dict[str, set[str]] = {}
        for row in rows:
            if row.verdict in ALARMING:
                wanted.setdefault(row.workflow, set()).add(row.key)
        return {
            (workflow, key): facts
            for workflow, keys in wanted.items()
            for key, facts in self._facts.of(tenant, workflow, sorted(keys)).items()
        }


def _held_back(flow: Flow, now: datetime) -> list[AlertRecord]:
    """Who is not told because of a silence: recorded with its author, so that its end can release it."""
    silenced = {alert.id: alert for ruling, alert in flow.rulings if ruling is Ruling.SILENCED}
    return [
        AlertRecord(alert, Change.SILENCED, now, flow.silenced[alert.id].created_by, flow.silenced[alert.id].id)
        for alert in silenced.values()
    ]
