"""What the platform has found, read through its REST API as anybody may: no table, no import."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

TIMEOUT_SECONDS = 60
Item = dict[str, Any]


class NoAnswer(Exception):
    """The platform did not answer, or not with success; the message says what it was asked."""


class PlatformApi:
    """The API at `http://host:port`, as the principal of a token (None where access is open)."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._token = token

    def instances(self, workflow: str) -> Iterator[Item]:
        """All instances of a workflow."""
        return self._all(f"/workflows/{quote(workflow)}/instances")

    def timeline(self, workflow: str, key: str) -> list[Item]:
        """All events of an instance."""
        path = f"/workflows/{quote(workflow)}/instances/{quote(key, safe='')}/timeline"
        return list(self._all(path, "events"))

    def verdicts(self, sla: str) -> Iterator[Item]:
        """The latest verdict of each clock of an SLA."""
        return self._all(f"/slas/{quote(sla)}/verdicts", known_at=datetime.now(UTC).isoformat())

    def unresolved(self) -> Iterator[Item]:
        """The events that wait for their instance."""
        return self._all("/unresolved")

    def alerts(self) -> Iterator[Item]:
        """All alerts that are not over."""
        return self._all("/alerts", state=["firing", "acknowledged", "silenced"])

    def _all(self, path: str, items: str = "items", **params: Any) -> Iterator[Item]:
        cursor = None
        while True:
            page = self._get(path, {**params, "limit": 1000, **({"cursor": cursor} if cursor else {})})
            yield from page[items]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _get(self, path: str, params: dict[str, Any]) -> Any:
        url = f"{self._base_url}/api/v1{path}?{urlencode(params, doseq=True)}"
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            request = urllib.request.Request(url, headers=headers)  # noqa: S310
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise NoAnswer(f"{url} answered {refused.code}: {refused.read(300).decode(errors='replace')}") from refused
        except (OSError, ValueError) as gone:
            raise NoAnswer(f"{url} did not answer: {gone}") from gone
