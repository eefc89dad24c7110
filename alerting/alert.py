"""What an alert is: one broken or endangered promise to one clock, followed until it no longer holds.

Its identity is computed, so that the same breach read twice is the same alert. Holds values only; what changes them is
in `alerting.lifecycle`, who hears of them in `alerting.pipeline`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from model import Verdict

NO_OWNER = "no owner"
"""What is shown, and what routes match, where neither the SLA nor its workflow names one."""

RESOLVED = "resolved"
"""What receivers are told of an alert that is over, in place of a verdict."""


class AlertState(StrEnum):
    """What a person sees: an acknowledged alert stays so under a silence, a resolved one is over."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert after one row of the verdict ledger.

    `verdict_seq` is that row's place in the tenant's ledger, `episode` that of the row that opened it (a new one each
    time it fires again). `started_at` is since when the opening verdict is valid, `ended_at` when it was resolved.
    `labels` are what routes and silences match. `keys` are those of the instance, none where it is about a feed.
    `amount` is a decimal or empty.
    """

    id: str
    is_open: bool
    verdict: Verdict
    verdict_seq: int
    episode: int
    workflow: str
    sla: str
    key: str
    clock: str
    per: str
    severity: str
    owner: str
    labels: Mapping[str, str]
    keys: Mapping[str, tuple[str, ...]]
    milestone: str
    started_at: datetime
    ended_at: datetime | None
    deadline_at: datetime | None
    satisfied_at: datetime | None
    known_at: datetime
    amount: str = ""
    currency: str = ""
    reason: str = ""
    definition: str = ""

    @property
    def told(self) -> str:
        """What a receiver hears of it in this state: `<episode>:<verdict>`, or `<episode>:resolved`."""
        return f"{self.episode}:{self.verdict if self.is_open else RESOLVED}"


def alert_id(tenant: str, sla: str, workflow: str, key: str, clock: str) -> str:
    """The same 32 hexadecimal digits for the same clock of the same promise, in every process."""
    parts = "".join(f"{len(part.encode())}:{part}" for part in (tenant, sla, workflow, key, clock))
    return hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of dashboard pages, under the base URL people reach it by (`https://throughline.example.org`)."""

    base_url: str

    def home(self) -> str:
        """The overview."""
        return f"{self.base_url.rstrip('/')}/"

    def timeline(self, workflow: str, key: str) -> str:
        """The timeline page of one instance; the key is percent-encoded, slashes too.

        Browsers take `.` and `..` for folders: such a key goes into the query.
        """
        instances = f"{self.base_url.rstrip('/')}/workflows/{quote(workflow, safe='')}/instances"
        return f"{instances}/-?key={key}" if key in {".", ".."} else f"{instances}/{quote(key, safe='')}"

    def sla(self, sla: str) -> str:
        """The page of one SLA."""
        return f"{self.base_url.rstrip('/')}/slas/{quote(sla, safe='')}"

    def alert(self, alert: Alert) -> str:
        """The page to act on: the timeline of its instance; of a feed, which is no instance, the page of its SLA."""
        return self.timeline(alert.workflow, alert.key) if alert.keys else self.sla(alert.sla)
