"""Who may come in: tokens and the principals behind them, read from the file `THROUGHLINE_TOKENS_FILE` names.

The file holds only SHA-256 sums of tokens. No message ever shows a token or a sum.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.catalog.problems import nearest
from model.catalog.yaml_text import Document, YamlMistake, documents
from model.errors import CatalogError, Problem

DEFAULT_TENANT = "default"
ROLES = frozenset({"ingest", "read", "operate", "admin"})
"""Send telemetry; read everything of the tenant; acknowledge, silence, excuse, retry; apply catalogs and rebuild."""

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_TELL_SECONDS = 60.0
_KEPT = "the tokens file has changed and cannot be understood; the tokens read before are kept: %s"
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
    file: TokensFile | None = field(default=None, compare=False, repr=False)
    """Where the entries are read again when it changes, so that a token is revoked without a restart."""

    def principal(self, token: str | None) -> Principal | None:
        """The principal of a token, or None for one that is not known. Takes the same time for every token."""
        if self.is_open:
            return ANYBODY
        given = hashlib.sha256((token or "").encode("utf-8", "surrogatepass")).hexdigest()
        found = None
        for known, principal in self._known():
            if hmac.compare_digest(known, given):
                found = principal
        return found if token else None

    @property
    def tenants(self) -> tuple[str, ...]:
        """All tenants that have a token now, sorted; `default` alone where none has, or access is open."""
        return tuple(sorted({principal.tenant for _, principal in self._known()} or {DEFAULT_TENANT}))

    def _known(self) -> tuple[tuple[str, Principal], ...]:
        return self.file.entries() if self.file else self.entries


def load_access(path: Path | None) -> Access:
    """The tokens in a file, a YAML list of `{name, tenant, roles, sha256}`; without a path access is open.

    `tenant` may be left out and is `default` then. Raises `CatalogError` naming file and entry, never a secret.
    """
    if path is None:
        return Access(is_open=True)
    watched = TokensFile(path)
    return Access(is_open=False, entries=watched.entries(), file=watched)


def access_from_text(text: str, name: str = "THROUGHLINE_TOKENS") -> Access:
    """The same list given as text; `name` says in messages where it came from."""
    return _read(name, text)


class TokensFile:
    """The entries of a tokens file, read again when the file has changed; looked at once a second at most.

    Taking tokens out of it revokes them, all of them too: an empty list, a file of nothing but comments, and one that
    is gone or may not be read, let nobody in, until it is back. Only a list with a mistake in it keeps the entries read
    last: a slip of the pen must not lock everybody out. Each is said in the log, the mistake again every minute while
    it lasts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._looked_at = self._told_at = time.monotonic()
        self._seen = self._stamp()
        self._entries = self._load()
        self._problem = ""

    def entries(self) -> tuple[tuple[str, Principal], ...]:
        """(SHA-256, principal) of every token that is good now."""
        now = time.monotonic()
        # With nobody let in it is looked at each time: an editor that writes it anew must not cost a second.
        is_due = now - self._looked_at >= _LOOK_SECONDS or not self._entries
        if is_due and self._lock.acquire(blocking=False):
            try:
                self._looked_at = now
                self._look()
                self._tell_again(now)
            finally:
                self._lock.release()
        return self._entries

    def _look(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        self._told_at, self._problem = self._looked_at, ""
        try:
            text = self._text()
            self._entries = () if _is_blank(text) else _read(str(self._path), text).entries
        except _Unreadable as error:
            if self._entries:
                _log.error("the tokens file is gone or may not be read: no token is good until it is back: %s", error)
            self._entries, self._seen = (), None  # to be tried again, changed or not
        except CatalogError as error:
            self._problem = str(error)
            _log.error(_KEPT, self._problem)
        else:
            if not self._entries:
                _log.error("the tokens file %s holds no tokens any more: nobody is let in", self._path)

    def _tell_again(self, now: float) -> None:
        if self._problem and now - self._told_at >= _TELL_SECONDS:
            self._told_at = now
            _log.error(_KEPT, self._problem)

    def _load(self) -> tuple[tuple[str, Principal], ...]:
        return _read(str(self._path), self._text()).entries

    def _text(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8-sig")
        except OSError as error:
            problem = Problem(str(self._path), "", f"cannot be read: {error.strerror or error}")
            raise _Unreadable((problem,)) from error
        except UnicodeDecodeError as error:
            raise CatalogError((Problem(str(self._path), "", "is not UTF-8"),)) from error

    def _stamp(self) -> tuple[int, int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        # The time of the last change of its mode as well: a file that may not be read any more is the same otherwise.
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


class _Unreadable(CatalogError):
    pass


def _is_blank(text: str) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


def _read(file: str, text: str) -> Access:
    try:
        read = list(documents(text))
    except YamlMistake as error:
        # The parser's own words may quote the text, which may be a secret.
        raise CatalogError((Problem(file, "", "is not YAML", line=error.line),)) from None
    if len(read) != 1 or not isinstance(read[0].value, list):
        raise CatalogError((Problem(file, "", "must be one list of {name, tenant, roles, sha256}"),))
    return _access(file, read[0])


def _access(file: str, document: Document) -> Access:
    problems = [Problem(file, "", str(each), line=each.line) for each in document.mistakes]
    entries: dict[str, Principal] = {}
    for index, entry in enumerate(document.value):
        line = document.line_of((index,))
        mistakes = _mistakes(entry)
        if not mistakes and entry["sha256"].lower() in entries:
            mistakes = [(".sha256", "an entry above has the same token", "")]
        problems += [Problem(file, f"[{index}]{at}", message, hint, line) for at, message, hint in mistakes]
        if not mistakes:
            principal = Principal(entry["name"], entry.get("tenant", DEFAULT_TENANT), frozenset(entry["roles"]))
            entries[entry["sha256"].lower()] = principal
    if problems:
        raise CatalogError(tuple(problems))
    return Access(is_open=False, entries=tuple(entries.items()))


def _mistakes(entry: Any) -> list[tuple[str, str, str]]:
    """(path in the entry, what is wrong, hint); of what is written, only roles are ever repeated."""
    if not isinstance(entry, dict):
        return [("", "must be a mapping of name, tenant, roles, sha256", "")]
    found = []
    if any(key not in _KEYS for key in entry):
        found.append(("", "has a key that is not known here", f"known here: {', '.join(_KEYS)}"))
    if not _is_text(entry.get("name")):
        found.append((".name", "must be text that is not blank", ""))
    if "tenant" in entry and not _is_text(entry["tenant"]):
        found.append((".tenant", "must be text that is not blank", ""))
    sha256 = entry.get("sha256")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        hint = "printf %s TOKEN | sha256sum"
        found.append((".sha256", "must be the SHA-256 of the token, 64 hexadecimal digits", hint))
    return found + _role_mistakes(entry.get("roles"))


def _role_mistakes(roles: Any) -> list[tuple[str, str, str]]:
    known = sorted(ROLES)
    if not isinstance(roles, list) or not roles or not all(isinstance(each, str) for each in roles):
        return [(".roles", "must be a list of roles", f"known here: {', '.join(known)}")]
    return [(".roles", f"`{role[:30]}` is not a role", nearest(role, known)) for role in roles if role not in ROLES]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
