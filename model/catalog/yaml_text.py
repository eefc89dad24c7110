"""YAML 1.2 text to plain values with the line of everything in it.

Reads the parser's events itself, for three reasons: only the core schema turns plain words into numbers and truth
values (`16:00`, `NO` and `2026-12-24` stay text), duplicate keys are mistakes, and every later message can name a line.
Anchors and aliases work; what they expand to is bounded. Knows nothing of catalogs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

MOST_VALUES = 100_000
"""How many values a document may hold once its aliases are expanded."""

DEEPEST = 40
"""How deep values may be nested; a catalog needs seven."""

Path = tuple[str | int, ...]

_NULL = re.compile(r"null|Null|NULL|~|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq")}


class WrittenInt(int):
    """A whole number that remembers its text, so that `007` where text is wanted is still `007`."""

    written: str


class WrittenFloat(float):
    """A number with a fraction that remembers its text."""

    written: str


class YamlMistake(ValueError):
    """Text that is not YAML as accepted here; `line` counts from 1, `path` is as far as it is known."""

    def __init__(self, message: str, line: int, path: Path = ()) -> None:
        super().__init__(message)
        self.line = line
        self.path = path


@dataclass(slots=True)
class Document:
    """One document of a file: its value, and where in the text each part is.

    `lines` gives the line (from 1) of each path; `spans` its first and last character position.
    """

    value: Any
    line: int
    lines: dict[Path, int] = field(default_factory=dict)
    spans: dict[Path, tuple[int, int]] = field(default_factory=dict)
    mistakes: list[YamlMistake] = field(default_factory=list)

    def line_of(self, path: Path) -> int:
        """The line of the path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, self.line)


@dataclass(slots=True)
class _Node:
    """A value in the text; children of a mapping are (key, line of the key, value)."""

    kind: str
    line: int
    start: int
    end: int
    scalar: Any = None
    pairs: list[tuple[str, int, _Node]] = field(default_factory=list)
    items: list[_Node] = field(default_factory=list)


def documents(text: str) -> Iterator[Document]:
    """The documents of a text in order, empty ones left out; raises `YamlMistake` where the text stops being YAML."""
    try:
        reader = _Reader(YAML(typ="safe", pure=True).parse(text))
        for node in reader.documents():
            yield _expanded(node, reader.taken_mistakes())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlMistake(f"not YAML: {what}", mark.line + 1 if mark else 1) from error
    except YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        raise YamlMistake(f"not YAML: {getattr(error, 'reason', error)}", line) from error


class _Reader:
    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._anchors: dict[str, _Node | None] = {}
        self._mistakes: list[YamlMistake] = []

    def taken_mistakes(self) -> list[YamlMistake]:
        taken, self._mistakes = self._mistakes, []
        return taken

    def documents(self) -> Iterator[_Node]:
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                self._anchors = {}
                node = self._node(next(self._events), ())
                if node.kind != "scalar" or node.scalar is not None:
                    yield node

    def _node(self, event: Event, path: Path) -> _Node:
        line = event.start_mark.line + 1
        if len(path) > DEEPEST:
            raise YamlMistake(f"values are nested more than {DEEPEST} deep", line, path[:3])
        if isinstance(event, AliasEvent):
            return self._alias(event.anchor, line, path)
        anchor = event.anchor if isinstance(event, NodeEvent) else None
        if anchor:
            self._anchors[anchor] = None
        if isinstance(event, ScalarEvent):
            node = _Node("scalar", line, event.start_mark.index, event.end_mark.index, _scalar(event, line, path))
        elif isinstance(event, SequenceStartEvent):
            node = self._sequence(event, path)
        else:
            node = self._mapping(event, path)
        if anchor:
            self._anchors[anchor] = node
        return node

    def _alias(self, name: str, line: int, path: Path) -> _Node:
        if name not in self._anchors:
            raise YamlMistake(f"the alias *{name} names no anchor above it", line, path)
        node = self._anchors[name]
        if node is None:
            raise YamlMistake(f"the alias *{name} stands inside its own anchor", line, path)
        return node

    def _sequence(self, start: Event, path: Path) -> _Node:
        _check_tag(start, "seq", path)
        node = _Node("sequence", start.start_mark.line + 1, start.start_mark.index, start.end_mark.index)
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                node.end = event.end_mark.index
                break
            node.items.append(self._node(event, (*path, len(node.items))))
        return node

    def _mapping(self, start: Event, path: Path) -> _Node:
        _check_tag(start, "map", path)
        node = _Node("mapping", start.start_mark.line + 1, start.start_mark.index, start.end_mark.index)
        seen: dict[str, int] = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                node.end = event.end_mark.index
                break
            line = event.start_mark.line + 1
            if not isinstance(event, ScalarEvent):
                raise YamlMistake("a key must be plain text", line, path)
            key = _text(event, path)
            value = self._node(next(self._events), (*path, key))
            if key in seen:
                message = f"the key `{key}` is there twice (first in line {seen[key]})"
                self._mistakes.append(YamlMistake(message, line, (*path, key)))
                continue
            seen[key] = line
            node.pairs.append((key, line, value))
        return node


