"""What steps of one shape make the systems report, as bytes with gaps for what differs from step to step.

A template is learnt from one step that really happened in the systems. What differs are ids and times, which follow
from the step by `moment.Pace` as in the systems themselves, and the words of the step: its payload's texts and the
parts of its path. Words have the same length in all steps of a shape, so that no length on the wire changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from hashlib import blake2b
from typing import Any, NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from sample_flows.case import Step
from sample_flows.moment import Moment, Pace, span_id, trace_id
from sample_flows.recording import Place, Report, field
from sample_flows.world import moment_of

SHORTEST_WORD = 3
MOST_WORDS = 8
_PLAIN = re.compile(r"[A-Za-z0-9 .:,+_-]*", re.ASCII)
_CALLS = (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER)
_TRACE, _OBSERVED, _LINK_TRACE, _LINK_SPAN, _TIME = range(5)
_FIRST = 5
"""Places of the gaps: these five; then of each span id, begin and end; of each pace its end; the words."""


class NotLearnt(Exception):
    """The reports of a step do not hang together as a template expects; the step itself is fine."""


class Shape(NamedTuple):
    """What two steps must have in common to be reported alike, and the words in which they may differ."""

    key: tuple[object, ...]
    words: tuple[str, ...]


class Link(NamedTuple):
    """The span in which the message was sent that a step works off."""

    trace: bytes
    span: bytes


def shape_of(step: Step, is_linked: bool) -> Shape | None:
    """None for a step whose reports are too long or too odd to be worth a template."""
    words: list[str] = []
    key: list[object] = [step.system, step.wire, is_linked]
    for part in step.path.split("/"):
        _note(part, any(each.isdigit() for each in part), words, key)
    for name, value in step.payload.items():
        key.append(name)
        for each in value if isinstance(value, list) else (value,):
            _note(each, isinstance(each, str), words, key)
    if len(words) > MOST_WORDS or not _PLAIN.fullmatch("".join(words)):
        return None
    return Shape(tuple(key), tuple(words))


def _note(value: Any, is_word: bool, words: list[str], key: list[object]) -> None:
    if value in words:
        key.append(words.index(value))
    elif is_word and len(value) >= SHORTEST_WORD:
        words.append(value)
        key.append(len(value))
    else:
        key.append(repr(value))


def _variants(word: str) -> tuple[str, ...]:
    return (word,) if word == word.lower() else (word, word.lower())


@dataclass(frozen=True)
class _Output:
    """What goes into one list: the constant parts, and which gap is at which place among them."""

    place: Place
    parts: tuple[bytes, ...]
    gaps: tuple[tuple[int, int], ...]
    count: int


@dataclass(frozen=True)
class Template:
    """Writes the reports of the steps of one shape; `begins` is the place of the first pace, `acts` what happens."""

    begins: str
    acts: tuple[tuple[str, int, str, int], ...]
    outputs: tuple[_Output, ...]
    published: int

    def written(
        self, step: Step, words: Sequence[str], link: Link | None, observed_ns: int
    ) -> tuple[dict[Place, bytes], Link | None]:
        """The same bytes as the systems would send; and the span that published a message, if one did."""
        moment = moment_of(step)
        trace = trace_id(step.id).to_bytes(16, "big")
        told_at = step.at.astimezone(UTC).isoformat(timespec="milliseconds")[:23].encode() + b"Z"
        gaps = [trace, _fixed64(observed_ns), link.trace if link else b"", link.span if link else b"", told_at]
        paces, ids = _played(self.acts, Pace(moment, self.begins), gaps)
        gaps += [_fixed64(pace.end_ns or 0) for pace in paces]
        for word in words:
            gaps += [variant.encode() for variant in _variants(word)]
        found = {}
        for output in self.outputs:
            parts = list(output.parts)
            for at, gap in output.gaps:
                parts[at] = gaps[gap]
            found[output.place] = b"".join(parts)
        published = Link(trace, ids[self.published].to_bytes(8, "big")) if self.published >= 0 else None
        return found, published


def _played(acts: Iterable[tuple[str, int, str, int]], first: Pace, gaps: list[bytes]) -> tuple[list[Pace], list[int]]:
    """The paces and span ids of what happens, in order; each span's id and times are added to the gaps."""
    paces, ids = [first], list[int]()
    calls: list[Moment] = []
    for what, index, system, parent in acts:
        if what == "enter":
            place = f"{system}|{ids[parent] if parent >= 0 else 0:x}"
            paces.append(Pace(calls[index].on_the_other_side(), place))
            continue
        pace = paces[index]
        moment = pace.moment if what == "work" else pace.next_call()
        if moment is None:
            raise NotLearnt("a step has a moment")
        if what != "work":
            calls.append(moment)
        if what != "unseen":
            ids.append(span_id(pace))
            gaps += (ids[-1].to_bytes(8, "big"), _fixed64(moment.begin_ns), _fixed64(moment.end_ns))
    return paces, ids


