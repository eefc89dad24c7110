"""What an instance is worth and all its keys, for many instances at once, from the correlator's instances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alerting.lifecycle import Facts
from correlator import InstanceFilter, InstanceReader
from store import Sql

_AT_ONCE = 500


class InstanceFacts:
    """Asks the correlator; an instance it does not know has no facts."""

    def __init__(self, instances: InstanceReader) -> None:
        self._instances = instances

    def of(self, tenant: str, workflow: str, keys: Iterable[str]) -> Mapping[str, Facts]:
        """By instance key."""
        wanted = sorted(set(keys))
        facts: dict[str, Facts] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            restrict = Sql("SELECT arrayJoin({alerted_keys:Array(String)}) AS key", {"alerted_keys": some})
            rows, _ = self._instances.instances(tenant, workflow, InstanceFilter(restrict=restrict), limit=_AT_ONCE)
            for row in rows:
                keys_of = {name: tuple(values) for name, values in row.keys.items()}
                facts[row.key] = Facts(keys_of, row.amount or "", row.currency or "")
        return facts
