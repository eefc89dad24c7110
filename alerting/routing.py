"""Which receivers a catalog's routes choose for an alert. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from model import Receiver, Route

LOG = Receiver("log", "")
"""The platform's own log: every alert goes there, so that without any route none is lost."""


def receivers_for(labels: Mapping[str, str], routes: Iterable[Route]) -> dict[Receiver, str]:
    """The receivers in order, each with the ids of the routes that chose it, joined by a comma.

    Routes are tried in order; the first that matches ends the search unless it says `continue`. A route matches when
    each of its labels has one of the values given; a route without labels matches everything. The log comes first.
    """
    chosen: dict[Receiver, list[str]] = {LOG: []}
    for route in routes:
        if all(labels.get(name) in values for name, values in route.match):
            for receiver in route.receivers:
                chosen.setdefault(receiver, []).append(route.id)
            if not route.continue_:
                break
    return {receiver: ",".join(ids) for receiver, ids in chosen.items()}