def learnt(step: Step, shape: Shape, reports: Sequence[Report], link: Link | None) -> Template:
    """The template of a step that has just happened; raises NotLearnt."""
    variants = [variant for word in shape.words for variant in _variants(word)]
    if any(one in other for at, one in enumerate(variants) for other in variants[:at] + variants[at + 1 :]):
        raise NotLearnt("one word cannot be told from another")
    begins, topic = f"{step.system}|0", step.path.removeprefix("/queues/")
    if topic != step.path:
        begins = f"{step.system}|{topic}"
    tree = _Tree(step, [report for report in reports if report.place[1] == "spans"])
    count, paces = len(tree.order), tree.paces
    ends = _FIRST + 3 * count
    markers = _Markers(shape.words, ends + paces, link)
    outputs: dict[Place, list[bytes]] = {}
    for report in reports:
        outputs.setdefault(report.place, []).append(_marked(report, tree, markers, ends))
    told = tuple(markers.split(place, contents) for place, contents in outputs.items())
    published = [n for n, span in enumerate(tree.order) if span.kind == Span.SPAN_KIND_PRODUCER]
    if len(published) > 1:
        raise NotLearnt("two messages")
    return Template(begins, tuple(tree.acts), told, published[0] if published else -1)


class _Tree:
    """Who called whom: spans in the order in which they began, a parent before its children."""

    def __init__(self, step: Step, reports: Sequence[Report]) -> None:
        self.acts: list[tuple[str, int, str, int]] = []
        self.order: list[Any] = []
        self.place_of: dict[bytes, int] = {}
        self.pace_of: dict[bytes, int] = {}
        self.paces = 1
        self._calls = 0
        self._systems = {report.message.span_id: report.place[0] for report in reports}
        self._spans = {report.message.span_id: report.message for report in reports}
        roots = self._below(b"")
        if len(roots) == 1 and self._systems[roots[0].span_id] == step.system:
            self._work(roots[0], 0)
        else:
            for root in roots:
                self.acts.append(("unseen", 0, "", 0))
                self._enter(root, -1)
        if len(self.order) != len(self._spans):
            raise NotLearnt("a span whose parent is not there")

    def _below(self, parent: bytes) -> list[Any]:
        found = [span for span in self._spans.values() if span.parent_span_id == parent]
        return sorted(found, key=lambda span: span.start_time_unix_nano)

    def _work(self, span: Any, pace: int) -> None:
        self._add(("work", pace, "", 0), span, pace)
        for call in self._below(span.span_id):
            if call.kind not in _CALLS:
                raise NotLearnt("something else than a call")
            self._add(("call", pace, "", 0), call, pace)
            at = len(self.order) - 1
            number = self._calls
            self._calls += 1
            for answer in self._below(call.span_id):
                self._enter(answer, at, number)

    def _enter(self, span: Any, parent: int, call: int | None = None) -> None:
        if call is None:
            call = self._calls
            self._calls += 1
        self.acts.append(("enter", call, self._systems[span.span_id], parent))
        self.paces += 1
        self._work(span, self.paces - 1)

    def _add(self, act: tuple[str, int, str, int], span: Any, pace: int) -> None:
        self.acts.append(act)
        self.place_of[span.span_id] = len(self.order)
        self.pace_of[span.span_id] = pace
        self.order.append(span)


