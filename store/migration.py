"""Numbered, immutable schema changes of every room, applied once each and recorded with their checksum.

A migration is `<room>/migrations/NNNN_what.sql`: one or more statements, each ended by `;` at the end of a line. Rooms
are applied from left to right, numbers in order. Forward only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

from model import Refused
from store.connection import Store
from store.giving_way import merges_give_way
from store.sql import load_query


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: the room that owns it, its number and name, its text."""

    room: str
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements in order, without the closing semicolon."""
        parts = (part.strip() for part in self.text.replace(";\r\n", ";\n").split(";\n"))
        return tuple(part.removesuffix(";") for part in parts if _has_sql(part))


def migrations(rooms: Sequence[str]) -> tuple[Migration, ...]:
    """All migrations the installed rooms carry, in the order they are applied."""
    found = []
    for room in rooms:
        folder = files(room) / "migrations"
        names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".sql")) if folder.is_dir() else []
        found += [Migration(room, name, (folder / name).read_text(encoding="utf-8")) for name in names]
    return tuple(found)


def pending(store: Store, rooms: Sequence[str]) -> tuple[Migration, ...]:
    """The migrations not yet applied to this store.

    Raises `Refused` where an applied one of these rooms has been changed since, or is not installed: a newer version
    made the tables, and this one would read and write them by rules that no longer hold.
    """
    store.execute(load_query("store", "create_applied_migrations"))
    applied = {
        (row["room"], row["name"]): row["checksum"] for row in store.rows(load_query("store", "applied_migrations"))
    }
    installed = migrations(rooms)
    names = {(each.room, each.name) for each in installed}
    newer = sorted(f"{room}/{name}" for room, name in applied if room in rooms and (room, name) not in names)
    if newer:
        raise Refused(
            f"A newer version has changed the tables of this store by {', '.join(newer)}. "
            "Use that version or a later one, or another data folder: there is no way back."
        )
    waiting = []
    for migration in installed:
        known = applied.get((migration.room, migration.name))
        if known is None:
            waiting.append(migration)
        elif known != migration.checksum:
            raise Refused(
                f"The applied migration {migration.room}/{migration.name} is not the one installed: "
                "this store was made by another build. Use that build, or another data folder."
            )
    return tuple(waiting)


def migrate(
    store: Store, rooms: Sequence[str], *, before_statement: Callable[[], None] | None = None
) -> tuple[Migration, ...]:
    """Apply what is pending and return it. A crash in between repeats the file: statements say IF NOT EXISTS.

    Two at once would repeat statements of each other, which no table survives: over a server the caller sees to it that
    there is one, and `before_statement` raises where that is no longer so.
    With its tables an embedded engine has got its threads, so this is also where merges are made to give way.
    """
    waiting = pending(store, rooms)
    for migration in waiting:
        for statement in migration.statements:
            if before_statement is not None:
                before_statement()
            store.execute(statement)
        store.insert(
            "applied_migrations", ("room", "name", "checksum"), [(migration.room, migration.name, migration.checksum)]
        )
    if store.is_embedded:
        merges_give_way()
    return waiting


def _has_sql(part: str) -> bool:
    return any(line.strip() and not line.strip().startswith("--") for line in part.splitlines())
