"""What an instance is worth and its business keys, for many instances at once, from the correlator's instances.

Trace ids are left out, they mean nothing to a person; of each type a hundred values are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alerting.lifecycle import Facts
from correlator import InstanceFilter, InstanceReader
from model import TRACE_KEY
from store import Sql

_AT_ONCE = 500
_VALUES = 100


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
                keys_of = {name: tuple(each[:_VALUES]) for name, each in row.keys.items() if name != TRACE_KEY}
                facts[row.key] = Facts(keys_of, row.amount or "", row.currency or "")
        return facts
