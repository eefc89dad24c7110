"""The shapes of the API's answers: INTERFACES as types, and what the OpenAPI description is made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from dashboard.instants import storable, written

T = TypeVar("T")


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _characters(text: str) -> str:
    """The text; raises a `ValueError` for half of a surrogate pair, which JSON can write and no table can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("text", "an escaped surrogate without its other half is no character") from None
    return text


Text = Annotated[str, AfterValidator(_characters)]
"""A text in a request."""

Time = Annotated[datetime, AfterValidator(_utc)]
"""RFC 3339, UTC, with a Z."""

Zoned = Annotated[AwareDatetime, BeforeValidator(written), AfterValidator(storable), AfterValidator(_utc)]
"""A time in a request; without an offset it would be a guess and is refused."""


class Row(BaseModel):
    """Anything read from a reader's row."""

    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[T]):
    """A page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


class OutcomeCounts(BaseModel):
    """Instances by status."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0


class WorkflowItem(BaseModel):
    """A workflow of the active catalog."""

    workflow: str
    title: str
    owner: str | None
    criticality: str
    counts: OutcomeCounts


class MilestoneItem(Row):
    """A declared milestone; `reached_at` is the first time, or null.

    `times` it was reached and `rested_seconds` until the next event are told for a single instance, null in lists.
    """

    id: str
    reached_at: Time | None
    system: str | None
    times: int | None = None
    rested_seconds: float | None = None


class SaidItem(Row):
    """What one version of an SLA says of a clock."""

    verdict: str
    valid_from: Time
    deadline_at: Time | None
    reason: str
    definition: str


class ClockAgainItem(SaidItem):
    """What the SLA as it was then said of a clock of an earlier version, when somebody had the past judged again."""

    rejudging: str
    rejudged_at: Time
    actor: str


class ClockItem(Row):
    """One clock of an instance with its current verdict.

    `rejudged`, where somebody had the past judged again, stands beside the verdict that counts; null otherwise.
    """

    id: str
    clock: str
    per: str | None
    verdict: str
    started_at: Time | None
    deadline_at: Time | None
    satisfied_at: Time | None
    known_at: Time
    reason: str
    flags: list[str] = []
    rejudged: ClockAgainItem | None = None


class InstanceItem(BaseModel):
    """One instance, its declared milestones in their order, its clocks."""

    workflow: str
    key: str
    status: str
    current_milestone: str | None
    started_at: Time | None
    last_event_at: Time | None
    completed_at: Time | None
    amount: str | None
    currency: str | None
    keys: dict[str, list[str]]
    milestones: list[MilestoneItem]
    slas: list[ClockItem]
    flags: list[str]
    systems: list[str]
    retries: int


class Matched(BaseModel):
    """What a search matched."""

    type: str
    value: str


class FoundItem(InstanceItem):
    """An instance and what it was found by."""

    matched: Matched


class LinkItem(Row):
    """One hop on the way of an event to its instance, with an event that proves it."""

    outer_type: str
    outer_value: str
    inner_type: str
    inner_value: str
    event_id: str
    proved_at: Time


class EventItem(Row):
    """One business event.

    `started_at` is a span's start, `deliveries` counts copies; no `linked_by` where the event carries the root key.
    """

    event_id: str
    occurred_at: Time
    started_at: Time
    received_at: Time
    milestone: str
    kind: str
    system: str
    outcome: str | None
    source: str
    keys: dict[str, list[str]]
    trace_id: str | None
    span_id: str | None
    attributes: dict[str, str]
    deliveries: int
    flags: list[str]
    linked_by: list[LinkItem]


class SpanItem(Row):
    """A span of a trace that an event of the instance carries."""

    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    kind: str
    service: str
    status: str
    started_at: Time
    ended_at: Time
    duration_us: int
    attributes: dict[str, str]


class CauseItem(Row):
    """`cause` led to `effect`, both event ids; `by` is the evidence, `via` the span, event id or key that it names."""

    cause: str
    effect: str
    by: str = Field(description="span_parent, span_link, causation_id, or key: the earliest event that carries it")
    via: str


class HubItem(BaseModel):
    """An alias that leads to too many instances: no event belongs to one by it."""

    workflow: str
    type: str
    value: str
    links: int = Field(description="keys it is linked to directly")
    events: int = Field(description="events that belong nowhere because of it")
    found_at: Time


class Timeline(BaseModel):
    """A page of an instance's events, and the spans of the traces that these carry."""

    events: list[EventItem]
    spans: list[SpanItem]
    causes: list[CauseItem] = Field(description="What led to the events of this page: a graph over event ids")
    cut: list[str] = Field(
        default_factory=list,
        description="What there is more of than is given, `spans` or `causes`: ask for fewer events",
    )
    next_cursor: str | None = None


class UnresolvedItem(EventItem):
    """An event whose innermost key leads nowhere yet."""

    workflow: str
    waiting_for: list[Matched]


class VerdictCounts(BaseModel):
    """How many, by verdict."""

    met: int = 0
    breached: int = 0
    pending: int = 0
    at_risk: int = 0
    unknown: int = 0
    excused: int = 0
    cancelled: int = 0


