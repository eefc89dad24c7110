"""The mapping file of an import: what it says, strictly checked, every mistake named with its nearest valid key.

Reads one YAML 1.2 file; knows no SQL. `importing.statement` compiles what it says.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from collector.importing.encoding import known
from collector.importing.expression import columns_of
from collector.importing.time_format import check_format
from model import CatalogError, Problem

_Name = Annotated[str, Field(min_length=1, max_length=512)]

QUOTES = ('"', "'")
"""The characters that may be the quote of a CSV file."""

RESERVED = ("cloudevents.", "throughline.")
"""Attribute names that only the collector writes."""


class FileFormat(StrEnum):
    """What kind of file a mapping reads; compression is recognised by itself."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


_ADDED = {
    "encoding": (FileFormat.CSV, FileFormat.JSONL),
    "delimiter": (FileFormat.CSV,),
    "quote": (FileFormat.CSV,),
}
"""Keys the first mappings did not have, and what formats they are for; they are in the hash where they are given."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TimeSource(_Strict):
    """Where the time of a row is: `format` is tried in order; times without an offset are in `zone`."""

    column: _Name
    format: tuple[_Name, ...] = ("iso",)
    zone: _Name = "UTC"

    @field_validator("format", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value

    @field_validator("format")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("at least one format is needed")
        for each in value:
            check_format(each)
        return value

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is no IANA time zone such as Europe/Berlin") from error
        return value


class TypeSource(_Strict):
    """Where the event type of a row is: a column, or one value for all rows."""

    column: _Name | None = None
    value: _Name | None = None

    @model_validator(mode="after")
    def _one(self) -> TypeSource:
        if (self.column is None) == (self.value is None):
            raise ValueError("give either column or value")
        return self


class Expression(_Strict):
    """An attribute computed from the columns of the row by a ClickHouse expression."""

    sql: _Name

    @field_validator("sql")
    @classmethod
    def _allowed(cls, value: str) -> str:
        columns_of(value)
        return value


def _kind(value: Any) -> str:
    return "<expression>" if isinstance(value, dict | Expression) else "<column>"


AttributeSource = Annotated[
    Annotated[_Name, Tag("<column>")] | Annotated[Expression, Tag("<expression>")], Discriminator(_kind)
]


class ImportMapping(_Strict):
    """How the rows of a file become events of one source. `id` None: the identity is a hash of all columns.

    `encoding`, `delimiter` and `quote` are found from the file where they are None.
    """

    source: _Name
    format: FileFormat
    time: TimeSource
    type: TypeSource
    id: _Name | None = None
    attributes: dict[_Name, AttributeSource] = Field(default_factory=dict)
    encoding: _Name | None = None
    delimiter: _Name | None = None
    quote: _Name | None = None
    _file: str = PrivateAttr(default="mapping")

    @field_validator("format", mode="before")
    @classmethod
    def _format(cls, value: Any) -> Any:
        if value not in list(FileFormat):
            raise ValueError(f"must be one of {', '.join(FileFormat)}")
        return FileFormat(value)

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return value if value is None else known(value)

    @field_validator("delimiter")
    @classmethod
    def _delimits(cls, value: str | None) -> str | None:
        if value is not None and (not re.fullmatch(r"[\t!-~]", value) or value.isalnum() or value in QUOTES):
            raise ValueError("must be one character of ASCII such as ; or a tab, no blank, letter, digit or quote")
        return value

    @field_validator("quote")
    @classmethod
    def _quotes(cls, value: str | None) -> str | None:
        if value not in (None, *QUOTES):
            raise ValueError("must be \" or '")
        return value

    @model_validator(mode="after")
    def _of_the_format(self) -> ImportMapping:
        for name, formats in _ADDED.items():
            if getattr(self, name) is not None and self.format not in formats:
                raise ValueError(f"{name} is only for the format {' and '.join(formats)}")
        return self

    @field_validator("attributes")
    @classmethod
    def _free(cls, value: dict[str, str | Expression]) -> dict[str, str | Expression]:
        for name in value:
            if name.startswith(RESERVED):
                raise ValueError(
                    f"{name!r} is reserved: names starting with {' or '.join(RESERVED)} are the platform's"
                )
        return value

    @property
    def file(self) -> str:
        """The file it was read from, for messages."""
        return self._file

    @property
    def hash(self) -> str:
        """SHA-256 of what the mapping says, however it is written down; hexadecimal."""
        in_order = dict(sorted(self.attributes.items()))
        return self.model_copy(update={"attributes": in_order}).hash_as_written

    @property
    def hash_as_written(self) -> str:
        """The same with the attributes in the order they are written in, which is how imports were once named."""
        unsaid = {name for name in _ADDED if getattr(self, name) is None}
        return hashlib.sha256(self.model_dump_json(exclude=unsaid).encode()).hexdigest()

    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns of the file it reads, by the path in the mapping that names them."""
        found: dict[str, tuple[str, ...]] = {"time.column": (self.time.column,)}
        if self.id is not None:
            found["id"] = (self.id,)
        if self.type.column is not None:
            found["type.column"] = (self.type.column,)
        for name, given in self.attributes.items():
            if isinstance(given, Expression):
                found[f"attributes.{name}.sql"] = columns_of(given.sql)
            else:
                found[f"attributes.{name}"] = (given,)
        return found


def load_mapping(path: Path) -> ImportMapping:
    """The mapping in a YAML file; raises `CatalogError` with every mistake in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, "", f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        content = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise _wrong(path, "", f"is not valid YAML: {error.problem or error.context}", line) from error
    except YAMLError as error:
        raise _wrong(path, "", f"is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise _wrong(path, "", "must be a mapping with the keys " + ", ".join(ImportMapping.model_fields))
    try:
        mapping = ImportMapping.model_validate(content)
    except ValidationError as error:
        raise CatalogError(tuple(_problem(path, each) for each in error.errors())) from error
    mapping._file = str(path)  # noqa: SLF001 - set once, here
    return mapping


_KEYS: dict[str, type[BaseModel]] = {"": ImportMapping, "time": TimeSource, "type": TypeSource}


def _problem(path: Path, error: ErrorDetails) -> Problem:
    steps = [str(step) for step in error["loc"] if not str(step).startswith("<") and step != "[key]"]
    where = ".".join(steps)
    if error["type"] == "extra_forbidden":
        model = _KEYS.get(".".join(steps[:-1]), Expression)
        known = list(model.model_fields)
        near = difflib.get_close_matches(steps[-1], known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "valid keys: " + ", ".join(known)
        return Problem(str(path), where, "unknown key", hint)
    if error["type"] == "missing":
        return Problem(str(path), where, "is missing")
    message = error["msg"].removeprefix("Value error, ")
    return Problem(str(path), where, message[:1].lower() + message[1:])


def _wrong(path: Path, where: str, message: str, line: int = 0) -> CatalogError:
    return CatalogError((Problem(str(path), where, message, line=line),))