class _Markers:
    """Stands in for each gap while a message is written, so that the gaps are found in its bytes."""

    def __init__(self, words: Sequence[str], first_word: int, link: Link | None) -> None:
        self.link = link
        self._words: dict[str, str] = {}
        self._gaps: dict[bytes, int] = {}
        for word in (variant for each in words for variant in _variants(each)):
            text = f"~{chr(33 + len(self._words)) * (len(word) - 2)}~"
            self._words[word] = text
            self._gaps[text.encode()] = first_word + len(self._words) - 1

    def of(self, gap: int, size: int = 8) -> bytes:
        """The marker of a gap."""
        marker = blake2b(f"gap {gap}".encode(), digest_size=size).digest()
        self._gaps[marker] = gap
        return marker

    def time(self, gap: int) -> int:
        """The marker of a time."""
        return int.from_bytes(self.of(gap), "little")

    def text(self, gap: int, size: int) -> str:
        """The marker of a text that is no word."""
        text = f"~{'}' * (size - 2)}~"
        self._gaps[text.encode()] = gap
        return text

    def worded(self, text: str) -> str:
        """The text with markers for its words."""
        for word, marker in self._words.items():
            text = text.replace(word, marker)
        return text

    def split(self, place: Place, contents: Sequence[bytes]) -> _Output:
        """The parts of all that goes into one list."""
        between = b"," if place[1] == "cloudevents" else b""
        pattern = b"(" + b"|".join(re.escape(marker) for marker in self._gaps) + b")"
        parts = re.split(pattern, between.join(contents))
        gaps = tuple((at, self._gaps[part]) for at, part in enumerate(parts) if at % 2)
        return _Output(place, tuple(parts), gaps, len(contents))


def _marked(report: Report, tree: _Tree, markers: _Markers, ends: int) -> bytes:
    if report.place[1] == "cloudevents":
        event = {**report.message, "time": markers.text(_TIME, len(report.message["time"]))}
        return markers.worded(json.dumps(event)).encode()
    message = type(report.message)()
    message.CopyFrom(report.message)
    _mark_words(message, markers)
    if message.trace_id:
        message.trace_id = markers.of(_TRACE, 16)
    pace = 0
    if message.span_id:
        own = tree.place_of.get(message.span_id)
        if own is None:
            raise NotLearnt("an event of a span that is not there")
        pace = tree.pace_of[message.span_id]
        message.span_id = markers.of(_FIRST + 3 * own)
    if report.place[1] == "logs":
        message.time_unix_nano = markers.time(ends + pace)
        message.observed_time_unix_nano = markers.time(_OBSERVED)
        return field(2, message.SerializeToString())
    first = _FIRST + 3 * tree.place_of[report.message.span_id]
    message.start_time_unix_nano = markers.time(first + 1)
    message.end_time_unix_nano = markers.time(first + 2)
    if message.parent_span_id:
        message.parent_span_id = markers.of(_FIRST + 3 * tree.place_of[message.parent_span_id])
    for each in message.links:
        each.trace_id, each.span_id = markers.of(_LINK_TRACE, 16), markers.of(_LINK_SPAN)
    return field(2, message.SerializeToString())


def _mark_words(message: Any, markers: _Markers) -> None:
    """In all texts of a message, however deep."""
    for about, value in message.ListFields():
        is_list = not hasattr(value, "ListFields") and not isinstance(value, str | bytes | int | float)
        if about.type == about.TYPE_STRING and is_list:
            value[:] = [markers.worded(each) for each in value]
        elif about.type == about.TYPE_STRING:
            setattr(message, about.name, markers.worded(value))
        elif about.type == about.TYPE_MESSAGE:
            for each in value if is_list else (value,):
                _mark_words(each, markers)


def _fixed64(number: int) -> bytes:
    return number.to_bytes(8, "little")


__all__ = ["Link", "Moment", "NotLearnt", "Shape", "Template", "learnt", "shape_of"]
