"""Reading a catalog: a folder or its texts to one resolved `Catalog`, or all mistakes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from model.catalog import resolve
from model.catalog.canonical import digest
from model.catalog.problems import Place, Problems, path_text
from model.catalog.written import WrittenDocument
from model.catalog.yaml_text import Document, Path, YamlMistake, documents
from model.definitions import Calendar, Catalog
from model.errors import CatalogError, Problem

SUFFIXES = (".yaml", ".yml")
LARGEST_FILE_BYTES = 4 * 2**20
MOST_FILES = 10_000

_PARTS = ("keys", "milestones", "slas", "systems", "calendars", "routes", "redaction")
_OF_A_WORKFLOW = (
    "title",
    "owner",
    "criticality",
    "criticality_attribute",
    "keys",
    "root",
    "amount",
    "milestones",
    "slas",
)
_REQUIRED = ("keys", "root", "milestones")
_EMPTY: dict[str, Any] = {"keys": {}, "milestones": []}

_Kept = dict[str, list[int]]
"""For each list that lost items with mistakes: the original positions of those that are left."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One document: where its problems go, and what of it could be validated (None: nothing).

    `written` may lack list items that have mistakes; `place` reports by its positions, `raw` by those of the text.
    """

    raw: Place
    place: Place
    written: WrittenDocument | None


def load_catalog(folder: FilePath) -> Catalog:
    """The catalog in a folder: every `*.yaml` and `*.yml` in it and below that is not hidden, in order of path.

    Raises `CatalogError` with all problems; a folder without such a file is one.
    """
    problems = Problems()
    if not folder.is_dir():
        text = "is a file; a catalog is a folder of files" if folder.exists() else "there is no such folder"
        raise CatalogError((Problem(str(folder), "", text),))
    files = sorted(each for each in folder.rglob("*") if _is_ours(each, folder))
    if not files:
        raise CatalogError((Problem(str(folder), "", "no *.yaml or *.yml file is in this folder"),))
    if len(files) > MOST_FILES:
        raise CatalogError((Problem(str(folder), "", f"there are more than {MOST_FILES:,} files in this folder"),))
    sources = []
    for file in files:
        name = file.relative_to(folder).as_posix()
        try:
            sources.append((name, _text(file)))
        except OSError as error:
            problems.add(Problem(name, "", f"cannot be read: {error.strerror or error}"))
        except ValueError as error:
            problems.add(Problem(name, "", str(error)))
    return _catalog(sources, problems)


def catalog_from_sources(sources: Iterable[tuple[str, str]]) -> Catalog:
    """The catalog in texts, each given with its path, as `Catalog.sources` holds them; raises `CatalogError`."""
    return _catalog(list(sources), Problems())


def _is_ours(file: FilePath, folder: FilePath) -> bool:
    """Hidden files and folders are not: editors and mounted volumes keep second copies under such names."""
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.suffix.lower() in SUFFIXES and not hidden and not file.is_dir()


def _text(file: FilePath) -> str:
    data = file.read_bytes()
    if len(data) > LARGEST_FILE_BYTES:
        raise ValueError(f"is larger than {LARGEST_FILE_BYTES // 2**20} MB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8: byte {error.start} cannot be decoded") from error


def _catalog(sources: list[tuple[str, str]], problems: Problems) -> Catalog:
    reads = [read for file, text in sources for read in _documents(file, text, problems)]
    declared = _declared(reads)
    _check_unique(reads)
    made = [(read.place, read.written) for read in reads if read.written is not None]
    catalog = Catalog(
        workflows=tuple(
            resolve.workflow(written, declared, place) for place, written in made if written.workflow is not None
        ),
        systems=tuple(
            resolve.system(index, each, declared, place)
            for place, written in made
            for index, each in enumerate(written.systems)
        ),
        calendars=tuple(each for each in declared.calendars.values() if each is not None),
        routes=tuple(resolve.route(each) for _, written in made for each in written.routes),
        redactions=tuple(resolve.redaction(each) for _, written in made for each in written.redaction),
        sources=tuple(sources),
    )
    if mistakes := problems.sorted():
        raise CatalogError(mistakes)
    return replace(catalog, hash=digest(catalog))


def _documents(file: str, text: str, problems: Problems) -> Iterable[_Read]:
    try:
        for document in documents(text):
            yield _read(file, document, problems)
    except YamlMistake as mistake:
        problems.add(Problem(file, path_text(mistake.path), str(mistake), line=mistake.line))


def _read(file: str, document: Document, problems: Problems) -> _Read:
    place = Place(file, document, problems)
    for mistake in document.mistakes:
        problems.add(Problem(file, path_text(mistake.path), str(mistake), line=mistake.line))
    value = document.value
    if not isinstance(value, dict):
        place.add((), "a document must be a mapping with keys like `workflow` or `systems`")
        return _Read(place, place, None)
    if "views" in value:
        place.add(("views",), "`views` is not supported in this version")
    _check_workflow_parts(value, place)
    written, kept = _validated({key: each for key, each in value.items() if key != "views"}, place)
    return _Read(place, place.renumbered(kept), written)


def _check_workflow_parts(value: dict[str, Any], place: Place) -> None:
    if value.get("workflow") is None:
        first = next((key for key in _OF_A_WORKFLOW if key in value), None)
        if first is not None:
            place.add((first,), f"`{first}` belongs to a workflow, and this document names none: add `workflow: NAME`")
        return
    for key in _REQUIRED:
        if value.get(key) is None:
            place.add((), f"`{key}` is required in a workflow")
        elif value[key] == _EMPTY.get(key):
            place.add((key,), "must not be empty")


def _validated(value: dict[str, Any], place: Place) -> tuple[WrittenDocument | None, _Kept]:
    """The document, without the parts that have mistakes, so that the rest of it is checked in the same go."""
    try:
        return WrittenDocument.model_validate(value), {}
    except ValidationError as error:
        rest, kept = _without(value, place.add_all(error, WrittenDocument))
    try:
        return WrittenDocument.model_validate(rest), kept
    except ValidationError:
        return None, {}


def _without(value: dict[str, Any], wrong: Iterable[Path]) -> tuple[dict[str, Any], _Kept]:
    rest = dict(value)
    kept: _Kept = {}
    parts: dict[str, set[str | int]] = {}
    for path in wrong:
        if path and path[0] in _PARTS and len(path) > 1:
            parts.setdefault(str(path[0]), set()).add(path[1])
        elif path:
            rest.pop(str(path[0]), None)
    for name, places in parts.items():
        part = rest.get(name)
        if isinstance(part, list):
            kept[name] = [index for index in range(len(part)) if index not in places]
            rest[name] = [part[index] for index in kept[name]]
        elif isinstance(part, dict):
            rest[name] = {key: each for key, each in part.items() if key not in places}
    return rest, kept


def _declared(reads: Iterable[_Read]) -> resolve.Declared:
    calendars: dict[str, Calendar | None] = {}
    for read in reads:
        value = read.raw.document.value
        raw = value.get("calendars") if isinstance(value, dict) else None
        calendars.update(dict.fromkeys(raw if isinstance(raw, dict) else (), None))
    for read in reads:
        for name, written in read.written.calendars.items() if read.written else ():
            calendars[name] = resolve.calendar(name, written, read.place)
    systems = [each for read in reads if read.written for each in read.written.systems]
    return resolve.Declared(calendars, {each.id: each.cadence for each in systems if each.cadence is not None})


def _check_unique(reads: Iterable[_Read]) -> None:
    """Names are looked for in the values as read, so that a part with mistakes counts too."""
    checks: tuple[tuple[str, Callable[[Any], list[tuple[Path, Any]]]], ...] = (
        ("workflow", lambda value: [(("workflow",), value.get("workflow"))]),
        ("SLA", lambda value: _ids(value, "slas")),
        ("system", lambda value: _ids(value, "systems")),
        ("route", lambda value: _ids(value, "routes")),
        ("redaction rule", lambda value: _ids(value, "redaction")),
        ("calendar", lambda value: [(("calendars", name), name) for name in _mapping(value, "calendars")]),
    )
    places = [read.raw for read in reads if isinstance(read.raw.document.value, dict)]
    for kind, names in checks:
        first: dict[str, str] = {}
        for place in places:
            for path, name in names(place.document.value):
                if not isinstance(name, str):
                    continue
                here = f"{place.file}:{place.document.line_of(path)}"
                if name in first:
                    place.add(path, f"the {kind} `{name}` is declared twice (first in {first[name]})")
                first.setdefault(name, here)


def _ids(value: dict[str, Any], part: str) -> list[tuple[Path, Any]]:
    listed = value.get(part)
    if not isinstance(listed, list):
        return []
    return [((part, index, "id"), each.get("id")) for index, each in enumerate(listed) if isinstance(each, dict)]


def _mapping(value: dict[str, Any], part: str) -> dict[str, Any]:
    found = value.get(part)
    return found if isinstance(found, dict) else {}
