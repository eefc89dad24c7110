"""From the catalog as written to its resolved, hashed definitions, checking every reference on the way.

Each function takes the written models, reports mistakes to its `Place` and returns what it could make. Names are looked
up among all that are declared, also those whose own definition has mistakes, so that one mistake is reported once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from model.catalog.canonical import calendar_hash, known_countries, sla_hash, workflow_hash
from model.catalog.problems import Place, nearest
from model.catalog.promises import check_promise, never_opens
from model.catalog.written import (
    SwitchedOff,
    WrittenCalendar,
    WrittenDocument,
    WrittenFilter,
    WrittenKey,
    WrittenMatch,
    WrittenMilestone,
    WrittenObjective,
    WrittenRedaction,
    WrittenRoute,
    WrittenSla,
    WrittenSystem,
)
from model.catalog.yaml_text import Path
from model.definitions import (
    TRACE_KEY,
    Amount,
    Calendar,
    CutOff,
    Feed,
    Filter,
    KeyPattern,
    KeyType,
    Level,
    Maintenance,
    Match,
    Milestone,
    Objective,
    Occurrence,
    Outcome,
    Pause,
    Promise,
    Receiver,
    Redaction,
    RedactionAction,
    Route,
    Sla,
    System,
    Tier,
    Volume,
    Workflow,
)
from model.patterns import groups_named_twice, named_groups

_STATUSES = frozenset({"ok", "error", "unset"})
_NO_WORD = re.compile(r"[^0-9A-Za-z_]")
_MOST_KEY_TYPES = 100
_MOST_MILESTONES = 1_000


@dataclass(frozen=True, slots=True)
class Declared:
    """All names of the catalog that others may refer to; a calendar with mistakes is None.

    `cadences` has those of the systems that declare one, by the id of the system.
    """

    calendars: Mapping[str, Calendar | None]
    cadences: Mapping[str, timedelta] = field(default_factory=dict)


def titled(name: str) -> str:
    """A title made from a name: `order_to_cash` reads `Order to cash`."""
    words = name.replace("_", " ").strip() or name
    return words[0].upper() + words[1:]


def calendar(name: str, written: WrittenCalendar, place: Place) -> Calendar | None:
    """A calendar with its hash; None where its holidays are not known."""
    at: Path = ("calendars", name)
    country = written.holidays.country if written.holidays else None
    subdivision = written.holidays.subdivision if written.holidays else None
    if country is not None:
        known = known_countries()
        if country not in known:
            message = f"no public holidays are known for `{country}`"
            hint = nearest(country, known) or "write an ISO 3166-1 code like DE"
            place.add((*at, "holidays", "country"), message, hint=hint)
            return None
        if subdivision is not None and subdivision not in known[country]:
            place.add(
                (*at, "holidays", "subdivision"),
                f"`{country}` has no subdivision `{subdivision}`",
                near=subdivision,
                known=known[country],
            )
            return None
    closed = tuple(sorted((Maintenance(each.from_, each.to, each.reason) for each in written.maintenance), key=str))
    made = Calendar(name, written.zone, written.hours, country, subdivision, written.days, maintenance=closed)
    return replace(made, hash=calendar_hash(made))


def system(index: int, written: WrittenSystem, declared: Declared, place: Place) -> System:
    """A system; its calendar must be declared."""
    found = _known_calendar(written.calendar, declared, ("systems", index, "calendar"), place)
    if found is not None and written.cadence is not None and never_opens(found):
        place.add(("systems", index, "calendar"), f"the calendar `{found.name}` has no working time: no silence counts")
    return System(
        id=written.id,
        title=written.title or titled(written.id),
        layer=written.layer,
        owner=written.owner,
        criticality=written.criticality,
        services=tuple(written.services),
        cadence=written.cadence,
        calendar=written.calendar,
    )


def route(written: WrittenRoute) -> Route:
    """A route."""
    receivers = []
    for each in written.receivers:
        kind, target = next((kind, target) for kind, target in each if target is not None)
        receivers.append(Receiver(kind, target))
    match = tuple((label, tuple(values)) for label, values in written.match.items())
    return Route(written.id, match, tuple(receivers), written.continue_)


def redaction(written: WrittenRedaction) -> Redaction:
    """A redaction rule."""
    return Redaction(
        id=written.id,
        action=RedactionAction(written.action),
        attributes=tuple(written.attributes or ()),
        texts=tuple(written.texts or ()),
        pattern=written.pattern,
        normalize=tuple(written.normalize),
    )


def workflow(written: WrittenDocument, declared: Declared, place: Place) -> Workflow:
    """A workflow with its SLAs."""
    name = written.workflow or ""
    names = _names(place)
    keys = _keys(written, names.keys, place)
    milestones = _milestones(written.milestones, declared, place)
    if len(milestones) > _MOST_MILESTONES:
        place.add(("milestones",), f"{len(milestones):,} milestones are more than {_MOST_MILESTONES:,}")
    amount = written.amount
    made = Workflow(
        name=name,
        title=written.title or titled(name),
        keys=keys,
        root=written.root or "",
        milestones=milestones,
        owner=written.owner,
        criticality=written.criticality,
        amount=Amount(amount.attribute, amount.currency_attribute) if amount else None,
        in_order=written.expected_order == "declared",
        criticality_attribute=written.criticality_attribute,
    )
    made = replace(made, hash=workflow_hash(made))
    slas = tuple(_sla(index, each, made, names, declared, place) for index, each in enumerate(written.slas))
    return replace(made, slas=slas)


@dataclass(frozen=True, slots=True)
class _Names:
    milestones: tuple[str, ...]
    keys: tuple[str, ...]


def _names(place: Place) -> _Names:
    """Names as declared in the document, whether or not their definitions are right."""
    milestones, keys = place.document.value.get("milestones"), place.document.value.get("keys")
    ids = [each.get("id") for each in milestones if isinstance(each, dict)] if isinstance(milestones, list) else []
    names = [name for name, each in keys.items() if each is not False] if isinstance(keys, dict) else []
    return _Names(tuple(each for each in ids if isinstance(each, str)), tuple(names))


def _keys(written: WrittenDocument, names: tuple[str, ...], place: Place) -> tuple[KeyType, ...]:
    listed = [(name, key) for name, key in written.keys.items() if not isinstance(key, SwitchedOff)]
    if len(listed) > _MOST_KEY_TYPES:
        place.add(("keys",), f"{len(listed)} key types are more than {_MOST_KEY_TYPES}")
    for name, key in written.keys.items():
        _check_key(name, key, name == written.root, place)
    if written.root == TRACE_KEY:
        place.add(("root",), "`trace` cannot be the root: a trace id names a request, not a business object")
    elif written.root is not None and names and written.root not in names:
        place.add(("root",), f"`{written.root}` is not one of `keys`", near=written.root, known=names)
    elif names and written.root is not None and names[0] != written.root:
        place.add(("keys",), f"keys are listed from the root outward: `{written.root}` must be the first")
    if TRACE_KEY not in written.keys:
        listed.append((TRACE_KEY, WrittenKey.model_validate({})))
    return tuple(
        KeyType(name, rank, _alternatives(key), tuple(key.normalize), key.window, _patterns(name, key, place))
        for rank, (name, key) in enumerate(listed)
    )


def _alternatives(key: WrittenKey) -> tuple[tuple[str, ...], ...]:
    if key.any_of is not None:
        return tuple(tuple(each) for each in key.any_of)
    return tuple((each,) for each in key.attributes or ())


def _patterns(name: str, key: WrittenKey, place: Place) -> tuple[KeyPattern, ...]:
    found = []
    for index, each in enumerate(key.patterns or ()):
        kind = next(kind for kind in ("span", "event", "body", "attribute") if getattr(each, kind) is not None)
        pattern = str(each.pattern if kind == "attribute" else getattr(each, kind))
        groups, group = named_groups(pattern), _NO_WORD.sub("_", name)
        at: Path = ("keys", name, "patterns", index, "pattern" if kind == "attribute" else kind)
        if group not in groups:
            place.add(
                at, f"the pattern has no group `(?P<{group}>...)` that would be the key", near=group, known=groups
            )
        elif twice := groups_named_twice(pattern):
            place.add(
                at, f"the pattern has the group `{twice[0]}` twice, of which one would be read: write two patterns"
            )
        found.append(KeyPattern(kind, pattern, groups.get(group, 0), each.attribute))
    return tuple(found)


def _check_key(name: str, key: WrittenKey, is_root: bool, place: Place) -> None:
    at: Path = ("keys", name)
    if name == TRACE_KEY:
        for field in ("attributes", "any_of", "patterns", "normalize"):
            if getattr(key, field):
                place.add((*at, field), f"`trace` is the trace id of a record: it has no `{field}`")
    elif isinstance(key, SwitchedOff):
        place.add(at, "only `trace` can be switched off; leave this key out instead")
    elif key.attributes is not None and key.any_of is not None:
        place.add(at, "`attributes` and `any_of` say the same thing in two ways: only one of them")
    elif not any((key.attributes, key.any_of, key.patterns)):
        place.add(at, "one of `attributes`, `any_of` and `patterns` is required: where the key is found")
    if is_root and key.window is not None:
        place.add((*at, "window"), "the root key has no window: it names the instance, nothing links from it")
    for part, alternative in enumerate(key.any_of or ()):
        if len(set(alternative)) < len(alternative):
            place.add((*at, "any_of", part), "names an attribute twice")


def _milestones(written: list[WrittenMilestone], declared: Declared, place: Place) -> tuple[Milestone, ...]:
    seen: dict[str, int] = {}
    for index, each in enumerate(written):
        if each.id in seen:
            place.add(("milestones", index, "id"), f"the milestone `{each.id}` is declared twice")
        seen.setdefault(each.id, index)
        if each.unique and each.repeatable:
            place.add(("milestones", index), "`unique` and `repeatable` contradict each other")
    return tuple(
        Milestone(
            id=each.id,
            place=index,
            match=_match(each.match),
            title=each.title or titled(each.id),
            system=each.system,
            kind=each.kind,
            repeatable=each.repeatable,
            optional=each.optional,
            unique=each.unique,
            ends=Outcome(each.ends) if each.ends else None,
            parallel=each.parallel,
            stuck_after=each.stuck_after,
            cadence=declared.cadences.get(each.system or ""),
        )
        for index, each in enumerate(written)
    )


def _match(written: WrittenMatch) -> Match:
    is_inside_span = written.span is not None and written.event is not None
    statuses = frozenset(written.status or (("any",) if is_inside_span else ("ok", "unset")))
    return Match(
        span=written.span,
        event=written.event,
        service=written.service,
        source=written.source,
        attributes=tuple((name, each) for name, conditions in written.attributes.items() for each in conditions),
        statuses=_STATUSES if "any" in statuses else statuses,
    )


def _sla(index: int, written: WrittenSla, owner: Workflow, names: _Names, declared: Declared, place: Place) -> Sla:
    at: Path = ("slas", index)
    feed = _feed(written, owner, names, at, place) if written.is_feed else None
    if feed is None:
        _check_milestones(written, names, at, place)
    if written.per is not None:
        _check_per(written.per, owner, names, (*at, "per"), place)
    found = _known_calendar(written.calendar, declared, (*at, "calendar"), place)
    by = written.by
    if by is not None and by.cut_off is not None and written.calendar is None:
        place.add((*at, "by", "cut_off"), "a cut-off needs a `calendar`, which says what a business day is")
    objective = _objective(written.objective) if written.objective else None
    made = Sla(
        id=written.id,
        workflow=owner.name,
        title=written.title or titled(written.id),
        from_milestone=feed.milestones[0] if feed else written.from_ or "",
        to_milestone=feed.milestones[0] if feed else written.to or "",
        within=written.within,
        promise=Promise(by.attribute) if by and by.attribute is not None else None,
        cut_off=CutOff(by.cut_off, by.due) if by and by.cut_off is not None and by.due is not None else None,
        calendar=written.calendar,
        zone=written.zone or (found.zone if found else "UTC"),
        occurrence=Occurrence(written.occurrence),
        per=written.per,
        pause=Pause(written.pause.from_, written.pause.to) if written.pause else None,
        at_risk=written.at_risk,
        severity=written.severity,
        objective=objective,
        owner=written.owner or owner.owner,
        every=written.every,
        volume=Volume(written.volume.by, written.volume.at_least, written.volume.at_most) if written.volume else None,
        feed=feed,
        where=_filter(written.where, owner, names, (*at, "where"), place) if written.where else None,
        tiers=tuple(
            Tier(_filter(each.where, owner, names, (*at, "tiers", number, "where"), place), each.within)
            for number, each in enumerate(written.tiers)
        ),
    )
    check_promise(made, owner, found, at, place)
    return replace(made, hash=sla_hash(made, found))


_PERIODS = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}


def _objective(written: WrittenObjective) -> Objective:
    window = written.window if written.window is not None else timedelta(days=_PERIODS[written.period or "day"])
    return Objective(written.target, window, written.minimum, written.period)


_NO_FEED = Feed("", ("",))


def _feed(written: WrittenSla, owner: Workflow, names: _Names, at: Path, place: Place) -> Feed:
    if written.milestone is not None:
        if written.milestone not in names.milestones:
            place.add(
                (*at, "milestone"),
                f"`{written.milestone}` is not a milestone of this workflow",
                near=written.milestone,
                known=names.milestones,
            )
        return Feed(written.milestone, (written.milestone,))
    system = written.system or ""
    reported = tuple(each.id for each in owner.milestones if each.system == system)
    if reported:
        return Feed(system, reported)
    known = [each.system for each in owner.milestones if each.system]
    place.add((*at, "system"), f"no milestone of this workflow is reported by `{system}`", near=system, known=known)
    return _NO_FEED


def _filter(written: WrittenFilter, owner: Workflow, names: _Names, at: Path, place: Place) -> Filter:
    for key in written.keys:
        if key not in names.keys:
            place.add((*at, "keys", key), f"`{key}` is not one of `keys`", near=key, known=names.keys)
    if written.amount and owner.amount is None:
        place.add((*at, "amount"), "the workflow has no `amount`: say where it is found")
    return Filter(
        attributes=tuple((name, each) for name, conditions in written.attributes.items() for each in conditions),
        keys=tuple((name, each) for name, conditions in written.keys.items() for each in conditions),
        system=written.system,
        amount=written.amount or (),
        criticality=Level(written.criticality, owner.criticality, owner.criticality_attribute)
        if written.criticality is not None
        else None,
    )


def _check_milestones(written: WrittenSla, names: _Names, at: Path, place: Place) -> None:
    named: list[tuple[Path, str]] = [((*at, "from"), written.from_ or ""), ((*at, "to"), written.to or "")]
    if written.pause:
        named += [((*at, "pause", "from"), written.pause.from_), ((*at, "pause", "to"), written.pause.to)]
        if written.pause.from_ == written.pause.to:
            place.add((*at, "pause"), "the same milestone cannot both stop and resume the clock")
    for path, milestone in named:
        if milestone not in names.milestones:
            place.add(
                path, f"`{milestone}` is not a milestone of this workflow", near=milestone, known=names.milestones
            )
    if written.from_ == written.to:
        place.add((*at, "to"), "an SLA from a milestone to itself is answered by its own start")


def _check_per(per: str, owner: Workflow, names: _Names, path: Path, place: Place) -> None:
    if per == owner.root:
        place.add(path, f"`{per}` is the root key: an instance has one value of it; leave `per` out")
    elif per not in names.keys:
        place.add(
            path, f"`{per}` is not one of `keys`", near=per, known=[each for each in names.keys if each != owner.root]
        )


def _known_calendar(name: str | None, declared: Declared, path: Path, place: Place) -> Calendar | None:
    if name is None:
        return None
    if name not in declared.calendars:
        place.add(path, f"no calendar `{name}` is declared", near=name, known=declared.calendars)
    return declared.calendars.get(name)
