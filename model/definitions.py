"""The catalog's words as frozen values: what a definition means once it is read, checked and resolved.

Holds no YAML and no SQL: `model.catalog` makes these from files, the correlator, the SLA engine and the alerting
compile and follow them. Every duration is a `timedelta`; every ordinal counts from 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NoReturn

LATER = {"later": True}
"""Marks a field that came later: left out of hashes where it is not given, so that what is older keeps its own."""

TRACE_KEY = "trace"
"""The reserved key type whose value is an event's trace id."""


class Outcome(StrEnum):
    """How a terminal milestone leaves its instance; `IN_PROGRESS` is an instance without one."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """What an SLA says of one clock."""

    PENDING = "pending"
    AT_RISK = "at_risk"
    MET = "met"
    BREACHED = "breached"
    UNKNOWN = "unknown"
    EXCUSED = "excused"
    CANCELLED = "cancelled"


class Occurrence(StrEnum):
    """Which starts of an SLA open a clock."""

    FIRST = "first"
    LAST = "last"
    EACH = "each"


class Comparison(StrEnum):
    """How a condition compares; `ANY_OF` takes exact strings and globs (`*` stands for any run of characters)."""

    ANY_OF = "any_of"
    EXISTS = "exists"
    GTE = "gte"
    GT = "gt"
    LTE = "lte"
    LT = "lt"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one value: `values` for `ANY_OF` (one or more), `operand` for all others.

    `operand` is a bool for `EXISTS`, a float for the four orderings, an RE2 pattern (searched, not anchored) for
    `PATTERN`.
    """

    comparison: Comparison
    values: tuple[str, ...] = ()
    operand: str | float | bool | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Which records reach a milestone; every condition given must hold, and `span` or `event` is given.

    With both, span events in such spans do. `statuses` holds `ok`, `error`, `unset` and is about the span, where one is
    named; the default is all but `error`. `attributes` pairs an attribute name with its conditions. `source` is that of
    a CloudEvent or an imported row, for other records their service.
    """

    span: Condition | None = None
    event: Condition | None = None
    service: Condition | None = None
    source: Condition | None = None
    attributes: tuple[tuple[str, Condition], ...] = ()
    statuses: frozenset[str] = frozenset({"ok", "unset"})


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """A key value inside a text: the named group, number `group` from 1, of the first match of an RE2 `pattern`.

    `place` is `span` (name), `event` (name), `body` or `attribute`, whose name is then `attribute`.
    """

    place: str
    pattern: str
    group: int
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class KeyType:
    """A typed business identifier of a workflow.

    `rank` is its distance from the root (the root itself is 0). `alternatives` are tried in order: the first whose
    attributes all have a non-blank value decides; an alternative of several attributes is a composite. `normalize`
    names steps applied in order. `window` bounds a link from such a key in time, before and after the proving event.
    `patterns` are tried, in order, where no alternative gives a value. The trace key has neither.
    """

    name: str
    rank: int
    alternatives: tuple[tuple[str, ...], ...] = ()
    normalize: tuple[str, ...] = ()
    window: timedelta | None = None
    patterns: tuple[KeyPattern, ...] = ()

    @property
    def is_trace(self) -> bool:
        """Whether the value is the event's trace id."""
        return self.name == TRACE_KEY


@dataclass(frozen=True, slots=True)
class Milestone:
    """A named point an instance reaches; `place` is its position in the declaration, from 0.

    `ends` makes it terminal. `system` is the id of the catalog system that reports it, or None; `cadence` is that
    system's: what is received later than that after it occurred is late. Milestones of one `parallel` group have no
    order among themselves. `stuck_after` is how long an instance may rest here; None: as long as others did.
    """

    id: str
    place: int
    match: Match
    title: str
    system: str | None = None
    kind: str = "milestone"
    repeatable: bool = False
    optional: bool = False
    unique: bool = False
    ends: Outcome | None = None
    parallel: str | None = None
    stuck_after: timedelta | None = None
    cadence: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """Where an instance's value is found."""

    attribute: str
    currency_attribute: str | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """A due date carried by the start event; a date without a time ends with that day in the SLA's zone."""

    attribute: str


