"""Ticks of the alerting: from new rows of the verdict ledger to alerts and messages that wait for delivery.

A tick may be repeated or cut off anywhere. It writes messages first, then alerts, then how far it has read: what was
written twice as far as it got is recognised by alert ids, ledger places and what receivers were told. It never waits
for a receiver: messages are recorded and handed to `alerting.delivery`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from alerting.alert import Alert, Links, alert_id
from alerting.channel import channels
from alerting.delivery import Delivery
from alerting.facts import InstanceFacts
from alerting.lifecycle import ALARMING, Decision, Facts, Reason, followed, identity_of, returned, withdrawn
from alerting.outbox import Outbox
from alerting.pipeline import Context, Flow, Ruling, run
from alerting.reading import AlertReader
from alerting.records import AlertRecord, Change, alert_of, append_alerts, present_alerts
from alerting.rendering import Renderer
from alerting.silence import Silence, silenced_by
from correlator import InstanceReader
from model import Catalog, Clock, Unavailable
from sla_engine import ClockRow, LedgerRow, VerdictReader
from store import Store, active_catalog, load_query

ROWS_AT_ONCE = 1000
ROUNDS = 50
ALERTS_AT_ONCE = 5000
"""A tick follows 50,000 ledger rows or changes some 5,000 alerts at most, and sees to a thousand of promises that left
the catalog and of such that came back; what is left waits for the next."""


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

    `base_url` is the dashboard's address as people reach it. Ticks of one tenant must not overlap. `before_send` is
    called before every message and raises `Unavailable` where another process alerts by now.
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
        before_send: Callable[[], None] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store
        self._outbox = Outbox(store)
        self._renderer = Renderer(Links(base_url))
        self._reader = AlertReader(store, base_url)
        self._ledger = ledger or VerdictReader(store)
        self._clocks = VerdictReader(store)
        self._facts = facts or InstanceFacts(InstanceReader(store))
        environment = os.environ if environ is None else environ
        self.delivery = delivery or Delivery(self._outbox, clock, channels(environment), before_send=before_send)
        self._silences_seen: dict[str, frozenset[str]] = {}
        self._promises_seen: dict[str, Mapping[str, str]] = {}

    def start(self) -> None:
        """Begin delivering, first what an earlier process has left."""
        self.delivery.start()

    def stop(self) -> None:
        """End delivering; what is undelivered is kept."""
        self.delivery.stop()

    def tick(self, tenant: str, catalog: Catalog, now: datetime) -> AlertingReport:
        """Follow what is new in the tenant's ledger, and what a silence that ended has held back."""
        silences = tuple(each for each in self._reader.silences(tenant, now=now) if each.is_active(now))
        work = _Work(tenant, catalog, silences, now)
        alerts: dict[str, Alert] = {}
        self._release(work)
        is_compared = self._compare(work, _promises(catalog), alerts)
        position = self._position(tenant)
        reached, read = position, 0
        for _ in range(ROUNDS):
            rows = self._ledger.appended_after(tenant, reached, ROWS_AT_ONCE)
            done = self._follow(work, rows, alerts)
            read += done
            reached = rows[done - 1].seq if done else reached
            if done < ROWS_AT_ONCE or len(work.changed) >= ALERTS_AT_ONCE:
                break
        self._tell(work)
        if reached > position:
            self._store.insert("alerting_positions", ("tenant", "seq", "at"), [(tenant, reached, now)])
        self._silences_seen[tenant] = work.active
        if is_compared:
            self._promises_seen[tenant] = _promises(catalog)
        return AlertingReport(read, work.messages, dict(work.decisions))

    def _position(self, tenant: str) -> int:
        return int(self._store.value(load_query("alerting", "position"), {"tenant": tenant}) or 0)

    def _follow(self, work: _Work, rows: Sequence[LedgerRow], alerts: dict[str, Alert]) -> int:
        """Apply rows in order to `alerts`, which holds those met before in this tick; how many were followed.

        The SLA engine may know a newer catalog than we were given. A row about a promise we do not know is passed over
        only where the catalog applied last lacks it; where none can be read, that row and all later ones wait.
        """
        missing = sorted({identity_of(row) for row in rows} - alerts.keys())
        alerts |= present_alerts(self._store, work.tenant, missing)
        facts = self._facts_of(work.tenant, rows)
        for place, row in enumerate(rows):
            known = facts.get((row.workflow, row.key), Facts())
            decision = followed(alerts.get(identity_of(row)), row, work.catalog, known)
            if decision.reason is Reason.NOT_IN_CATALOG and not work.is_newest:
                if not self._renew_catalog(work):
                    return place
                decision = followed(alerts.get(identity_of(row)), row, work.catalog, known)
            self._decided(work, decision, alerts)
        return len(rows)

    def _decided(self, work: _Work, decision: Decision, alerts: dict[str, Alert]) -> None:
        work.decisions[str(decision.reason)] += 1
        if decision.alert is not None:
            alerts[decision.alert.id] = work.changed[decision.alert.id] = decision.alert
            work.records.append(AlertRecord(decision.alert, Change.VERDICT, work.now, comment=str(decision.reason)))

    def _renew_catalog(self, work: _Work) -> bool:
        """Go on with the catalog applied last; False where none was."""
        newest = active_catalog(self._store, work.tenant)
        if newest is not None:
            work.catalog, work.is_newest = newest, True
        return work.is_newest

    def _release(self, work: _Work) -> None:
        """Once the set of active silences has changed, tell what still holds and is no longer hidden."""
        if self._silences_seen.get(work.tenant) == work.active:
            return
        for row in self._store.rows(load_query("alerting", "held_alerts"), {"tenant": work.tenant}):
            alert = alert_of(row)
            if silenced_by(alert.labels, work.silences, work.now) is None:
                work.changed[alert.id] = alert
                work.records.append(AlertRecord(alert, Change.RELEASED, work.now))

    def _compare(self, work: _Work, promises: Mapping[str, str], alerts: dict[str, Alert]) -> bool:
        """Once the promises have changed, end the alerts of those that have left the catalog applied last, and see to
        those of promises that came back and were judged since: until then their clocks are as they were when they left.
        Whether that was all.
        """
        if self._promises_seen.get(work.tenant) == promises:
            return True
        self._renew_catalog(work)
        newest = _promises(work.catalog)
        params = {
            "tenant": work.tenant,
            "workflows": list(newest.values()),
            "slas": list(newest.keys()),
            "limit": ROWS_AT_ONCE,
        }
        left = [alert_of(row) for row in self._store.rows(load_query("alerting", "open_alerts_beside"), params)]
        judged = self._clocks.judged(work.tenant)
        came = [alert_of(row) for row in self._store.rows(load_query("alerting", "withdrawn_alerts"), params)]
        back = [alert for alert in came if alert.sla in judged]
        clocks = self._clocks_of(work.tenant, back)
        for alert in left:
            self._decided(work, withdrawn(alert, work.now), alerts)
        for alert in back:
            self._decided(work, returned(alert, clocks.get(alert.id)), alerts)
        return len(back) == len(came) and max(len(left), len(came)) < ROWS_AT_ONCE

    def _clocks_of(self, tenant: str, alerts: Sequence[Alert]) -> dict[str, ClockRow]:
        """The present clock of each alert that has one, by alert id."""
        wanted: dict[str, set[str]] = {}
        for alert in alerts:
            wanted.setdefault(alert.workflow, set()).add(alert.key)
        return {
            alert_id(tenant, clock.sla, workflow, key, clock.clock): clock
            for workflow, keys in wanted.items()
            for key, clocks in self._clocks.clocks_of(tenant, workflow, sorted(keys)).items()
            for clock in clocks
        }

    def _tell(self, work: _Work) -> None:
        """Tell what the verdicts have come to, of several read at once the last: a message per receiver and group."""
        if not work.changed:
            return
        told = self._outbox.told(work.tenant, list(work.changed))
        context = Context(work.tenant, work.catalog, work.silences, told, self._renderer, work.now)
        flow = run(work.changed.values(), context)
        work.decisions.update(str(ruling) for ruling, _ in flow.rulings)
        try:
            waiting = self._outbox.add(work.tenant, flow.messages, work.now)
        except Unavailable:
            self.delivery.read_back()  # nobody knows whether they were recorded; if so, the next tick finds them told
            raise
        self.delivery.offer(waiting)
        append_alerts(self._store, work.tenant, [*work.records, *_held_back(flow, work.now)])
        work.messages = len(waiting)

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


@dataclass(slots=True)
class _Work:
    """What one tick has found: alerts to tell of, as they are now, and rows to append.

    `is_newest` says that the catalog is the one applied last, read in this tick.
    """

    tenant: str
    catalog: Catalog
    silences: tuple[Silence, ...]
    now: datetime
    is_newest: bool = False
    changed: dict[str, Alert] = field(default_factory=dict)
    records: list[AlertRecord] = field(default_factory=list)
    decisions: Counter[str] = field(default_factory=Counter)
    messages: int = 0

    @property
    def active(self) -> frozenset[str]:
        """The silences that hide something at present."""
        return frozenset(each.id for each in self.silences)


def _promises(catalog: Catalog) -> dict[str, str]:
    """The workflow of each SLA."""
    return {sla.id: sla.workflow for sla in catalog.slas}


def _held_back(flow: Flow, now: datetime) -> list[AlertRecord]:
    """Who is not told because of a silence: recorded with its author, so that its end can release it."""
    silenced = {alert.id: alert for ruling, alert in flow.rulings if ruling is Ruling.SILENCED}
    return [
        AlertRecord(alert, Change.SILENCED, now, flow.silenced[alert.id].created_by, flow.silenced[alert.id].id)
        for alert in silenced.values()
    ]