def _check_tag(event: Event, kind: str, path: Path) -> None:
    ctag = getattr(event, "ctag", None)
    tag = str(ctag) if ctag else ""
    if tag not in {"", "!"} and _TAGS.get(tag) != kind:
        raise YamlMistake(f"the tag {tag} is not known here", event.start_mark.line + 1, path)


def _text(event: ScalarEvent, path: Path) -> str:
    """What a scalar says; an escaped pair of surrogates, as JSON writes what is beyond 16 bits, is one character."""
    text = str(event.value)
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16") if _SURROGATE.search(text) else text
    except UnicodeDecodeError:
        line = event.start_mark.line + 1
        raise YamlMistake("an escaped surrogate without its other half is no character", line, path) from None


def _scalar(event: ScalarEvent, line: int, path: Path) -> Any:
    tag = str(event.ctag) if event.ctag else ""
    text = _text(event, path)
    if tag in {"", "!"}:
        is_plain = event.style is None and tag == ""
        return core_value(text) if is_plain else text
    kind = _TAGS.get(tag)
    if kind == "str":
        return text
    value = core_value(text)
    kinds = {"int": WrittenInt, "float": (WrittenInt, WrittenFloat), "bool": bool, "null": type(None)}
    if kind not in kinds or not isinstance(value, kinds[kind]):  # type: ignore[arg-type]
        raise YamlMistake(f"`{event.value}` cannot be read as {tag}", line, path)
    return value


def core_value(text: str) -> Any:
    """A plain scalar by the core schema of YAML 1.2 (section 10.3.2): None, bool, a number, else the text itself."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    number: WrittenInt | WrittenFloat
    if _INT.fullmatch(text) and len(text) <= 30:
        number = WrittenInt(text)
    elif _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        number = WrittenInt(text, 0)
    elif _FLOAT.fullmatch(text):
        number = WrittenFloat(text)
    else:
        return text
    number.written = text
    return number


def _expanded(root: _Node, mistakes: list[YamlMistake]) -> Document:
    document = Document(None, root.line, mistakes=mistakes)
    document.lines[()] = root.line
    budget = MOST_VALUES

    def plain(node: _Node, path: Path, line: int) -> Any:
        nonlocal budget
        budget -= 1
        if budget < 0:
            raise YamlMistake(f"aliases expand to more than {MOST_VALUES:,} values", node.line)
        document.lines.setdefault(path, line)
        document.spans[path] = (node.start, node.end)
        if node.kind == "mapping":
            return {key: plain(child, (*path, key), at) for key, at, child in node.pairs}
        if node.kind == "sequence":
            return [plain(child, (*path, index), child.line) for index, child in enumerate(node.items)]
        return node.scalar

    document.value = plain(root, (), root.line)
    return document