@dataclass(frozen=True, slots=True)
class CutOff:
    """Started by `cut_off` on a business day: due at `due` that day; later: on the next business day (local times)."""

    cut_off: time
    due: time


@dataclass(frozen=True, slots=True)
class Pause:
    """The milestones that stop and resume `within` clocks."""

    from_milestone: str
    to_milestone: str


@dataclass(frozen=True, slots=True)
class AtRisk:
    """When a clock becomes at risk: after a `share` of its own time (0 < share <= 1) or with `left` of it left."""

    share: float | None = None
    left: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Objective:
    """The share of clocks to be met (0 < target <= 1) over a window; below `minimum` clocks no figure.

    The window is rolling, or, with a `period` (day, week, month, quarter, year), the present one in the SLA's zone, of
    which `window` is the longest length.
    """

    target: float
    window: timedelta
    minimum: int = 0
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A condition on how critical an instance is: by its value of `attribute`, else by `declared`, the workflow's."""

    condition: Condition
    declared: str
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """What the event that starts a clock must be like; all conditions given must hold.

    A key holds a condition where any of the event's values of that type does. `amount` conditions are about the
    workflow's amount on the event, `system` about the system that reported it, `criticality` about the instance.
    """

    attributes: tuple[tuple[str, Condition], ...] = ()
    keys: tuple[tuple[str, Condition], ...] = ()
    system: Condition | None = None
    amount: tuple[Condition, ...] = ()
    criticality: Level | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Tier:
    """The time allowed to clocks whose start passes a filter; of several tiers the first that fits decides."""

    where: Filter
    within: timedelta


@dataclass(frozen=True, slots=True)
class Feed:
    """What `every` and `volume` listen to: `name` is a system or a milestone, `milestones` whose events count."""

    name: str
    milestones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Volume:
    """How many events a feed brings from local midnight until `by`, that instant included; one bound is given."""

    by: time
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Sla:
    """A promise about the instances of a workflow, or, with a `feed`, about a stream of events.

    Exactly one of `within`, `promise`, `cut_off`, `every`, `volume` is set, or `tiers` with or without a `within` for
    what none of them fits. `where` says which starts open a clock. A feed's `from_milestone` and `to_milestone` are the
    first of its milestones; the clock of `every` runs in the SLA's own time from one event to the next.

    `within` is in the SLA's own time: business time with a calendar, without pauses. `per` names an alias key type:
    one clock per value. `zone` is the IANA zone of promised days: the SLA's own, else its calendar's, else UTC.
    `hash` identifies what the promise means, its calendar's compiled days included; titles, owners and severities do
    not change it.
    """

    id: str
    workflow: str
    title: str
    from_milestone: str
    to_milestone: str
    within: timedelta | None = None
    promise: Promise | None = None
    cut_off: CutOff | None = None
    calendar: str | None = None
    zone: str = "UTC"
    occurrence: Occurrence = Occurrence.FIRST
    per: str | None = None
    pause: Pause | None = None
    at_risk: AtRisk | None = None
    severity: str = "medium"
    objective: Objective | None = None
    owner: str | None = None
    hash: str = ""
    every: timedelta | None = None
    volume: Volume | None = None
    feed: Feed | None = None
    where: Filter | None = None
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """A declared business process.

    `keys` run from the root outward, the trace key among them unless it is switched off; `root` names the first.
    `in_order` says that milestones are expected in the order of their declaration. `criticality_attribute` is that of
    events which say how critical one instance is. `hash` (SHA-256, hexadecimal) covers all that decides what its
    instances are, not its SLAs and texts.
    """

    name: str
    title: str
    keys: tuple[KeyType, ...]
    root: str
    milestones: tuple[Milestone, ...]
    owner: str | None = None
    criticality: str = "normal"
    amount: Amount | None = None
    slas: tuple[Sla, ...] = ()
    hash: str = ""
    in_order: bool = True
    criticality_attribute: str | None = None

    def key_type(self, name: str) -> KeyType:
        """The key type of that name; raises KeyError."""
        return next((key for key in self.keys if key.name == name), None) or _missing(name)

    def milestone(self, milestone_id: str) -> Milestone:
        """The milestone of that id; raises KeyError."""
        return next((each for each in self.milestones if each.id == milestone_id), None) or _missing(milestone_id)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A span that is no working time whatever the hours say, and why; local times of the calendar's zone, from < to."""

    from_at: datetime
    to_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working time of an organisation.

    `hours` has seven entries, Monday first; each is that weekday's working spans as (start, end) seconds of the local
    day, sorted, not overlapping, 0 <= start < end <= 86,400. `days` overrides single dates (an empty tuple: closed).
    `country` and `subdivision` name public holidays of the `holidays` library, which are closed unless in `days`.
    """

    name: str
    zone: str
    hours: tuple[tuple[tuple[int, int], ...], ...]
    country: str | None = None
    subdivision: str | None = None
    days: tuple[tuple[date, tuple[tuple[int, int], ...]], ...] = ()
    hash: str = ""
    maintenance: tuple[Maintenance, ...] = ()


@dataclass(frozen=True, slots=True)
class System:
    """An integration point. `cadence` is the longest it should be silent while its calendar is open."""

    id: str
    title: str
    layer: str | None = None
    owner: str | None = None
    criticality: str = "normal"
    services: tuple[str, ...] = ()
    cadence: timedelta | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where an alert is delivered: `kind` is `webhook` (URL), `email` (address) or `apprise_env` (variable name)."""

    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class Route:
    """Alerts whose labels hold one of the values for every name in `match` go to `receivers`; `continue_` goes on."""

    id: str
    match: tuple[tuple[str, tuple[str, ...]], ...]
    receivers: tuple[Receiver, ...]
    continue_: bool = False


