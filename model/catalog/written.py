"""The catalog as written: one model per mapping of the format. Strict: unknown keys and wrong types are refused.

What single values mean is in `model.catalog.fields`; what the parts mean together, in `model.catalog.resolve`.
The JSON Schema and the reference documentation are made from these models and their descriptions.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from model.catalog.fields import (
    AddressName,
    Conditions,
    Days,
    Duration,
    EnvironmentName,
    Hours,
    LocalTime,
    MailAddress,
    Name,
    NameCondition,
    Pattern,
    RiskPoint,
    Share,
    Text,
    TimeOfDay,
    WebAddress,
    Zone,
)
from model.catalog.mistake import mistake

NormalizeStep = Literal["trim", "upper", "lower", "strip_leading_zeros"]
MilestoneKind = Literal["milestone", "step", "exception", "retry", "compensation"]
Status = Literal["ok", "error", "unset", "any"]


class Written(BaseModel):
    """Base of all mappings. A key of the format without a value counts as absent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        names = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: each for key, each in value.items() if each is not None or key not in names}


class WrittenPattern(Written):
    """Where a key value stands inside a text: a pattern with a group named like the key type, `(?P<order>[0-9]+)`.

    A key type `sales-order` has the group `sales_order`: groups are named by letters, digits and `_`.
    """

    span: Pattern | None = Field(None, description="A pattern for the span's name.")
    event: Pattern | None = Field(None, description="A pattern for the event's name.")
    body: Pattern | None = Field(None, description="A pattern for the body of a log record or CloudEvent.")
    attribute: Text | None = Field(None, description="The attribute that `pattern` is for.")
    pattern: Pattern | None = Field(None, description="A pattern for the value of `attribute`.")

    @model_validator(mode="after")
    def _one_place(self) -> WrittenPattern:
        if sum(each is not None for each in (self.span, self.event, self.body, self.attribute)) != 1:
            raise mistake("exactly one of `span`, `event`, `body`, `attribute` is required")
        if (self.attribute is None) != (self.pattern is None):
            raise mistake("`attribute` and `pattern` are given together")
        return self


class WrittenKey(Written):
    """A key type: where its values are found, how they are normalized, how long a link from it holds."""

    attributes: Annotated[list[Text], Field(min_length=1)] | None = Field(
        None, description="Attribute names; the first with a non-blank value decides."
    )
    any_of: Annotated[list[Annotated[list[Text], Field(min_length=1)]], Field(min_length=1)] | None = Field(
        None, description="Instead of `attributes`: alternatives; one of several attributes is a composite key."
    )
    patterns: Annotated[list[WrittenPattern], Field(min_length=1)] | None = Field(
        None,
        description="Where no attribute has a value: patterns that find it inside a text; the first match decides.",
    )
    normalize: list[NormalizeStep] = Field(
        default_factory=list, description="Steps applied in order to each value before it is compared."
    )
    window: Duration | None = Field(
        None, description="How far in time a link from such a key holds around the event that proved it."
    )


class SwitchedOff(WrittenKey):
    """`trace: false`."""


def _key(value: Any) -> Any:
    if value is False:
        return SwitchedOff.model_validate({})
    if value is None or value is True:
        return {}
    return value


KeyField = Annotated[WrittenKey, BeforeValidator(_key, json_schema_input_type=WrittenKey | Literal[False] | None)]


class WrittenAmount(Written):
    """Where the value of an instance is found."""

    attribute: Text = Field(description="The attribute that carries the amount, a decimal number.")
    currency_attribute: Text | None = Field(None, description="The attribute that carries its currency.")

    @model_validator(mode="after")
    def _two_attributes(self) -> WrittenAmount:
        if self.attribute == self.currency_attribute:
            raise mistake(f"`{self.attribute}` cannot carry both the amount and its currency")
        return self


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


TextOrTexts = Annotated[
    list[Text], BeforeValidator(_as_list, json_schema_input_type=Text | list[Text]), Field(min_length=1)
]


