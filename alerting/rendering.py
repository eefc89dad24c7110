"""Messages in words: Jinja2 templates in `alerting/templates/`, and Alertmanager's webhook JSON around them.

A template that asks for something unknown fails (`StrictUndefined`); HTML is escaped. What comes from outside, keys and
amounts first of all, is one line wherever it is shown, and in chats neither mentions anybody nor links anywhere; labels
of a webhook have it as it is. What is rendered is what was known when it was decided: relative times count from then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerting import wording
from alerting.alert import Alert, Links
from model import Catalog, Receiver, Verdict

STILL_FIRING = "0001-01-01T00:00:00Z"
"""Alertmanager's `endsAt` of an alert without an end (Go's zero time)."""

_TEMPLATES = {"log": "log.txt.j2", "email": "email.html.j2", "apprise_env": "chat.txt.j2"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A title of one line, and the body in the format of the receiver's kind."""

    title: str
    body: str


class Renderer:
    """Renders for all kinds of receivers; one per process, safe for several threads."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._environment = Environment(
            loader=PackageLoader("alerting"),
            autoescape=select_autoescape(["html.j2"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "ago": wording.ago,
            "instant": wording.instant,
            "one_line": wording.one_line,
        }

    def rendered(
        self, receiver: Receiver, route: str, group_key: str, alerts: Sequence[Alert], catalog: Catalog, now: datetime
    ) -> Rendered:
        """One message about one or more alerts of one group, chosen by `route` for a receiver, at `now`."""
        harmless = wording.unlinked if receiver.kind == "apprise_env" else wording.one_line
        shown = [self._shown(alert, catalog, now, harmless) for alert in alerts]
        values = {"alerts": shown, "now": now, "home": self._links.home()}
        title = self._text("title.txt.j2", values)
        if receiver.kind == "webhook":
            return Rendered(title, json.dumps(self._webhook(route, group_key, shown), ensure_ascii=False))
        return Rendered(title, self._text(_TEMPLATES[receiver.kind], values))

    def _shown(self, given: Alert, catalog: Catalog, now: datetime, harmless: Callable[[str], str]) -> dict[str, Any]:
        """What templates may name. `alert` is the given one, its texts harmless."""
        alert = replace(
            given,
            key=harmless(given.key),
            per=harmless(given.per),
            amount=harmless(given.amount),
            currency=wording.currency(given.currency),
            reason=harmless(given.reason),
            owner=wording.one_line(given.owner),
        )
        sla = next((each for each in catalog.slas if each.id == alert.sla), None)
        workflow = next((each for each in catalog.workflows if each.name == alert.workflow), None)
        milestones = {each.id: each.title for each in workflow.milestones} if workflow else {}
        return {
            "alert": alert,
            "state": _state(alert),
            "instance": f"{alert.workflow} {alert.key} ({alert.per})" if alert.per else f"{alert.workflow} {alert.key}",
            "awaited": "reached" if alert.satisfied_at else "awaited",
            "sla_title": wording.one_line(sla.title) if sla else alert.sla,
            "workflow_title": wording.one_line(workflow.title) if workflow else alert.workflow,
            "milestone_title": wording.one_line(milestones.get(alert.milestone, alert.milestone)),
            "due": wording.due(alert.deadline_at, alert.satisfied_at, now),
            "amount": f"{alert.amount} {alert.currency}".strip(),
            "url": self._links.alert(given),
        }

    def _text(self, template: str, values: Mapping[str, Any]) -> str:
        return self._environment.get_template(template).render(values).strip()

    def _webhook(self, route: str, group_key: str, shown: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        alerts = [self._webhook_alert(each) for each in shown]
        common_labels = _common([each["labels"] for each in alerts])
        return {
            "version": "4",
            "groupKey": group_key,
            "truncatedAlerts": 0,
            "status": "firing" if any(each["status"] == "firing" for each in alerts) else "resolved",
            "receiver": route,
            "groupLabels": {name: common_labels[name] for name in ("workflow", "sla")},
            "commonLabels": common_labels,
            "commonAnnotations": _common([each["annotations"] for each in alerts]),
            "externalURL": self._links.base_url,
            "alerts": alerts,
        }

    def _webhook_alert(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        """Receivers know an alert by its labels, so what changes while it fires, the verdict, is an annotation only.

        The clock is one more: of one promise an order has several with its amendments, and a feed with its silences.
        """
        alert: Alert = shown["alert"]
        labels = {name: text for name, text in alert.labels.items() if name != "verdict"}
        annotations = {
            "summary": self._text("summary.txt.j2", shown),
            "description": self._text("description.txt.j2", shown),
            "workflow": alert.workflow,
            "key": alert.key,
            "milestone": alert.milestone,
            "deadline_at": wording.rfc3339(alert.deadline_at) if alert.deadline_at else "",
            "owner": alert.owner,
            "amount": alert.amount,
            "currency": alert.currency,
            "verdict": str(alert.verdict),
            "reason": alert.reason,
            "timeline_url": shown["url"],
        }
        return {
            "status": "firing" if alert.is_open else "resolved",
            "labels": {**labels, "clock": alert.clock},
            "annotations": {name: text for name, text in annotations.items() if text},
            "startsAt": wording.rfc3339(alert.started_at),
            "endsAt": wording.rfc3339(alert.ended_at) if alert.ended_at else STILL_FIRING,
            "generatorURL": shown["url"],
            "fingerprint": alert.id[:16],
        }


def _state(alert: Alert) -> str:
    if not alert.is_open:
        return "Resolved"
    return "Breached" if alert.verdict is Verdict.BREACHED else "At risk"


def _common(each: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first, *others = each
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in others)}