class SlaItem(BaseModel):
    """An SLA: current verdicts of its clocks, of its instances, and how the objective stands."""

    id: str
    workflow: str
    verdicts: VerdictCounts
    instances: VerdictCounts
    attainment: float | None
    budget: float | None
    burn: dict[str, float | None]


class LedgerItem(Row):
    """One row of the verdict ledger."""

    key: str
    clock: str
    per: str | None
    verdict: str
    valid_from: Time
    known_at: Time
    started_at: Time | None
    deadline_at: Time | None
    satisfied_at: Time | None
    reason: str
    definition: str


class RejudgingItem(Row):
    """One time the past of an SLA was judged again: clocks of earlier versions, started from `from_at` to `to_at`."""

    id: str
    rejudged_at: Time
    actor: str
    as_of: Time = Field(description="the instant both sides are about")
    from_at: Time | None
    to_at: Time | None
    definition: str = Field(description="the version that judged again")
    clocks: int


class RejudgedItem(Row):
    """One clock: what the ledger said then, null where the earlier version opened none, and what the new one says."""

    key: str
    clock: str
    per: str | None
    started_at: Time
    satisfied_at: Time | None
    old: SaidItem | None
    new: SaidItem


class ChangeItem(Row):
    """How many clocks went from one verdict to another, or stayed, with the keys of some."""

    old: str | None
    new: str
    clocks: int
    examples: list[str]


class RejudgedPage(Page[RejudgedItem]):
    """A page of one rejudging, what that was, and what it came to."""

    rejudging: RejudgingItem
    changes: list[ChangeItem]


class AttainmentItem(Row):
    """Several SLAs together; `attainment` is null below `minimum` clocks."""

    name: str
    slas: list[str]
    met: int
    breached: int
    minimum: int
    attainment: float | None


class WaitingItem(BaseModel):
    """Time, of the SLA's own, spent waiting for one milestone of one system; all shares of an SLA add up to 1."""

    milestone: str
    system: str | None
    seconds: float
    waits: int
    share: float


class ExcuseItem(Row):
    """What was excused: one `clock`, or, where that is null, what is due from `from_at` to `to_at`, both inclusive."""

    id: str
    sla: str
    clock: str | None
    from_at: Time | None
    to_at: Time | None
    excused_at: Time
    actor: str
    reason: str


class ExcuseRequest(BaseModel):
    """Why the promise need not be kept."""

    model_config = ConfigDict(extra="forbid")

    reason: Text


class WindowRequest(BaseModel):
    """Deadlines from when to when, and why they need not be kept."""

    model_config = ConfigDict(extra="forbid")

    from_at: Zoned
    to_at: Zoned
    reason: Text


class SystemItem(BaseModel):
    """A system: declared, seen, or both. `silent_seconds` counts from its latest event."""

    id: str
    title: str
    layer: str | None
    owner: str | None
    criticality: str
    services: list[str]
    cadence: str | None
    last_seen_at: Time | None
    silent_seconds: int | None
    usual_cadence: str | None = Field(description="the silence that 99 of 100 of the last 28 days did not exceed")
    usual_cadence_by_hour: list[str | None] = Field(
        description="the same by the hour of the week in which the silence begins, from Monday 00:00 UTC"
    )
    proposed_cadence: str | None = Field(description="a cadence that would suit it, where none is declared")
    share_seen: float | None = Field(description="share of the last seven days in which it was within its cadence")
    state: str = Field(description="live, silent (longer than its cadence), never, or seen (no cadence declared)")
    coverage: dict[str, list[str]] = Field(description="the milestones that name it, by workflow")


class AlertItem(BaseModel):
    """An alert as it stands; `keys` are those of its instance, `url` is the page to go to: its timeline.

    An alert about a feed has no instance: no keys, and the page of its SLA.
    """

    id: str
    state: str
    workflow: str
    sla: str
    severity: str
    owner: str | None
    keys: dict[str, list[str]]
    started_at: Time
    url: str
    key: str
    per: str | None
    clock: str
    verdict: str
    milestone: str | None
    deadline_at: Time | None
    ended_at: Time | None
    amount: str | None
    currency: str | None
    reason: str
    acknowledged_by: str | None
    comment: str | None


class Acknowledgement(BaseModel):
    """What the person who took it says."""

    model_config = ConfigDict(extra="forbid")

    comment: Text = ""


class SilenceItem(Row):
    """A silence; `matchers` names labels, each with the values it may have."""

    id: str
    matchers: dict[str, list[str]]
    starts_at: Time
    ends_at: Time
    comment: str
    created_by: str
    created_at: Time


class SilenceRequest(BaseModel):
    """What to keep quiet, from when to when, and why."""

    model_config = ConfigDict(extra="forbid")

    matchers: dict[Text, Text | list[Text]]
    starts_at: Zoned | None = None
    ends_at: Zoned
    comment: Text = ""


class QuarantineItem(BaseModel):
    """A request that was accepted and then refused by ClickHouse; `items` are its spans or log records."""

    id: str
    signal: str
    items: int
    bytes: int
    reason: str
    received_at: Time
    refused_at: Time
