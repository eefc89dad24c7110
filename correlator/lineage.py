"""What caused what: the events of an instance as a graph, by what telemetry says and by the documents they are about.

Pure: events and spans in, causes out. Four kinds of evidence, each a cause of its own:

- `span_parent`: the nearest span above the event's own that is an event too; for a log record, its own span first;
- `span_link`: a link of the event's span, or of a span above it up to the nearest event, leads to the event of the
  linked span, or to the nearest one above that;
- `causation_id`: the CloudEvents attribute `causationid` names the id of the event that caused it;
- `key`: the earliest event that carries the key by which the event belongs here.

What comes later in the timeline is never the cause by a key; spans and ids are believed, because clocks differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from correlator.typed_key import split_typed_key

_MOST_ABOVE = 200

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
    of_cloud = {step.cloud_id: step for step in reversed(steps) if step.cloud_id}
    carriers: dict[str, Step] = {}
    found: dict[Cause, None] = {}
    for step in steps:
        for cause in (
            *_by_spans(step, at_span, spans),
            *_by_id(step, of_cloud),
            *_by_key(step, carriers),
        ):
            found[cause] = None
        for key in step.typed_keys:
            carriers.setdefault(key, step)
    return list(found)


def _by_spans(step: Step, at_span: Mapping[SpanId, list[Step]], spans: Mapping[SpanId, SpanNode]) -> Iterator[Cause]:
    own = spans.get(step.span)
    for link in own.links if own else ():
        yield from _linked(step, link, at_span, spans)
    if not step.is_span and step.span in at_span and at_span[step.span][0].is_span:
        yield Cause(at_span[step.span][0].event_id, step.event_id, "span_parent", step.span[1])
        return
    above = own.parent if own else step.parent
    for span in _upward(above, spans):
        if span in at_span and at_span[span][0].event_id != step.event_id:
            yield Cause(at_span[span][0].event_id, step.event_id, "span_parent", span[1])
            return
        for link in spans[span].links if span in spans else ():
            yield from _linked(step, link, at_span, spans)


def _linked(
    step: Step, link: SpanId, at_span: Mapping[SpanId, list[Step]], spans: Mapping[SpanId, SpanNode]
) -> Iterator[Cause]:
    for span in _upward(link, spans):
        if span in at_span:
            if at_span[span][0].event_id != step.event_id:
                yield Cause(at_span[span][0].event_id, step.event_id, "span_link", link[1])
            return


def _upward(span: SpanId, spans: Mapping[SpanId, SpanNode]) -> Iterator[SpanId]:
    """The span and those above it; a circle or an endless chain ends."""
    seen: set[SpanId] = set()
    while span[1] and span not in seen and len(seen) < _MOST_ABOVE:
        seen.add(span)
        yield span
        if span not in spans:
            return
        span = spans[span].parent


def _by_id(step: Step, of_cloud: Mapping[str, Step]) -> Iterator[Cause]:
    other = of_cloud.get(step.caused_by) if step.caused_by else None
    if other is not None and other is not step:
        yield Cause(other.event_id, step.event_id, "causation_id", step.caused_by)


def _by_key(step: Step, carriers: Mapping[str, Step]) -> Iterator[Cause]:
    for key in step.innermost:
        if key in carriers:
            _, key_type, value = split_typed_key(key)
            yield Cause(carriers[key].event_id, step.event_id, "key", f"{key_type}={value}")


def linked_traces(spans: Iterable[SpanNode], known: Iterable[str]) -> list[str]:
    """The traces that spans link to, beyond those known."""
    return sorted({link[0] for span in spans for link in span.links} - set(known))
