"""The tick: takes committed segments that a workflow's definition has not seen yet, and recomputes what they change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TickReport:
    """What a tick did; `version` is that of the last finished tick, `more` whether segments are still waiting."""

    segments: int
    events: int
    instances: int
    version: int
    more: bool = False
