"""Mistakes in a catalog, collected: each with file, line, path and the nearest valid word."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from model.catalog.fields import described
from model.catalog.mistake import KIND
from model.catalog.yaml_text import Document, Path
from model.errors import Problem

_PLAIN_TYPES = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


_GUESS = "did you mean"


class Problems:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, problem: Problem) -> None:
        """Take one more; the same one again changes nothing."""
        self._found[problem] = None

    def sorted(self) -> tuple[Problem, ...]:
        """All of them by file and line."""
        return tuple(sorted(self._found, key=lambda each: (each.file, each.line, each.path)))


class Place:
    """Where problems of one document are reported: its file, lines and the list they go to."""

    def __init__(
        self, file: str, document: Document, problems: Problems, kept: Mapping[str, Sequence[int]] | None = None
    ) -> None:
        self.file = file
        self.document = document
        self._problems = problems
        self._kept = kept or {}

    def renumbered(self, kept: Mapping[str, Sequence[int]]) -> Place:
        """The same place for lists that lost items; `kept` has the original positions of those that are left."""
        return Place(self.file, self.document, self._problems, kept)

    def add(self, path: Path, message: str, *, near: str = "", known: Iterable[str] = (), hint: str = "") -> None:
        """Report a mistake at a path; `near` is the wrong word, `known` the right ones."""
        if len(path) > 1 and isinstance(path[1], int) and path[0] in self._kept:
            path = (path[0], self._kept[str(path[0])][path[1]], *path[2:])
        told = hint or nearest(near, known)
        self._problems.add(Problem(self.file, path_text(path), message, told, self.document.line_of(path)))

    def add_all(self, error: ValidationError, model: type[BaseModel]) -> list[Path]:
        """Report every error of a validation; returns their paths."""
        return [self._add_detail(detail, model) for detail in error.errors(include_url=False)]

    def _add_detail(self, detail: ErrorDetails, model: type[BaseModel]) -> Path:
        path = tuple(part for part in detail["loc"] if part != "[key]")
        context = detail.get("ctx", {})
        kind = detail["type"]
        if kind == KIND:
            at = context.get("at") or ""
            self.add((*path, at) if at else path, context["said"], near=context["near"], known=context["known"])
        elif kind == "extra_forbidden":
            known = _keys_at(model, path[:-1])
            self.add(path, f"unknown key `{path[-1]}`", near=str(path[-1]), known=known)
        elif kind == "missing":
            self.add(path[:-1], f"`{path[-1]}` is required")
        elif kind == "literal_error":
            known = _choices_at(model, path)
            hint = nearest(str(detail["input"]), known)
            message = f"must be one of {', '.join(known)}, not {described(detail['input'])}"
            self.add(path, message, hint=hint if is_guess(hint) else "")
        elif kind in _PLAIN_TYPES:
            written = detail["input"]
            hint = f"write [{written}]" if kind == "list_type" and isinstance(written, str) else ""
            self.add(path, f"must be {_PLAIN_TYPES[kind]}, not {described(written)}", hint=hint)
        else:
            self.add(path, _sentence(detail))
        return path


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint: the known word nearest to this one, else all of them if they are few, else nothing."""
    words = [each for each in dict.fromkeys(known) if each != word]
    by_lower = {each.lower(): each for each in words}
    close = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6) if word else []
    if close:
        return f"{_GUESS} `{by_lower[close[0]]}`?"
    if 0 < len(words) <= 24:
        return "known here: " + ", ".join(words)
    return ""


def is_guess(hint: str) -> bool:
    """Whether a hint of `nearest` names one word."""
    return hint.startswith(_GUESS)


def path_text(path: Path) -> str:
    """`milestones[2].match.event` for the path of a value; names that are no plain words are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and part.replace("_", "").isalnum():
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def _sentence(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "too_long" | "string_too_long":
            return f"is longer than {context.get('max_length')}"
        case "greater_than_equal":
            return f"must be {context.get('ge')} or more"
        case "less_than_equal":
            return f"must be {context.get('le')} or less"
        case _:
            return detail["msg"]


def _keys_at(model: type[BaseModel], path: Path) -> list[str]:
    found = _type_at(model, path)
    return [field.alias or name for name, field in found.model_fields.items()] if _is_model(found) else []


def _choices_at(model: type[BaseModel], path: Path) -> list[str]:
    found = _type_at(model, path)
    return [str(each) for each in get_args(found)] if get_origin(found) is Literal else []


def _type_at(model: Any, path: Path) -> Any:
    here = _bare(model)
    for part in path:
        if _is_model(here):
            fields = {field.alias or name: field.annotation for name, field in here.model_fields.items()}
            here = _bare(fields.get(str(part)))
        elif get_origin(here) in {list, dict}:
            here = _bare(get_args(here)[-1])
    return here


def _bare(annotation: Any) -> Any:
    """The annotation without `Annotated` and `| None`."""
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return _bare(get_args(annotation)[0])
    if origin in {typing.Union, types.UnionType}:
        return _bare(next(each for each in get_args(annotation) if each is not type(None)))
    return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
