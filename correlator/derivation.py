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

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

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

    def staged(self) -> tuple[int, int]:
        """How many events and corrections the batch has."""
        return self._count("stage_events"), self._count("stage_corrections")

    def empty(self) -> None:
        """Empty the scratch tables."""
        for table in _SCRATCH:
            self._store.execute(f"TRUNCATE TABLE {table}")

    def derive(self) -> int:
        """From extracted events to instances; how many instances it has touched.

        Statements that do not read what the other writes run side by side. What has to be there before what, is in the
        numbered notes above.
        """
        conflicts = self._conflicts()
        is_lossy = conflicts or self._count("stage_corrections") > 0
        self._params["is_lossy"] = int(is_lossy)
        if is_lossy:
            self.execute("write_corrections")
        self.execute("write_copies")
        _side_by_side(lambda: self.execute("write_events"), lambda: self._reach(is_lossy=is_lossy))
        if self._count("stage_reread"):
            self.execute("state_of_reread")
        self.execute("walk_from_events")
        has_hubs = self._inward()
        self.execute("stage_members")
        if is_lossy or has_hubs:
            self.execute("stage_lost_members")
        _side_by_side(
            lambda: self._all("write_members", "write_instances"),
            lambda: self._all("write_instance_keys", "write_systems", "write_touched"),
        )
        if is_lossy or has_hubs:
            self._all("write_vanished_instances", "write_lost_waiting")
        self.execute("write_waiting")
        if has_hubs:
            self.execute("write_hubs")
        return int(self._store.value("SELECT uniqExact(instance) FROM stage_members"))

    def _conflicts(self) -> bool:
        """Whether an event of the batch is known in more than one version; what loses is written down."""
        self.execute("stage_known")
        if not self._count("stage_known"):
            return False
        self.execute("write_superseded")
        return bool(self._store.value(load_query("correlator", "count_conflicts"), self._of_tenant()))

    def _reach(self, *, is_lossy: bool) -> None:
        """Links, and every stored event whose way to a root they may have changed."""
        self._all("write_links", "write_links_by_inner", "reach_from_links")
        if is_lossy:
            self._all("reach_from_superseded", "reach_from_corrections")
        reached = self._count("stage_reach")
        for round_ in range(1, self._rounds - 1):
            if not reached:
                break
            self.execute("reach_outward", round_)
            reached, before = self._count("stage_reach"), reached
            if reached == before:
                break
        if is_lossy:
            self.execute("forget_hubs")
        self._all("stage_reread", "write_event_keys", "state_of_new")

    def _inward(self) -> bool:
        """Walk; whether a walk has started from a hub."""
        is_hub_known = bool(self._store.value(load_query("correlator", "count_hubs"), self._of_tenant()))
        walking = self._count("stage_walk")
        links = 0
        for round_ in range(1, self._rounds):
            if not walking:
                break
            self.execute("links_of_walk", round_)
            before, links = links, self._count("stage_links")
            if links - before > self._hub_limit and self._widest(round_) > self._hub_limit:
                self.execute("hubs_ahead", round_)
            self.execute("walk_inward", round_)
            if is_hub_known:
                self.execute("hubs_on_the_way", round_)
            [sizes] = self._store.rows(load_query("correlator", "walk_sizes"), {"round": round_})
            walking = sizes["walking"]
            if sizes["walked"] > self._hub_limit:
                self.execute("stage_hubs", round_)
        return bool(self._count("stage_hubs"))

    def _widest(self, round_: int) -> int:
        return int(self._store.value(load_query("correlator", "widest_key"), {"round": round_}) or 0)

    def _all(self, *queries: str) -> None:
        for query in queries:
            self.execute(query)

    def _count(self, table: str) -> int:
        return int(self._store.value(f"SELECT count() FROM {table}"))

    def _of_tenant(self) -> dict[str, object]:
        return {"tenant": self._params["tenant"]}


def _side_by_side(first: Callable[[], None], second: Callable[[], None]) -> None:
    """Run both to their ends, then raise what went wrong in either."""
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(first)
        try:
            second()
        finally:
            other.result()
