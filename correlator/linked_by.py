"""By which links an event got to an instance, derived when read: a stored path would depend on the order of arrival.

Pure but for the links, which it is given: from an event's innermost values inward, hop by hop within the windows,
keeping the hops that end at the instance's root key. Of several events that prove a hop, the earliest is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from correlator.rows import LinkedBy
from correlator.typed_key import split_typed_key
from model import microseconds


@dataclass(frozen=True, slots=True)
class Link:
    """One row of `key_links`; `window_us` of -1 holds for ever."""

    outer_key: str
    inner_key: str
    window_us: int
    proved_at: datetime
    kept_us: int
    event_id: str

    def holds(self, at_us: int) -> bool:
        """Whether the link holds for a walk that has come with this time."""
        return self.window_us < 0 or abs(microseconds(self.proved_at) - at_us) <= self.window_us


def linked_by(innermost: Sequence[str], at_us: int, root: str, links: Mapping[str, Sequence[Link]]) -> list[LinkedBy]:
    """The hops from an event's innermost typed keys to the instance, each once, nearest to the root first."""
    hops: dict[tuple[str, str], Link] = {}
    known: dict[tuple[str, int], bool] = {}
    for key in innermost:
        _reaches(key, at_us, root, links, hops, known)
    return [_hop(link) for link in hops.values()]


def _reaches(
    key: str,
    at_us: int,
    root: str,
    links: Mapping[str, Sequence[Link]],
    hops: dict[tuple[str, str], Link],
    known: dict[tuple[str, int], bool],
) -> bool:
    if key == root:
        return True
    if (key, at_us) not in known:
        known[key, at_us] = False
        leading = [
            link
            for link in links.get(key, ())
            if link.holds(at_us) and _reaches(link.inner_key, link.kept_us, root, links, hops, known)
        ]
        for link in leading:
            hops.setdefault((link.outer_key, link.inner_key), link)
        known[key, at_us] = bool(leading)
    return known[key, at_us]


def _hop(link: Link) -> LinkedBy:
    _, outer_type, outer_value = split_typed_key(link.outer_key)
    _, inner_type, inner_value = split_typed_key(link.inner_key)
    return LinkedBy(outer_type, outer_value, inner_type, inner_value, link.event_id, link.proved_at)
