"""What really happened, one JSON line per instance, for whoever wants to hold the platform to it.

A later line about the same instance replaces the earlier one. The platform never sees this file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sample_flows.case import TWICE, Case, Keys, Step
from sample_flows.plans import PROCESSES
from sample_flows.promises import CADENCES, Happening, promises_of

COMPACT_BYTES = 64 * 2**20
"""A file beyond it is rewritten at the next start, with the last line of each instance alone."""


@dataclass(frozen=True)
class TrueEvent:
    """One event of an instance. `roots` are the instances its report leads to, `copies` how often it was sent.

    `waiting` are the keys that lead nowhere; `is_reported` is False for what the platform never heard of; `batch` names
    the report it shares with other cases.
    """

    milestone: str
    system: str
    at: datetime
    sent_at: datetime
    keys: Keys
    promise: str
    amount: str
    currency: str
    copies: int
    is_reported: bool
    roots: tuple[str, ...]
    waiting: Keys
    batch: str = ""


@dataclass(frozen=True)
class TrueInstance:
    """One workflow instance with all its events, in the order of their times."""

    workflow: str
    key: str
    kind: str
    mishaps: tuple[str, ...]
    events: tuple[TrueEvent, ...]

    @property
    def known(self) -> tuple[TrueEvent, ...]:
        """The events by which the platform can know it."""
        return tuple(each for each in self.events if each.is_reported and self.key in each.roots)

    @property
    def happened(self) -> list[Happening]:
        """The same for judging its promises."""
        return [Happening(each.milestone, each.at, each.keys, each.promise) for each in self.known]


def truth_of(case: Case, as_of: datetime) -> list[TrueInstance]:
    """The instances of a case, with what was to be reported by `as_of`."""
    happened = [step for step in case.steps if step.sent_at <= as_of]
    ranks = PROCESSES[case.workflow].keys
    inward = _links([step for step in happened if step.is_reported], ranks)
    events = {step.id: _event(step, inward, ranks) for step in happened}
    return [
        TrueInstance(
            case.workflow,
            key,
            case.kind,
            case.mishaps,
            tuple(events[step.id] for step in sorted(happened, key=lambda step: step.at) if key in step.instances),
        )
        for key in case.instances
        if any(key in step.instances for step in happened)
    ]


def _links(reported: Iterable[Step], ranks: Sequence[str]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """From each outer key to the inner keys it was told with."""
    links: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for step in reported:
        for outer in step.told_keys:
            links[outer] |= {inner for inner in step.told_keys if ranks.index(inner[0]) < ranks.index(outer[0])}
    return links


def _event(step: Step, inward: dict[tuple[str, str], set[tuple[str, str]]], ranks: Sequence[str]) -> TrueEvent:
    innermost = min((ranks.index(kind) for kind, _ in step.told_keys), default=len(ranks))
    starts = [key for key in step.told_keys if ranks.index(key[0]) == innermost]
    roots = {key: set(_roots(key, inward, ranks[0])) for key in starts}
    return TrueEvent(
        milestone=step.milestone,
        system=step.system,
        at=step.at,
        sent_at=step.sent_at,
        keys=step.told_keys,
        promise=step.promise,
        amount=step.amount,
        currency=step.currency,
        copies=2 if TWICE in step.wire else 1,
        is_reported=step.is_reported,
        roots=tuple(sorted({root for found in roots.values() for root in found})),
        waiting=tuple(sorted(key for key, found in roots.items() if not found)) if step.is_reported else (),
        batch=step.gather,
    )


def _roots(key: tuple[str, str], inward: dict[tuple[str, str], set[tuple[str, str]]], root: str) -> Iterator[str]:
    if key[0] == root:
        yield key[1]
        return
    for inner in inward.get(key, ()):
        yield from _roots(inner, inward, root)


def really_broken(instance: TrueInstance, as_of: datetime) -> list[str]:
    """The promises that are broken by `as_of`, whether the platform can know it or not."""
    happened = [Happening(each.milestone, each.at, each.keys, each.promise) for each in instance.events]
    all_speak = dict.fromkeys(CADENCES, as_of)
    judged = promises_of(instance.workflow, happened, as_of, all_speak)
    return sorted({each.sla for each in judged if each.verdict == "breached"})


def lines_of(case: Case, as_of: datetime) -> list[str]:
    """What is true of the case's instances at `as_of`, as lines of the file."""
    told = (
        {**as_json(instance), "broken": really_broken(instance, as_of), "as_of": _text(as_of)}
        for instance in truth_of(case, as_of)
    )
    return [json.dumps(each, separators=(",", ":")) + "\n" for each in told]


class TruthFile:
    """Appends truths to a file; without a path it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        if path is not None and path.exists() and path.stat().st_size > COMPACT_BYTES:
            _compact(path)
        self._file = path.open("a", encoding="utf-8") if path else None

    def write(self, case: Case, as_of: datetime) -> None:
        """Append what is true of the case's instances at `as_of`."""
        if self._file:
            self._file.writelines(lines_of(case, as_of))

    @property
    def is_kept(self) -> bool:
        """Whether there is a file."""
        return self._file is not None

    def append(self, lines: str) -> None:
        """Append what `lines_of` gave."""
        if self._file:
            self._file.write(lines)

    def flush(self) -> None:
        """Hand all lines to the operating system."""
        if self._file:
            self._file.flush()

    def close(self) -> None:
        """Write out and close."""
        if self._file:
            self._file.close()


def _compact(path: Path) -> None:
    last: dict[tuple[str, str], str] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            told = json.loads(line)
            last[told["workflow"], told["key"]] = line
    beside = path.with_suffix(path.suffix + ".new")
    beside.write_text("".join(last.values()), encoding="utf-8")
    beside.replace(path)


def read_truth(path: Path) -> list[TrueInstance]:
    """The instances of a truth file, each as its last line has it."""
    found: dict[tuple[str, str], TrueInstance] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            instance = _instance(json.loads(line))
            found[instance.workflow, instance.key] = instance
    return list(found.values())


def as_json(instance: TrueInstance) -> dict[str, Any]:
    """The instance as a line of the file tells it."""
    return {
        "workflow": instance.workflow,
        "key": instance.key,
        "kind": instance.kind,
        "mishaps": list(instance.mishaps),
        "events": [
            {
                "milestone": each.milestone,
                "system": each.system,
                "at": _text(each.at),
                "sent_at": _text(each.sent_at),
                "keys": [list(key) for key in each.keys],
                "promise": each.promise,
                "amount": each.amount,
                "currency": each.currency,
                "copies": each.copies,
                "is_reported": each.is_reported,
                "roots": list(each.roots),
                "waiting": [list(key) for key in each.waiting],
                "batch": each.batch,
            }
            for each in instance.events
        ],
    }


def _instance(line: dict[str, Any]) -> TrueInstance:
    events = tuple(
        TrueEvent(
            **{
                **each,
                "at": datetime.fromisoformat(each["at"]),
                "sent_at": datetime.fromisoformat(each["sent_at"]),
                "keys": tuple((kind, value) for kind, value in each["keys"]),
                "roots": tuple(each["roots"]),
                "waiting": tuple((kind, value) for kind, value in each["waiting"]),
            }
        )
        for each in line["events"]
    )
    return TrueInstance(line["workflow"], line["key"], line["kind"], tuple(line["mishaps"]), events)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
