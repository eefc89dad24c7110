"""Where the values of each workflow are found, as data: names and numbers in literal arrays, looked up by workflow.

So that fifty workflows cost little more than one, most of what a definition says is no expression of its own: a key
type that is found under plain attribute names is a few *entries*, one for each name, and all workflows share the
expression that reads entries. Only composites and patterns are compiled workflow by workflow (`is_plain` is False).
"""

from __future__ import annotations

from dataclasses import dataclass

from correlator.typed_key import typed_key
from model import KeyType, Workflow

NOWHERE = "\x1fnowhere"
"""Stands for the name of an attribute that nobody has."""

TRACE = "\x1ftrace"
"""Stands for the trace id among the names of attributes."""

AMOUNT, CURRENCY, FIRST_ENTRY = 1, 2, 3
"""Positions in the column `found`, from 1."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A place where values of a key type are found. Those of a type follow each other; the first filled one decides."""

    name: str
    steps: tuple[str, ...]
    key: tuple[int, str, int, int]  # rank, typed key without its value, window in us or -1, keeps time


def entries(workflow: Workflow) -> tuple[Entry, ...]:
    """Of all plain key types, root first."""
    found: list[Entry] = []
    for key in workflow.keys:
        if is_plain(key):
            names = [TRACE] if key.is_trace else [parts[0] for parts in key.alternatives]
            steps = () if key.is_trace else key.normalize
            found += [Entry(name, steps, key_of(workflow, key)) for name in names]
    return tuple(found)


def is_plain(key: KeyType) -> bool:
    """Whether the key type is found under single attribute names only."""
    return key.is_trace or not (key.patterns or any(len(parts) > 1 for parts in key.alternatives))


def key_of(workflow: Workflow, key: KeyType) -> tuple[int, str, int, int]:
    """What all keys of a type have in common: see `Entry.key`."""
    window = -1 if key.window is None else round(key.window.total_seconds() * 1_000_000)
    keeps_time = any(each.window is not None for each in workflow.keys if 0 < each.rank <= key.rank)
    return key.rank, typed_key(workflow.name, key.name, ""), window, int(keeps_time)


def names(workflow: Workflow) -> tuple[str, ...]:
    """The attributes of the column `found`: amount, currency, those of the entries, then those of other key types."""
    amount, currency = NOWHERE, NOWHERE
    if workflow.amount is not None:
        amount, currency = workflow.amount.attribute, workflow.amount.currency_attribute or NOWHERE
    searched = [each.attribute for key in workflow.keys for each in key.patterns if each.attribute]
    more = dict.fromkeys([*_parts_of_keys(workflow), *searched])
    return (amount, currency, *(each.name for each in entries(workflow)), *more)


def keys_in_found(workflow: Workflow) -> int:
    """How many of `names`, from `FIRST_ENTRY` on, hold values of keys as they are; the rest is searched by patterns."""
    return len(entries(workflow)) + len(_parts_of_keys(workflow))


def _parts_of_keys(workflow: Workflow) -> tuple[str, ...]:
    """The attributes of the alternatives of key types that are not plain, each once."""
    others = [key for key in workflow.keys if not is_plain(key)]
    return tuple(dict.fromkeys(name for key in others for parts in key.alternatives for name in parts))


def position(workflow: Workflow, name: str) -> int:
    """Where in `found` an attribute of a key type that is not plain is, from 1."""
    start = FIRST_ENTRY - 1 + len(entries(workflow))
    return names(workflow).index(name, start) + 1


def defined_names(workflow: Workflow) -> tuple[str, ...]:
    """The attributes that the definition itself names, as far as its hash covers them, sorted."""
    found = set(names(workflow)) - {NOWHERE, TRACE}
    found |= {name for milestone in workflow.milestones for name, _ in milestone.match.attributes}
    return tuple(sorted(found))


def kept_names(workflow: Workflow) -> tuple[str, ...]:
    """The attributes that an event keeps even where only its resource has them, those for SLAs included; sorted."""
    found = {*defined_names(workflow), workflow.criticality_attribute or NOWHERE} - {NOWHERE}
    found |= {sla.promise.attribute for sla in workflow.slas if sla.promise is not None}
    asked = [each for sla in workflow.slas for each in (sla.where, *(tier.where for tier in sla.tiers)) if each]
    found |= {name for each in asked for name, _ in each.attributes}
    return tuple(sorted(found))
