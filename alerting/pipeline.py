"""From alerts that changed to messages for receivers: small pure stages in one list, each ruling with a named reason.

Deciding ends with rendered messages. Delivering and recording them is the edge's (`alerting.engine`,
`alerting.delivery`): a message is recorded before it is first sent, so that a crash loses none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from alerting.alert import RESOLVED, Alert
from alerting.rendering import Renderer
from alerting.routing import receivers_for
from alerting.silence import Silence, silenced_by
from model import Catalog, Receiver, Verdict

ALERTS_PER_MESSAGE = 100
GROUP_LABELS = ("workflow", "sla")
_WEIGHT = {Verdict.AT_RISK: 1, Verdict.BREACHED: 2}


class Ruling(StrEnum):
    """What a stage decided about one alert and one receiver."""

    SENT = "sent"
    SILENCED = "silenced"
    TOLD_BEFORE = "the receiver has been told this, or worse, of this episode"
    NEVER_TOLD = "nobody was told that it began"


@dataclass(frozen=True, slots=True)
class Told:
    """That a receiver has been told `what` of an alert (`Alert.told`), by these routes."""

    receiver: Receiver
    route: str
    what: str


@dataclass(frozen=True, slots=True)
class Context:
    """All that the stages may look at: the catalog, silences, what receivers were told, the instant.

    `told` is by alert id, of each the oldest first.
    """

    tenant: str
    catalog: Catalog
    silences: tuple[Silence, ...]
    told: Mapping[str, tuple[Told, ...]]
    renderer: Renderer
    now: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert for one receiver."""

    alert: Alert
    receiver: Receiver
    route: str
    group_key: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to one receiver at once: up to 100 alerts of one group. `what` is told of each, in their order."""

    receiver: Receiver
    route: str
    group_key: str
    alert_ids: tuple[str, ...]
    what: tuple[str, ...]
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Flow:
    """What goes from stage to stage: alerts, then notices, then messages; and the rulings on the way."""

    alerts: tuple[Alert, ...]
    notices: tuple[Notice, ...] = ()
    messages: tuple[Message, ...] = ()
    rulings: tuple[tuple[Ruling, Alert], ...] = ()
    silenced: Mapping[str, Silence] = field(default_factory=dict)
    """The silence that hides an alert, by alert id."""


Stage = Callable[[Flow, Context], Flow]


def route(flow: Flow, context: Context) -> Flow:
    """Open alerts go where the catalog says, resolved ones to whoever still believes that they fire.

    Of several ledger rows read at once only the last is told, so that may be an earlier episode than the resolved one.
    """
    notices: list[Notice] = []
    rulings: list[tuple[Ruling, Alert]] = []
    for alert in flow.alerts:
        if alert.is_open:
            chosen = receivers_for(alert.labels, context.catalog.routes)
        else:
            chosen = {
                receiver: last.route
                for receiver, last in _last_told(alert, context).items()
                if _verdict(last) != RESOLVED or last.what == alert.told
            }
        notices += [Notice(alert, receiver, ids) for receiver, ids in chosen.items()]
        if not chosen:
            rulings.append((Ruling.NEVER_TOLD, alert))
    return replace(flow, notices=tuple(notices), rulings=(*flow.rulings, *rulings))


def group(flow: Flow, context: Context) -> Flow:
    """Alerts of one promise belong together; the key is the same when they are resolved."""
    return replace(flow, notices=tuple(replace(each, group_key=_group_key(each, context)) for each in flow.notices))


def silence(flow: Flow, context: Context) -> Flow:
    """A silence hides what begins; that something told has ended is not hidden."""
    hidden = {}
    for alert in flow.alerts:
        by = silenced_by(alert.labels, context.silences, context.now) if alert.is_open else None
        if by is not None:
            hidden[alert.id] = by
    return replace(_kept(flow, lambda notice: Ruling.SILENCED if notice.alert.id in hidden else None), silenced=hidden)


def deduplicate(flow: Flow, context: Context) -> Flow:
    """Each receiver is told once that an episode is a risk, once that it is a breach, once that it is over."""

    def ruling(notice: Notice) -> Ruling | None:
        if not notice.alert.is_open:
            last = _last_told(notice.alert, context)[notice.receiver]
            return Ruling.TOLD_BEFORE if _verdict(last) == RESOLVED else None
        worst = 0
        for each in context.told.get(notice.alert.id, ()):
            if each.receiver == notice.receiver and each.what.startswith(f"{notice.alert.episode}:"):
                worst = 0 if _verdict(each) == RESOLVED else max(worst, _WEIGHT[Verdict(_verdict(each))])
        return Ruling.TOLD_BEFORE if worst >= _WEIGHT[notice.alert.verdict] else None

    return _kept(flow, ruling)


def render(flow: Flow, context: Context) -> Flow:
    """One message per receiver and group, at most 100 alerts each, earliest first."""

    def together(notice: Notice) -> tuple[str, str, str, str]:
        return notice.receiver.kind, notice.receiver.target, notice.route, notice.group_key

    def by_age(notice: Notice) -> tuple[tuple[str, str, str, str], datetime, str]:
        return together(notice), notice.alert.started_at, notice.alert.id

    messages = [
        _message(part, context)
        for _, notices in groupby(sorted(flow.notices, key=by_age), key=together)
        for part in _parts(list(notices))
    ]
    sent = tuple((Ruling.SENT, notice.alert) for notice in flow.notices)
    return replace(flow, messages=tuple(messages), rulings=(*flow.rulings, *sent))


STAGES: tuple[Stage, ...] = (route, group, silence, deduplicate, render)
"""In this order: a silenced receiver is not told, so it is no duplicate later. Then: record, deliver (the edge)."""


def run(alerts: Iterable[Alert], context: Context) -> Flow:
    """Send alerts that changed through all stages."""
    flow = Flow(tuple(alerts))
    for stage in STAGES:
        flow = stage(flow, context)
    return flow


def _last_told(alert: Alert, context: Context) -> dict[Receiver, Told]:
    """The last that each receiver was told of an alert, of whichever episode."""
    return {each.receiver: each for each in context.told.get(alert.id, ())}


def _verdict(told: Told) -> str:
    return told.what.partition(":")[2]


def _group_key(notice: Notice, context: Context) -> str:
    labels = ", ".join(f'{name}="{notice.alert.labels[name]}"' for name in sorted(GROUP_LABELS))
    return f"{context.tenant}/{notice.route or notice.receiver.kind}:{{{labels}}}"


def _kept(flow: Flow, ruling: Callable[[Notice], Ruling | None]) -> Flow:
    ruled = [(notice, ruling(notice)) for notice in flow.notices]
    return replace(
        flow,
        notices=tuple(notice for notice, why in ruled if why is None),
        rulings=(*flow.rulings, *((why, notice.alert) for notice, why in ruled if why is not None)),
    )


def _parts(notices: Sequence[Notice]) -> Iterator[Sequence[Notice]]:
    for start in range(0, len(notices), ALERTS_PER_MESSAGE):
        yield notices[start : start + ALERTS_PER_MESSAGE]


def _message(notices: Sequence[Notice], context: Context) -> Message:
    first = notices[0]
    alerts = tuple(notice.alert for notice in notices)
    rendered = context.renderer.rendered(
        first.receiver, first.route, first.group_key, alerts, context.catalog, context.now
    )
    return Message(
        receiver=first.receiver,
        route=first.route,
        group_key=first.group_key,
        alert_ids=tuple(alert.id for alert in alerts),
        what=tuple(alert.told for alert in alerts),
        title=rendered.title,
        body=rendered.body,
    )
