"""What caused what: the events of an instance as a graph, by what telemetry says and by the documents they are about.

Pure: events and spans in, causes out. Four kinds of evidence, each a cause of its own:

- `span_parent`: the nearest span above the event's own that is an event too; for a log record, its own span first. What
  was logged within a span that is none stands for it where it comes before the effect: telemetry does not say which
  came first, and a service often logs what it did after it has called others;
- `span_link`: the same, where the way there leads over a link: from the event's span, or one above it, to a span of
  another trace, and on from there. So a broker and a middleware that know nothing of the business lie between events
  as spans do;
- `causation_id`: the CloudEvents attribute `causationid` names the id of the event that caused it. Ids are unique
  within a source alone, and it names none: an event of the effect's own source, else the latest of the others before
  the effect, else the earliest after it, because clocks differ;
- `key`: the earliest event that carries the key by which the event belongs here.

What comes later in the timeline is never the cause by a key; spans and ids are believed, because clocks differ.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from correlator.typed_key import split_typed_key

_MOST_ABOVE = 2_000

SpanId = tuple[str, str]
"""Trace id and span id."""


@dataclass(frozen=True, slots=True)
class Step:
    """An event as lineage sees it; steps are given in the order of the timeline."""

    event_id: str
    is_span: bool
    span: SpanId
    parent: SpanId
    typed_keys: tuple[str, ...]
    innermost: tuple[str, ...]
    cloud_source: str = ""
    cloud_id: str = ""
    caused_by: str = ""


@dataclass(frozen=True, slots=True)
class SpanNode:
    """A span between events: what it hangs from, and what it links to."""

    parent: SpanId
    links: tuple[SpanId, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """`cause` came before `effect` and led to it, both event ids; `by` is the evidence, `via` what it names."""

    cause: str
    effect: str
    by: str
    via: str


def causes(steps: Sequence[Step], spans: Mapping[SpanId, SpanNode]) -> list[Cause]:
    """The causes of every step, in the order of the steps, each once."""
    at_span: dict[SpanId, list[Step]] = {}
    for step in sorted(steps, key=lambda each: not each.is_span):  # a span stands for what was logged within it
        if step.span[1]:
            at_span.setdefault(step.span, []).append(step)
    places = {step.event_id: place for place, step in enumerate(steps)}
    of_cloud: dict[str, dict[str, tuple[int, Step]]] = {}
    for place, step in enumerate(steps):  # of a record that is several events, the first
        of_cloud.setdefault(step.cloud_id, {}).setdefault(step.cloud_source, (place, step))
    carriers: dict[str, Step] = {}
    found: dict[Cause, None] = {}
    for place, step in enumerate(steps):
        for cause in (
            *_by_spans(step, at_span, spans, places),
            *_by_id(place, step, of_cloud),
            *_by_key(step, carriers),
        ):
            found[cause] = None
        for key in step.typed_keys:
            carriers.setdefault(key, step)
    return list(found)


def _by_spans(
    step: Step,
    at_span: Mapping[SpanId, list[Step]],
    spans: Mapping[SpanId, SpanNode],
    places: Mapping[str, int],
) -> Iterator[Cause]:
    """Every way up, by parents and by links, until it comes to an event; circles and endless ways end.

    A span that hangs from itself, or links to itself, did not cause itself, though it may be several events.
    """
    own = spans.get(step.span)
    is_logged = not step.is_span and step.span in at_span and at_span[step.span][0].is_span
    above = step.span if is_logged else own.parent if own else step.parent
    ways = deque([(link, link[1]) for link in own.links] if own else [])
    ways.appendleft((above, ""))
    seen = {(step.span, True)} if is_logged else {(step.span, True), (step.span, False)}
    while ways and len(seen) < _MOST_ABOVE:
        span, link = ways.popleft()
        if not span[1] or (span, bool(link)) in seen:
            continue
        seen.add((span, bool(link)))
        first = at_span[span][0] if span in at_span else step
        if first is not step and (first.is_span or places[first.event_id] < places[step.event_id]):
            yield Cause(first.event_id, step.event_id, "span_link" if link else "span_parent", link or span[1])
        elif span in spans:
            ways.append((spans[span].parent, link))
            ways.extend((each, link or each[1]) for each in spans[span].links)


def _by_id(place: int, step: Step, of_cloud: Mapping[str, Mapping[str, tuple[int, Step]]]) -> Iterator[Cause]:
    """The event whose id is named, by source, each with its place; never the record that the effect is itself."""
    named = dict(of_cloud.get(step.caused_by, {})) if step.caused_by else {}
    if step.cloud_id == step.caused_by:
        named.pop(step.cloud_source, None)
    if not named:
        return
    before = [each for each in named.values() if each[0] < place]
    nearest = max(before, key=itemgetter(0)) if before else min(named.values(), key=itemgetter(0))
    _, cause = named.get(step.cloud_source, nearest)
    yield Cause(cause.event_id, step.event_id, "causation_id", step.caused_by)


def _by_key(step: Step, carriers: Mapping[str, Step]) -> Iterator[Cause]:
    for key in step.innermost:
        if key in carriers:
            _, key_type, value = split_typed_key(key)
            yield Cause(carriers[key].event_id, step.event_id, "key", f"{key_type}={value}")


def linked_traces(spans: Iterable[SpanNode], known: Iterable[str]) -> list[str]:
    """The traces that spans link to, beyond those known. A link without an id leads nowhere."""
    return sorted({trace for span in spans for trace, span_id in span.links if trace and span_id} - set(known))