class WrittenMatch(Written):
    """Which records reach a milestone; all conditions given must hold, and `span` or `event` must be given.

    With both, it is reached by the span events of that name in the spans of that name.
    """

    span: NameCondition | None = Field(None, description="The span's name: a text, a glob with `*`, or a list of them.")
    event: NameCondition | None = Field(None, description="The name of a log record or span event, likewise.")
    service: NameCondition | None = Field(None, description="The service's name, likewise.")
    source: NameCondition | None = Field(
        None, description="The `source` of a CloudEvent or import, likewise; of other records the service's name."
    )
    attributes: dict[Text, Conditions] = Field(
        default_factory=dict,
        description="Attributes by name: a text, a glob, a list, or operators `exists, gte, gt, lte, lt, pattern`.",
    )
    status: (
        Annotated[
            list[Status],
            BeforeValidator(_as_list),
            Field(min_length=1),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"enum": ["ok", "error", "unset", "any"]},
                        {"type": "array", "items": {"enum": ["ok", "error", "unset", "any"]}},
                    ]
                }
            ),
        ]
        | None
    ) = Field(None, description="The span's status; without it all but `error`; with `span` and `event` both, any.")

    @model_validator(mode="after")
    def _names_a_record(self) -> WrittenMatch:
        if self.span is None and self.event is None:
            raise mistake("`span` or `event` is required")
        return self


class WrittenMilestone(Written):
    """A named point an instance reaches."""

    id: Name = Field(description="Its name, unique in the workflow.")
    title: Text | None = Field(None, description="What people read; made from the id without one.")
    system: Name | None = Field(None, description="The id of the system that reports it.")
    match: WrittenMatch = Field(description="Which records reach it.")
    kind: MilestoneKind = Field("milestone", description="What it is in the course of the work.")
    repeatable: bool = Field(False, description="Whether it may be reached several times.")
    optional: bool = Field(False, description="Whether an instance may do without it.")
    unique: bool = Field(False, description="Whether a second time is an exception, like an invoice posted twice.")
    ends: Literal["completed", "cancelled", "failed"] | None = Field(
        None, description="The outcome, where it ends the instance."
    )
    parallel: Name | None = Field(
        None, description="The name of a group of milestones that may be reached in any order among themselves."
    )
    stuck_after: Duration | None = Field(
        None,
        description="An instance that rests here for longer is flagged `stuck`; without it: longer than 99 of 100 did.",
    )


class WrittenBy(Written):
    """A due date: either the attribute that carries it, or a cut-off time with the time due."""

    attribute: Text | None = Field(None, description="The attribute of the `from` event that has the promised date.")
    cut_off: TimeOfDay | None = Field(None, description="Started by then on a business day is due the same day.")
    due: TimeOfDay | None = Field(None, description="The local time it is due; after the cut-off: next business day.")

    @model_validator(mode="after")
    def _one_of_two(self) -> WrittenBy:
        has_cut_off = self.cut_off is not None or self.due is not None
        if (self.attribute is not None) == has_cut_off:
            raise mistake("must be either {attribute: ...} or {cut_off: ..., due: ...}")
        if has_cut_off and (self.cut_off is None or self.due is None):
            raise mistake("`cut_off` and `due` are given together")
        if self.cut_off is not None and self.due is not None and self.due < self.cut_off:
            raise mistake("`due` is earlier than `cut_off`: something started in between would be due before its start")
        return self


class WrittenPause(Written):
    """The milestones that stop and resume the clock."""

    from_: Name = Field(alias="from", description="The milestone that stops the clock.")
    to: Name = Field(description="The milestone that resumes it.")


class WrittenObjective(Written):
    """The share of clocks that must be met over a rolling window, or over the present day, week, month."""

    target: Share = Field(description="The share to be met.")
    window: Duration | None = Field(None, description="The rolling window it is counted over.")
    period: Literal["day", "week", "month", "quarter", "year"] | None = Field(
        None, description="Instead of `window`: the present one of the calendar, in the SLA's zone."
    )
    minimum: Annotated[int, Field(ge=0, le=1_000_000_000)] = Field(
        0, description="Below so many clocks there is no figure, so that low volume does not lie."
    )

    @model_validator(mode="after")
    def _one_window(self) -> WrittenObjective:
        if (self.window is None) == (self.period is None):
            raise mistake("exactly one of `window` and `period` is required")
        return self