class RedactionAction(StrEnum):
    """What happens to a value before it is stored; `HASH` is keyed, so that equal values stay equal and unreadable."""

    DROP = "drop"
    MASK = "mask"
    HASH = "hash"


@dataclass(frozen=True, slots=True)
class Redaction:
    """A rule about values that must not be stored as they come; it applies before anything reaches a table.

    `attributes` are names or globs (`*` stands for any run of characters), `texts` of `body`, `status_message`,
    `span_name`, `event_name`. With `pattern` (RE2) `MASK` covers only the parts that match, `DROP` only values that
    match. `normalize` names steps applied before a value is hashed, so that spellings of one key stay one key.
    """

    id: str
    action: RedactionAction
    attributes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    pattern: str | None = None
    normalize: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """All definitions of one tenant."""

    workflows: tuple[Workflow, ...] = ()
    systems: tuple[System, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    routes: tuple[Route, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    hash: str = ""
    sources: tuple[tuple[str, str], ...] = field(default=(), repr=False, compare=False)
    """The files it was read from: (path within the folder, text), so that an applied catalog can be stored whole."""

    @property
    def slas(self) -> tuple[Sla, ...]:
        """The SLAs of all workflows, in order of declaration."""
        return tuple(sla for workflow in self.workflows for sla in workflow.slas)

    def workflow(self, name: str) -> Workflow:
        """The workflow of that name; raises KeyError."""
        return next((each for each in self.workflows if each.name == name), None) or _missing(name)

    def sla(self, sla_id: str) -> Sla:
        """The SLA of that id; raises KeyError."""
        return next((each for each in self.slas if each.id == sla_id), None) or _missing(sla_id)

    def calendar(self, name: str) -> Calendar:
        """The calendar of that name; raises KeyError."""
        return next((each for each in self.calendars if each.name == name), None) or _missing(name)

    def system(self, system_id: str) -> System | None:
        """The system of that id, or None: milestones may name a system the catalog does not describe."""
        return next((each for each in self.systems if each.id == system_id), None)


def _missing(name: str) -> NoReturn:
    raise KeyError(name)
