"""Each definition of a catalog as its author wrote it, cut out of the files, with the hash of what it means."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from model.catalog.canonical import digest
from model.catalog.yaml_text import Document, Path, documents
from model.definitions import Catalog


@dataclass(frozen=True, slots=True)
class DefinitionBody:
    """One workflow, SLA, calendar, route or redaction rule: `body` is its YAML."""

    kind: str
    name: str
    hash: str
    body: str


def definition_bodies(catalog: Catalog) -> tuple[DefinitionBody, ...]:
    """All of them; a catalog that was not read from files gives empty bodies. A workflow's body is its document."""
    texts = {(kind, name): body for kind, name, body in _texts(catalog)}
    hashes = [
        *(("workflow", each.name, each.hash) for each in catalog.workflows),
        *(("sla", each.id, each.hash) for each in catalog.slas),
        *(("calendar", each.name, each.hash) for each in catalog.calendars),
        *(("route", each.id, digest(each)) for each in catalog.routes),
        *(("redaction", each.id, digest(each)) for each in catalog.redactions),
    ]
    return tuple(DefinitionBody(kind, name, hash_, texts.get((kind, name), "")) for kind, name, hash_ in hashes)


def _texts(catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    for _, text in catalog.sources:
        for document in documents(text):
            value = document.value
            if name := value.get("workflow"):
                yield "workflow", name, _cut(text, document, ())
            for kind, part in (("sla", "slas"), ("route", "routes"), ("redaction", "redaction")):
                for index, each in enumerate(value.get(part) or ()):
                    yield kind, each["id"], _cut(text, document, (part, index))
            for name in value.get("calendars") or ():
                yield "calendar", name, _cut(text, document, ("calendars", name))


def _cut(text: str, document: Document, path: Path) -> str:
    start, end = document.spans[path]
    column = start - (text.rfind("\n", 0, start) + 1)
    return textwrap.dedent(" " * column + text[start:end]).rstrip() + "\n"