class WrittenFilter(Written):
    """What the event that starts a clock must be like; all conditions given must hold."""

    attributes: dict[Text, Conditions] = Field(
        default_factory=dict, description="Attributes by name, as in a milestone's match."
    )
    keys: dict[Name, Conditions] = Field(
        default_factory=dict, description="Key values by key type; one value that holds is enough."
    )
    system: NameCondition | None = Field(None, description="The system that reported it.")
    amount: Conditions | None = Field(None, description="The workflow's amount on it, like `{gte: 10000}`.")
    criticality: NameCondition | None = Field(
        None,
        description="How critical the instance is: its value of the workflow's `criticality_attribute` on that event, "
        "else the workflow's `criticality`.",
    )

    @model_validator(mode="after")
    def _not_empty(self) -> WrittenFilter:
        if not (self.attributes or self.keys or self.system or self.amount or self.criticality):
            raise mistake("must name at least one of `attributes`, `keys`, `system`, `amount`, `criticality`")
        return self


class WrittenTier(Written):
    """The time allowed to some; of several tiers the first that fits decides."""

    where: WrittenFilter = Field(description="Which starts it is for.")
    within: Duration = Field(description="The time allowed to them.")


class WrittenVolume(Written):
    """How many events a feed brings until a time of day."""

    at_least: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = Field(None, description="No fewer than these.")
    at_most: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = Field(None, description="No more than these.")
    by: TimeOfDay = Field(description="Counted from local midnight until then, that instant included.")

    @model_validator(mode="after")
    def _one_bound(self) -> WrittenVolume:
        if (self.at_least is None) == (self.at_most is None):
            raise mistake("exactly one of `at_least` and `at_most` is required")
        return self


class WrittenSla(Written):
    """A promise about the instances of a workflow, or (`every`, `volume`) about a feed of events."""

    id: AddressName = Field(description="Its name, unique in the catalog.")
    title: Text | None = Field(None, description="What people read; made from the id without one.")
    from_: Name | None = Field(None, alias="from", description="The milestone that starts the clock.")
    to: Name | None = Field(None, description="The milestone that answers it.")
    within: Duration | None = Field(None, description="The time allowed, in the SLA's own time.")
    by: WrittenBy | None = Field(None, description="Instead of `within`: a due date.")
    every: Duration | None = Field(
        None,
        description="Of a feed: the longest it may be silent, in the SLA's own time; "
        "one never heard is waited for from when the SLA was applied.",
    )
    volume: WrittenVolume | None = Field(None, description="Of a feed: how much it brings until a time of day.")
    system: Name | None = Field(None, description="The feed: events of this workflow that the system reports.")
    milestone: Name | None = Field(None, description="The feed: events that reach this milestone.")
    where: WrittenFilter | None = Field(None, description="Which starts open a clock; all without it.")
    tiers: list[WrittenTier] = Field(
        default_factory=list, description="Times for some of the starts; `within` is for the rest."
    )
    calendar: Name | None = Field(None, description="The calendar whose working hours count.")
    zone: Zone | None = Field(None, description="The time zone of promised days; else the calendar's, else UTC.")
    occurrence: Literal["first", "last", "each"] = Field("first", description="Which starts open a clock.")
    per: Name | None = Field(None, description="An alias key: one clock for each of its values.")
    pause: WrittenPause | None = Field(None, description="What stops and resumes the clock.")
    at_risk: RiskPoint | None = Field(None, description="When it is at risk: a share of its time, or a time left.")
    severity: Name = Field("medium", description="How bad a breach is; routes match it.")
    owner: Name | None = Field(None, description="Who answers for it; else the workflow's owner.")
    objective: WrittenObjective | None = Field(None, description="The share that must be met.")

    @property
    def is_feed(self) -> bool:
        """Whether it is about a stream of events, not about instances."""
        return self.every is not None or self.volume is not None

    @model_validator(mode="after")
    def _one_kind(self) -> WrittenSla:
        kinds = [name for name in ("by", "every", "volume") if getattr(self, name) is not None]
        kinds += ["within"] if self.within is not None or self.tiers else []
        if len(kinds) != 1:
            raise mistake("exactly one of `within`, `by`, `every` and `volume` is required")
        self._check_feed() if self.is_feed else self._check_clock()
        return self

    def _check_clock(self) -> None:
        for name, value in (("from", self.from_), ("to", self.to)):
            if value is None:
                raise mistake(f"`{name}` is required")
        for name in ("system", "milestone"):
            if getattr(self, name) is not None:
                raise mistake(f"`{name}` is for `every` and `volume`: this one has `from` and `to`", at=name)
        if self.per is not None and self.occurrence in {"last", "each"}:
            raise mistake(f"`per` judges the first start of each value: `occurrence: {self.occurrence}` contradicts it")

    def _check_feed(self) -> None:
        kind = "every" if self.every is not None else "volume"
        if (self.system is None) == (self.milestone is None):
            raise mistake(f"`{kind}` needs a `system` or a `milestone`")
        for name in ("from", "to", "per", "pause", "where", "tiers"):
            if getattr(self, "from_" if name == "from" else name):
                raise mistake(f"`{name}` has no meaning with `{kind}`", at=name)
        if "occurrence" in self.model_fields_set:
            raise mistake(f"`occurrence` has no meaning with `{kind}`", at="occurrence")


