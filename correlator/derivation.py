"""What follows from the events of one batch of segments: links, memberships, instances, what waits.

How one batch of segments is stitched, in order. Every step adds to sets, so a crash anywhere repeats work and changes
nothing; the segments are marked last of all.

 1. The compiled SELECTs extract the events of all workflows into scratch tables; corrections are written down.
 2. What was delivered is written down first (`event_copies`): an event named by any other table is always known there.
    Versions of an event that lose against another (larger content hash) are `superseded`: what they say and prove is
    left out wherever it is read, as are voided events and retracted links, so nothing has to be taken back. But for an
    event without a time that turns out to have been received earlier: the links it proved at the later receipt go.
 3. Events and the links they prove are written.
 4. Walking outward from these links (inner to outer, windows left aside) finds every key whose way to the root may have
    changed; the stored events that have it for an innermost value (`event_keys` hold all that decides) are judged
    again, together with the new ones. Too many cost time only. What is stored of a staged event counts only once all
    its versions are there, so that a batch with known events waits for its own to be written.
 5. Walking inward from the innermost values, hop by hop within the windows, finds the roots. Every hop leads to a
    smaller rank, so there are at most as many rounds as key types. A walk that leads to more roots than the limit has
    started from a hub: it leads nowhere. Once found, a hub without a window is known and not walked from again.
 6. Memberships, the instances they touch, what waits, and the feed of changes are written; hubs last, because a known
    hub hides work. Only a batch that loses something (a version, a later receipt, a correction, a key that becomes a
    hub) looks for memberships to take back.
"""

from __future__ import annotations

from typing import Any

from correlator.sequence import sequence
from correlator.stored_filter import Ids, Lookup, StoredFilter
from correlator.typed_key import typed_key
from model import Workflow
from store import Sql, Store, lines_for, load_query, side_by_side, spliced

HUB_LIMIT = 1000
"""An alias with more roots than this is a hub."""

SCANNED = 2500
"""Where the filter does not say which may be known: of fewer stored deliveries for each staged event all are read. Ids
are random, so each needs a block of its own, and to find that costs as much as to read so many."""

_NO_TIME = -(1 << 63)
"""Where a walk has no window ahead: no event's time, not even that of one without any."""

