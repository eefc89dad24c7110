"""The rules of stitching in plain Python: slow, and short enough to be read against DESIGN section 7.

Takes each event once (the version that counts) and says what must come out, in the same words as `outcome.stitched`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from model import KeyType, Outcome, Workflow, composite_key, is_blank, normalized
from tests.correlator.outcome import Stitched
from tests.correlator.telemetry import RECEIVED, Event, Retracted, Voided

Key = tuple[int, str]  # rank of the key type, normalized value


def keys_of(workflow: Workflow, event: Event) -> list[Key]:
    """Rule 1: all keys an event carries, from the root outward."""
    return [(key.rank, value) for key in workflow.keys for value in values_of(key, event)]


def values_of(key: KeyType, event: Event) -> list[str]:
    """The first alternative that gives a value decides; blank values are no keys (rule 8)."""
    if key.is_trace:
        return [event.trace] if event.trace.strip("0") else []
    for names in key.alternatives:
        lists = [listed(event.keys.get(name.removeprefix("key."), "")) for name in names]
        found = []
        for position in range(max(map(len, lists))):
            parts = [each[0] if len(each) == 1 else [*each, *[""] * position][position] for each in lists]
            if not any(is_blank(part) for part in parts):
                normal = [normalized(part, key.normalize) for part in parts]
                found.append(normal[0] if len(normal) == 1 else composite_key(normal))
        if found:
            return list(dict.fromkeys(found))
    return []


def listed(value: str | list[str]) -> list[str]:
    """A list, or a text that is a JSON array of scalars, is several values; anything else is one."""
    if isinstance(value, list):
        return value
    try:
        read = json.loads(value, parse_int=str, parse_float=str) if value.startswith("[") else None
    except ValueError:
        return [value]
    if not isinstance(read, list) or any(isinstance(each, (list, dict)) for each in read):
        return [value]
    return [text_of(each) for each in read]


def text_of(scalar: str | bool | None) -> str:
    return "" if scalar is None else str(scalar).lower() if isinstance(scalar, bool) else scalar


class PlainStitcher:
    """Knows the links of a set of events, and where they lead."""

    def __init__(
        self,
        workflow: Workflow,
        events: Iterable[Event],
        corrections: Iterable[Voided | Retracted] = (),
        hub_limit: int = 1000,
    ) -> None:
        self.workflow = workflow
        self.hub_limit = hub_limit
        self.places = {each.id: each.place for each in workflow.milestones}
        corrections = list(corrections)
        voided = {each.event for each in corrections if isinstance(each, Voided)}
        retracted = [(each.outer, each.inner) for each in corrections if isinstance(each, Retracted)]
        # Rule 6: only what a milestone matches is an event and proves links. What was voided never was.
        self.events = {each.id: each for each in events if each.milestone in self.places and each.id not in voided}
        self.keys = {each.id: keys_of(workflow, each) for each in self.events.values()}
        # Rule 3: from each outer value to each inner value, with the time of the proving event.
        self.links: dict[Key, list[tuple[Key, datetime]]] = {}
        for event in self.events.values():
            for outer in self.keys[event.id]:
                for inner in self.keys[event.id]:
                    if inner[0] < outer[0] and (self.typed(outer), self.typed(inner)) not in retracted:
                        self.links.setdefault(outer, []).append((inner, event.occurred_at))

    def typed(self, key: Key) -> tuple[str, str]:
        return self.workflow.keys[key[0]].name, key[1]

    def innermost(self, event: Event) -> list[Key]:
        """Rule 2: of the keys an event carries, only the type nearest to the root says where it belongs."""
        keys = self.keys[event.id]
        return [key for key in keys if key[0] == keys[0][0]]

    def roots(self, key: Key, at: datetime) -> set[str]:
        """Rules 4 and 5: every root the key leads to over any chain of links, each hop within the key's window."""
        rank, value = key
        if rank == 0:
            return {value}
        window = self.workflow.keys[rank].window
        return {
            root
            for inner, proved_at in self.links.get(key, [])
            if window is None or abs(proved_at - at) <= window
            for root in self.roots(inner, proved_at)
        }

    def stitched(self, conflicting: Iterable[str] = ()) -> Stitched:
        """What must come out; `conflicting` names the events that came with different contents."""
        instances: dict[str, list[Event]] = {}
        unresolved: list[str] = []
        hubs: set[Key] = set()
        for event in self.events.values():
            found = {key: self.roots(key, event.occurred_at) for key in self.innermost(event)}
            too_many = {key for key, roots in found.items() if len(roots) > self.hub_limit}  # rule 6
            hubs |= too_many
            for root in set().union(*(roots for key, roots in found.items() if key not in too_many)):
                instances.setdefault(root, []).append(event)
            if not found or not all(found.values()):  # rule 7
                unresolved.append(event.id)
        for events in instances.values():  # rule 9
            events.sort(key=lambda each: (each.occurred_at, self.places[each.milestone], each.id))
        flags = {key: self.flags(events, set(conflicting)) for key, events in instances.items()}
        return Stitched(
            timelines={key: [each.id for each in events] for key, events in instances.items()},
            unresolved=sorted(unresolved),
            flags={key: found for key, found in flags.items() if found},
            state={key: self.state(key, events) for key, events in instances.items()},
            hubs=sorted(map(self.typed, hubs)),
        )

    def flags(self, events: list[Event], conflicting: set[str]) -> list[str]:
        found = {"conflicting_duplicate" for each in events if each.id in conflicting}
        found |= {"future_dated" for each in events if is_future(each)}
        effects = Counter(each.milestone for each in events)
        found |= {"duplicate_effect" for each in self.workflow.milestones if each.unique and effects[each.id] > 1}
        return sorted(found | self.flags_of_the_course([each for each in events if not is_future(each)]))

    def flags_of_the_course(self, events: list[Event]) -> set[str]:
        """What is wrong with the order and number of milestones; here each is expected once, in order."""
        expected = [each for each in self.workflow.milestones if each.ends not in {Outcome.CANCELLED, Outcome.FAILED}]
        course = [each.milestone for each in events]
        once = [each.id for each in self.workflow.milestones if not each.unique]
        places = list(dict.fromkeys(self.places[each] for each in course if self.workflow.milestone(each) in expected))
        missing = [each for each in expected if places and each.place < max(places) and each.place not in places]
        found = {"skipped"} if missing else set()
        found |= {"out_of_sequence"} if places != sorted(places) else set()
        return found | ({"repeated"} if any(course.count(each) > 1 for each in once) else set())

    def state(self, root: str, events: list[Event]) -> tuple[object, ...]:
        """Rule 9: the last milestone in order, the last terminal one; rule 8: future-dated ones are not current.

        Of an event about several roots, each of them knows its own root key only.
        """
        present = [each for each in events if not is_future(each)]
        ends = [each for each in events if self.workflow.milestone(each.milestone).ends]
        amounts = [each.attributes["total"] for each in events if "total" in each.attributes]
        types = [key.name for key in self.workflow.keys]
        known = {(rank, value) for each in events for rank, value in self.keys[each.id] if rank > 0 or value == root}
        return (
            str(self.workflow.milestone(ends[-1].milestone).ends) if ends else "in_progress",
            present[-1].milestone if present else "",
            events[0].occurred_at,
            (present or events)[-1].occurred_at,
            ends[-1].occurred_at if ends else None,
            len(events),
            sorted(f"{types[rank]}\x1f{value}" for rank, value in known),
            amounts[-1] if amounts else "",
        )


def is_future(event: Event) -> bool:
    return event.occurred_at > RECEIVED + timedelta(minutes=5, seconds=30)