class WrittenHolidays(Written):
    """Public holidays, closed unless `days` says otherwise."""

    country: Name = Field(description="ISO 3166-1 code, like DE.")
    subdivision: Name | None = Field(None, description="Code of the state or province, like BE.")


class WrittenMaintenance(Written):
    """A span that is no working time, whatever the hours say."""

    from_: LocalTime = Field(alias="from", description="When it begins, local time: `2026-03-07T22:00`.")
    to: LocalTime = Field(description="When it ends.")
    reason: Text = Field(description="Why: what people read where it matters.")

    @model_validator(mode="after")
    def _in_order(self) -> WrittenMaintenance:
        if self.from_ >= self.to:
            raise mistake("ends before it begins", at="to")
        return self


class WrittenCalendar(Written):
    """Working time of an organisation."""

    zone: Zone = Field("UTC", description="The IANA time zone its hours are in.")
    hours: Hours = Field(description='Weekdays to hours: `{mon-fri: "09:00-17:00", "sat,sun": closed}`.')
    holidays: WrittenHolidays | None = Field(None, description="Public holidays it is closed on.")
    maintenance: list[WrittenMaintenance] = Field(default_factory=list, description="Spans closed for a reason.")
    days: Days = Field((), description='Single dates with hours of their own: `{"2026-12-31": closed}`.')


class WrittenSystem(Written):
    """An integration point."""

    id: Name = Field(description="Its name, as milestones give it.")
    title: Text | None = Field(None, description="What people read; made from the id without one.")
    layer: Name | None = Field(None, description="saas, erp, middleware, warehouse.")
    owner: Name | None = Field(None, description="Who answers for it.")
    criticality: Name = Field("normal", description="How much depends on it.")
    services: list[Text] = Field(default_factory=list, description="The service names it reports under.")
    cadence: Duration | None = Field(None, description="The longest it should be silent while its calendar is open.")
    calendar: Name | None = Field(None, description="When it is awake.")


class WrittenReceiver(Written):
    """Where an alert is delivered: exactly one of these."""

    webhook: WebAddress | None = Field(None, description="A URL that takes Alertmanager's webhook JSON.")
    email: MailAddress | None = Field(None, description="A mail address.")
    apprise_env: EnvironmentName | None = Field(
        None, description="The environment variable that holds an Apprise URL, which is a secret."
    )

    @model_validator(mode="after")
    def _one_of_three(self) -> WrittenReceiver:
        if sum(each is not None for each in (self.webhook, self.email, self.apprise_env)) != 1:
            raise mistake("exactly one of `webhook`, `email`, `apprise_env` is required")
        return self


