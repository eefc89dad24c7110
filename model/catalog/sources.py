"""Where in its files each definition of a resolved catalog was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from model.catalog.problems import path_text
from model.catalog.yaml_text import Document, Path, documents
from model.definitions import Catalog
from model.errors import Problem


@dataclass(frozen=True, slots=True)
class Source:
    """One document of the catalog with its file."""

    file: str
    document: Document

    def warn(self, path: Path, message: str, hint: str = "") -> Problem:
        """A warning about the value at a path."""
        return Problem(self.file, path_text(path), message, hint, self.document.line_of(path))


class Sources:
    """All documents. A catalog that was not read from files has none: its warnings name no line."""

    def __init__(self, catalog: Catalog) -> None:
        self._all = [Source(file, document) for file, text in catalog.sources for document in documents(text)]
        self._nowhere = Source("catalog", Document(None, 0))

    def workflow(self, name: str) -> Source:
        """The document of a workflow."""
        return self._first(lambda value: value.get("workflow") == name)

    def item(self, part: str, name: str) -> tuple[Source, Path]:
        """The document and path of a system or route."""
        source = self._first(lambda value: any(each["id"] == name for each in value.get(part) or ()))
        return source, self.path(source, part, name)

    def calendar(self, name: str) -> tuple[Source, Path]:
        """The document and path of a calendar."""
        return self._first(lambda value: name in (value.get("calendars") or ())), ("calendars", name)

    def path(self, source: Source, part: str, name: str) -> Path:
        """The path of the list item with that id."""
        listed = (source.document.value or {}).get(part) or ()
        return (part, next((index for index, each in enumerate(listed) if each["id"] == name), 0))

    def raw(self, source: Source, path: Path) -> object:
        """The value as written, or None."""
        value = source.document.value
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def _first(self, holds: Callable[[dict[str, Any]], bool]) -> Source:
        return next((each for each in self._all if holds(each.document.value)), self._nowhere)