SCRATCH = (
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
"""Tables of one batch's rows, emptied before each."""


class Derivation:
    """The statements of one batch, in their order."""

    def __init__(
        self,
        store: Store,
        tenant: str,
        version: int,
        workflows: tuple[Workflow, ...],
        stored: StoredFilter,
        hub_limit: int = HUB_LIMIT,
    ) -> None:
        self._store = store
        self._stored = stored
        self._hub_limit = hub_limit
        sequences = [sequence(each) for each in workflows]
        self._params: dict[str, object] = {
            "tenant": tenant,
            "version": version,
            "workflows": [each.name for each in workflows],
            "roots": [typed_key(each.name, each.root, "") for each in workflows],
            "hub_limit": hub_limit,
            "no_time": _NO_TIME,
            "is_lossy": 0,
            **{name: [getattr(each, name) for each in sequences] for name in ("steps", "once", "retry", "required")},
        }
        self._rounds = max(len(each.keys) for each in workflows)
        self._there: frozenset[str] = frozenset()
        """What statements have to look for: see `lines_for`. Replaced, never changed: two threads read it."""

    def execute(self, query: str, round_: int = 0) -> None:
        """Run one statement of the room with the parameters it names."""
        text = lines_for("correlator", query, self._there)
        self._store.execute(text, self._named(text, round_))

    def empty(self) -> None:
        """Empty the scratch tables."""
        for table in SCRATCH:
            self._store.execute(f"TRUNCATE TABLE {table}")

    def derive(self) -> int:
        """From extracted events, whose number it gives, to instances.

        Statements that do not read what the other writes run side by side. What has to be there before what, is in the
        numbered notes above.
        """
        staged = self._store.value("SELECT count() FROM stage_events")
        deliveries = self._stored.look(self._store)
        halves = self._stored.ids(self._store, Lookup.DELIVERIES, "staged_halves")
        self._there = frozenset()
        if (maybe := self._stored.among(Lookup.DELIVERIES, halves)) is not None:
            self._tell("maybe_known", maybe)
        else:
            self._there = frozenset({"unfiltered", "scanned"} if deliveries < SCANNED * staged else {"unfiltered"})
        if self._stored.keeps(Lookup.LINKS):
            self._there |= {"links_counted"}
            self._params["last_link"] = self._stored.last(Lookup.LINKS)
        facts = self._row("batch_facts")
        if not facts["events"] and not facts["corrections"]:
            return 0
        self._there |= _to_look_for(facts)
        if facts["known"]:
            self.execute("stage_known")
        is_lossy = any((self._conflicts(facts), self._moved_back(facts), facts["corrections"] > 0))
        self._params["is_lossy"] = int(is_lossy)
        if is_lossy:
            self.execute("write_corrections")
        side_by_side(lambda: self._write_copies(facts), lambda: self.execute("state_of_new"))
        if facts["known"] or is_lossy:
            side_by_side(self._write_events, lambda: self._reach(facts, is_lossy=is_lossy))
            self._all("stage_reread", "state_of_reread")
            has_hubs = self._walk(facts)
        else:
            _, has_hubs = side_by_side(self._write_events, lambda: self._reach_and_walk(facts))
        instances = self._stored.ids(self._store, Lookup.INSTANCES, "staged_instances")
        if is_lossy or has_hubs:
            self.execute("stage_lost_members")
        else:
            self._tell_instances(instances)
        side_by_side(
            lambda: self._all("write_members", "write_instances"),
            lambda: self._all("write_instance_keys", "write_touched", "write_waiting"),
        )
        if is_lossy or has_hubs:
            self._all("write_vanished_instances", "write_lost_waiting")
        if has_hubs:
            self.execute("write_hubs")
        aliases = self._stored.ids(self._store, Lookup.EVENT_KEYS, "staged_event_keys")
        linked = self._stored.ids(self._store, Lookup.LINKS, "staged_links")
        self._stored.wrote(
            self._store,
            {
                Lookup.DELIVERIES: (halves, facts["events"]),
                Lookup.EVENT_KEYS: (aliases, facts["aliases"]),
                Lookup.INSTANCES: (instances, len(instances)),
                Lookup.LINKS: (linked, facts.get("links", 0)),
            },
        )
        return int(facts["events"])

    def _conflicts(self, facts: dict[str, Any]) -> bool:
        """Whether an event of the batch is known in more than one version; what loses is written down."""
        if not facts["known"]:
            return False
        self.execute("write_superseded")
        return bool(self._store.value(load_query("correlator", "count_conflicts"), self._of_tenant()))

    def _moved_back(self, facts: dict[str, Any]) -> bool:
        """Whether an event without a time is received earlier than was known; its links of the later time go."""
        if not (facts["untimed"] and facts["known"]):
            return False
        later = Sql(spliced("correlator", "later_receipts").text, self._of_tenant())
        found = self._store.value(Sql(f"SELECT count() FROM ({later.text})", later.params))
        if found:
            self._store.execute(spliced("correlator", "forget_later_links", later=later))
        return bool(found)

    def _write_copies(self, facts: dict[str, Any]) -> None:
        self.execute("write_copies" if facts["known"] else "write_new_copies")

    def _write_events(self) -> None:
        self._all("write_events", "write_event_keys")

    def _reach_and_walk(self, facts: dict[str, Any]) -> bool:
        self._reach(facts, is_lossy=False)
        return self._walk(facts)

    def _reach(self, facts: dict[str, Any], *, is_lossy: bool) -> None:
        """Links, and every stored event whose way to a root they may have changed."""
        if facts["linking"]:
            self._all("write_links", "write_links_by_inner", "reach_from_links")
        if is_lossy:
            self._all("reach_from_superseded", "reach_from_corrections")
        if not facts["linking"] and not is_lossy:
            return
        for round_ in range(1, self._rounds - 1):
            if self._tell_links("hashes_to_reach_from", round_) == []:
                break
            self.execute("reach_outward", round_)
            found = "SELECT count() FROM stage_reach WHERE round = {round:UInt8}"
            if not self._store.value(found, {"round": round_}):
                break
        if is_lossy:
            self.execute("forget_hubs")
        else:
            self._reached()

    def _reached(self) -> None:
        """Stored events that wait for one of the keys that links of this tick reach: mostly there are none."""
        maybe = self._stored.among(
            Lookup.EVENT_KEYS, self._stored.ids(self._store, Lookup.EVENT_KEYS, "reached_hashes")
        )
        if maybe is None:
            self.execute("state_of_reached")
        elif maybe:
            self._tell("maybe_waited_for", maybe)
            self.execute("state_of_reached")

    def _tell_instances(self, instances: Ids) -> None:
        """Of new instances all members are staged: there is nothing to look up."""
        if (maybe := self._stored.among(Lookup.INSTANCES, instances)) is not None:
            self._tell("maybe_stored", maybe)

    def _tell_links(self, hashes: str, round_: int) -> list[int] | None:
        """Of the keys a round goes on from, those that may have links of before this tick; None: nobody knows."""
        maybe = self._stored.among(Lookup.LINKS, self._stored.ids(self._store, Lookup.LINKS, hashes, {"round": round_}))
        if maybe is None:
            self._there -= {"maybe_linked"}
        else:
            self._tell("maybe_linked", maybe)
        return maybe

    def _tell(self, name: str, ids: list[int]) -> None:
        """Give statements a parameter, and the lines that have it."""
        self._params = self._params | {name: ids}
        self._there |= {name}

    def _walk(self, facts: dict[str, Any]) -> bool:
        """Walk inward, and say to which instances the events belong; whether a walk has started from a hub."""
        has_hubs = False
        if facts["aliased"] or facts["linking"] or facts["known"] or facts["corrections"]:
            self.execute("walk_from_events")
            has_hubs = self._inward(is_hub_known=facts["hubs"] > 0)
        self.execute("stage_members")
        return has_hubs

    def _inward(self, *, is_hub_known: bool) -> bool:
        """All rounds inward; whether a walk has started from a hub.

        `steps` is the most steps a walk may have taken so far: while they are no more than the limit, none is a hub.
        """
        width, steps = 1, 0
        if is_hub_known:
            self._there |= {"walked_hubs"}
        for round_ in range(1, self._rounds):
            self._tell_links("hashes_to_walk_from", round_)
            self.execute("links_of_walk", round_)
            sizes = self._row("link_sizes", round_)
            if not sizes["links"]:
                break
            if sizes["widest"] > self._hub_limit:
                self.execute("hubs_ahead", round_)
                self._there |= {"walked_hubs"}
            self.execute("walk_inward", round_)
            if is_hub_known:
                self.execute("hubs_on_the_way", round_)
            width *= sizes["widest"]
            steps += width
            if steps > self._hub_limit:
                self.execute("stage_hubs", round_)
                self._there |= {"walked_hubs"}
            if not sizes["further"]:
                break
        return (is_hub_known or steps > self._hub_limit) and bool(self._store.value("SELECT count() FROM stage_hubs"))

    def _all(self, *queries: str) -> None:
        for query in queries:
            self.execute(query)

    def _row(self, query: str, round_: int = 0) -> dict[str, Any]:
        text = lines_for("correlator", query, self._there)
        [row] = self._store.rows(text, self._named(text, round_))
        return row

    def _of_tenant(self) -> dict[str, object]:
        return {"tenant": self._params["tenant"]}

    def _named(self, text: str, round_: int) -> dict[str, object]:
        """The parameters that a statement names."""
        return {name: value for name, value in (self._params | {"round": round_}).items() if f"{{{name}:" in text}


def _to_look_for(facts: dict[str, Any]) -> frozenset[str]:
    found = {
        "hubs": facts["hubs"],
        "superseded": facts["superseded"] or facts["known"],
        "corrections": facts["corrected"] or facts["corrections"],
        "reached": facts["linking"] or facts["known"] or facts["corrections"],
        "untimed": facts["untimed"] and facts["known"],
    }
    return frozenset(name for name, count in found.items() if count)