class WrittenRoute(Written):
    """Which alerts go to whom; routes are asked in order and the first that matches decides."""

    id: Name = Field(description="Its name, unique in the catalog.")
    match: dict[Name, TextOrTexts] = Field(
        default_factory=dict, description="Labels with the values they may have; all must hold. None: every alert."
    )
    receivers: Annotated[list[WrittenReceiver], Field(min_length=1)] = Field(description="Where it goes.")
    continue_: bool = Field(False, alias="continue", description="Whether the routes after it are asked too.")


class WrittenRedaction(Written):
    """Values that must not be stored as they come; all rules apply, in order, before anything reaches a table."""

    id: Name = Field(description="Its name, unique in the catalog.")
    action: Literal["drop", "mask", "hash"] = Field(
        description="Leave the value out; put `***` in its place; or put its keyed hash there, by which it still links."
    )
    attributes: TextOrTexts | None = Field(
        None,
        description=(
            "Names of attributes, of whatever part of a record; `*` stands for any run of characters. A body, status "
            "message or value with JSON in it that has such a name is masked whole: it holds the same values."
        ),
    )
    texts: (
        Annotated[
            list[Literal["body", "status_message", "span_name", "event_name"]],
            BeforeValidator(_as_list),
            Field(min_length=1),
        ]
        | None
    ) = Field(
        None,
        description=(
            "Texts of a record that are no attributes: `body`, `status_message`, `span_name`, `event_name` (of log "
            "records, CloudEvents and the events of spans). Milestones match what is stored: with a `pattern` the rest "
            "of a name stays what it was."
        ),
    )
    pattern: Pattern | None = Field(
        None, description="A regular expression: only what matches is masked, only values that match are dropped."
    )
    normalize: list[NormalizeStep] = Field(
        default_factory=list, description="Steps applied before hashing, so that spellings of one key stay one key."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> WrittenRedaction:
        if self.attributes is None and self.texts is None:
            raise mistake("`attributes` or `texts` is required")
        if self.pattern is not None and self.action == "hash":
            raise mistake("`pattern` goes with `mask` and `drop`: a hash of a part links nothing")
        if self.normalize and self.action != "hash":
            raise mistake("`normalize` goes with `hash`")
        return self


class WrittenDocument(Written):
    """One document: a workflow and any of systems, calendars, routes and redaction rules."""

    workflow: AddressName | None = Field(None, description="The workflow's name, unique in the catalog.")
    title: Text | None = Field(None, description="What people read; made from the name without one.")
    owner: Name | None = Field(None, description="Who answers for the workflow.")
    criticality: Name = Field("normal", description="How much depends on it.")
    criticality_attribute: Text | None = Field(
        None, description="The attribute by which events say how critical one instance is, where that differs."
    )
    keys: dict[Name, KeyField] = Field(default_factory=dict, description="Key types, from the root outward.")
    root: Name | None = Field(None, description="The key type that names an instance: the first of `keys`.")
    amount: WrittenAmount | None = Field(None, description="Where an instance's value is found.")
    milestones: list[WrittenMilestone] = Field(default_factory=list, description="The points an instance reaches.")
    expected_order: Literal["declared", "any"] = Field(
        "declared",
        description="Whether milestones that are not `optional` are expected in the order they are declared in: "
        "others are flagged `skipped` and `out_of_sequence`.",
    )
    slas: list[WrittenSla] = Field(default_factory=list, description="The promises about it.")
    systems: list[WrittenSystem] = Field(default_factory=list, description="Integration points.")
    calendars: dict[Name, WrittenCalendar] = Field(default_factory=dict, description="Working times by name.")
    routes: list[WrittenRoute] = Field(default_factory=list, description="Who is told what.")
    redaction: list[WrittenRedaction] = Field(default_factory=list, description="What is never stored as it comes.")
