"""What follows from the events of one batch of segments: links, memberships, instances, what waits.

How one batch of segments is stitched, in order. Every step adds to sets, so a crash anywhere repeats work and changes
nothing; the segments are marked last of all.

 1. The compiled SELECTs extract the events of all workflows into scratch tables; corrections are written down.
 2. What was delivered is written down first (`event_copies`): an event named by any other table is always known there.
    Versions of an event that lose against another (larger content hash) are `superseded`: what they say and prove is
    left out wherever it is read, as are voided events and retracted links, so nothing has to be taken back.
 3. Events and the links they prove are written.
 4. Walking outward from these links (inner to outer, windows left aside) finds every key whose way to the root may have
    changed; the stored events that have it for an innermost value are judged again, together with the new ones. Too
    many cost time only.
 5. Walking inward from the innermost values, hop by hop within the windows, finds the roots. Every hop leads to a
    smaller rank, so there are at most as many rounds as key types. A walk that leads to more roots than the limit has
    started from a hub: it leads nowhere. Once found, a hub without a window is known and not walked from again.
 6. Memberships, the instances they touch, what waits, and the feed of changes are written; hubs last, because a known
    hub hides work. Only a batch that loses something (a version, a correction, a key that becomes a hub) looks for
    memberships to take back.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlator.sequence import sequence
from correlator.typed_key import typed_key
from model import Workflow
from store import Store, load_query

HUB_LIMIT = 1000
"""An alias with more roots than this is a hub."""

_SCRATCH = (
    "stage_events",
    "stage_corrections",
    "stage_known",
    "stage_reach",
    "stage_reread",
    "stage_state",
    "stage_walk",
    "stage_links",
    "stage_hubs",
    "stage_members",
)


class Derivation:
    """The statements of one batch, in their order."""

    def __init__(
        self, store: Store, tenant: str, version: int, workflows: tuple[Workflow, ...], hub_limit: int = HUB_LIMIT
    ) -> None:
        self._store = store
        self._hub_limit = hub_limit
        sequences = [sequence(each) for each in workflows]
        self._params: dict[str, object] = {
            "tenant": tenant,
            "version": version,
            "workflows": [each.name for each in workflows],
            "roots": [typed_key(each.name, each.root, "") for each in workflows],
            "hub_limit": hub_limit,
            "is_lossy": 0,
            **{name: [getattr(each, name) for each in sequences] for name in ("steps", "once", "retry", "required")},
        }
        self._rounds = max(len(each.keys) for each in workflows)

    def execute(self, query: str, round_: int = 0) -> None:
        """Run one statement of the room with the parameters it names."""
        text = load_query("correlator", query)
        params = {name: value for name, value in (self._params | {"round": round_}).items() if f"{{{name}:" in text}
        self._store.execute(text, params)

    def sizes(self, round_: int = 0) -> dict[str, int]:
        """Row counts of the scratch tables; `reached` is that of one round outward."""
        return self._store.rows(load_query("correlator", "stage_sizes"), {"round": round_})[0]

    def empty(self) -> None:
        """Empty the scratch tables."""
        for table in _SCRATCH:
            self._store.execute(f"TRUNCATE TABLE {table}")

    def derive(self) -> None:
        """From extracted events to instances."""
        for query in self._queries():
            self.execute(query)

    def _queries(self) -> Iterator[str]:
        yield "stage_known"
        sizes = self.sizes()
        conflicts = False
        if sizes["known"]:
            yield "write_superseded"
            conflicts = bool(self._store.value(load_query("correlator", "count_conflicts"), self._of_tenant()))
        is_lossy = conflicts or bool(sizes["corrections"])
        self._params["is_lossy"] = int(is_lossy)
        yield from ("write_corrections", "write_copies", "write_events", "write_links", "write_links_by_inner")
        yield "reach_from_links"
        if is_lossy:
            yield from ("reach_from_superseded", "reach_from_corrections")
        self._outward()
        if is_lossy:
            yield "forget_hubs"
        yield from ("stage_reread", "write_event_keys", "state_of_new")
        if self.sizes()["reread"]:
            yield "state_of_reread"
        yield "walk_from_events"
        has_hubs = self._inward()
        yield "stage_members"
        if is_lossy or has_hubs:
            yield "stage_lost_members"
        yield from ("write_members", "write_instance_keys", "write_instances")
        if is_lossy or has_hubs:
            yield from ("write_vanished_instances", "write_lost_waiting")
        yield from ("write_waiting", "write_systems", "write_touched")
        if has_hubs:
            yield "write_hubs"

    def _outward(self) -> None:
        for round_ in range(1, self._rounds - 1):
            if not self.sizes(round_ - 1)["reached"]:
                return
            self.execute("reach_outward", round_)

    def _inward(self) -> bool:
        """Walk; whether a walk has started from a hub."""
        is_hub_known = bool(self._store.value(load_query("correlator", "count_hubs"), self._of_tenant()))
        hubs = 0
        for round_ in range(1, self._rounds):
            sizes = self._walk_sizes(round_ - 1)
            if not sizes["walking"]:
                break
            self.execute("links_of_walk", round_)
            if self._walk_sizes(round_ - 1)["widest"] > self._hub_limit:
                self.execute("hubs_ahead", round_)
            self.execute("walk_inward", round_)
            if is_hub_known:
                self.execute("hubs_on_the_way", round_)
            sizes = self._walk_sizes(round_)
            if sizes["total"] > self._hub_limit:
                self.execute("stage_hubs", round_)
            hubs = sizes["hubs"]
        return bool(hubs or self._walk_sizes(0)["hubs"])

    def _walk_sizes(self, round_: int) -> dict[str, int]:
        return self._store.rows(load_query("correlator", "walk_sizes"), {"round": round_})[0]

    def _of_tenant(self) -> dict[str, object]:
        return {"tenant": self._params["tenant"]}
