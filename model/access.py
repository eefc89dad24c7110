"""Who may come in: tokens and the principals behind them, read from the file `THROUGHLINE_TOKENS_FILE` names.

The file holds only SHA-256 sums of tokens. No message ever shows a token or a sum.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.catalog.problems import nearest
from model.catalog.yaml_text import Document, YamlMistake, documents
from model.errors import CatalogError, Problem

DEFAULT_TENANT = "default"
ROLES = frozenset({"ingest", "read", "operate", "admin"})
"""Send telemetry; read everything of the tenant; acknowledge, silence, excuse, retry; apply catalogs and rebuild."""

_KEYS = ("name", "tenant", "roles", "sha256")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is behind a request: the actor of every change it makes, within one tenant."""

    name: str
    tenant: str
    roles: frozenset[str]

    def may(self, role: str) -> bool:
        """Whether it has that role, or is an admin, who has all."""
        return role in self.roles or "admin" in self.roles


ANYBODY = Principal("anonymous", DEFAULT_TENANT, ROLES)


@dataclass(frozen=True, slots=True)
class Access:
    """The known tokens. Open where there is no tokens file: everybody is `ANYBODY`."""

    is_open: bool
    entries: tuple[tuple[str, Principal], ...] = ()
    """(SHA-256 of the token in lower-case hexadecimal, its principal)."""

    def principal(self, token: str | None) -> Principal | None:
        """The principal of a token, or None for one that is not known. Takes the same time for every token."""
        if self.is_open:
            return ANYBODY
        given = hashlib.sha256((token or "").encode("utf-8", "surrogatepass")).hexdigest()
        found = None
        for known, principal in self.entries:
            if hmac.compare_digest(known, given):
                found = principal
        return found if token else None

    @property
    def tenants(self) -> tuple[str, ...]:
        """All tenants that have a token, sorted; `default` alone where access is open."""
        return tuple(sorted({principal.tenant for _, principal in self.entries} or {DEFAULT_TENANT}))


def load_access(path: Path | None) -> Access:
    """The tokens in a file, a YAML list of `{name, tenant, roles, sha256}`; without a path access is open.

    `tenant` may be left out and is `default` then. Raises `CatalogError` naming file and entry, never a secret.
    """
    if path is None:
        return Access(is_open=True)
    file = str(path)
    try:
        read = list(documents(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise CatalogError((Problem(file, "", f"cannot be read: {error.strerror or error}"),)) from error
    except UnicodeDecodeError as error:
        raise CatalogError((Problem(file, "", "is not UTF-8"),)) from error
    except YamlMistake as error:
        # The parser's own words may quote the text, which may be a secret.
        raise CatalogError((Problem(file, "", "is not YAML", line=error.line),)) from None
    if len(read) != 1 or not isinstance(read[0].value, list) or not read[0].value:
        raise CatalogError((Problem(file, "", "must be one list of {name, tenant, roles, sha256}"),))
    return _access(file, read[0])


def _access(file: str, document: Document) -> Access:
    problems = [Problem(file, "", str(each), line=each.line) for each in document.mistakes]
    entries: list[tuple[str, Principal]] = []
    for index, entry in enumerate(document.value):
        told = [
            Problem(file, f"[{index}]{path}", message, hint, document.line_of((index,)))
            for path, message, hint in _mistakes(entry)
        ]
        problems += told
        if told:
            continue
        sha256 = entry["sha256"].lower()
        if any(sha256 == known for known, _ in entries):
            problems.append(
                Problem(file, f"[{index}].sha256", "another entry has the same token", line=document.line_of((index,)))
            )
        entries.append(
            (sha256, Principal(entry["name"], entry.get("tenant", DEFAULT_TENANT), frozenset(entry["roles"])))
        )
    if problems:
        raise CatalogError(tuple(problems))
    return Access(is_open=False, entries=tuple(entries))


def _mistakes(entry: Any) -> list[tuple[str, str, str]]:
    """(path in the entry, what is wrong, hint); values are never repeated, except names of keys and roles."""
    if not isinstance(entry, dict):
        return [("", "must be a mapping of name, tenant, roles, sha256", "")]
    found = [
        ("", "an entry has a key that is not known here", f"known here: {', '.join(_KEYS)}")
        for key in entry
        if key not in _KEYS
    ]
    found += [
        (f".{key}", "must be text that is not blank", "")
        for key in ("name", "tenant")
        if (key == "name" or key in entry) and not _is_text(entry.get(key))
    ]
    roles = entry.get("roles")
    if not isinstance(roles, list) or not roles or not all(isinstance(each, str) for each in roles):
        found.append((".roles", "must be a list of roles", f"known here: {', '.join(sorted(ROLES))}"))
    else:
        found += [
            (
                ".roles",
                f"`{role[:30]}` is not a role",
                nearest(role, sorted(ROLES)) or f"known here: {', '.join(sorted(ROLES))}",
            )
            for role in roles
            if role not in ROLES
        ]
    sha256 = entry.get("sha256")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        found.append(
            (".sha256", "must be the SHA-256 of the token: 64 hexadecimal digits", "printf %s TOKEN | sha256sum")
        )
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
