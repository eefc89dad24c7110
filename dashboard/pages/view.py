"""What a page is asked with, and what it answers: plain values, so that a page is tested without a browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from dashboard.queries import PageQueries
from model import Catalog, Principal


@dataclass(frozen=True, slots=True)
class View:
    """One look at one address: who looks, when, in which zone. `params` holds the query string, repeats kept."""

    queries: PageQueries
    principal: Principal
    path: str
    params: Mapping[str, Sequence[str]]
    now: datetime
    zone: tzinfo
    zone_name: str

    @property
    def tenant(self) -> str:
        """The tenant that is looked at."""
        return self.principal.tenant

    @property
    def catalog(self) -> Catalog:
        """The active catalog."""
        return self.queries.catalog(self.tenant)

    def one(self, name: str) -> str:
        """A parameter's first value, or empty."""
        return next(iter(self.params.get(name, ())), "")

    def address(self, **changes: Sequence[str]) -> str:
        """This address with some parameters replaced; an empty sequence takes one away."""
        params = {**self.params, **changes}
        query = urlencode([(name, value) for name, values in params.items() for value in values])
        return f"{self.path}?{query}" if query else self.path

    def toggled(self, name: str, value: str) -> str:
        """This address with one value of a repeatable parameter added, or taken away where it is there."""
        values = list(self.params.get(name, ()))
        return self.address(**{name: [v for v in values if v != value] if value in values else [*values, value]})


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page: `live` is drawn anew every few seconds, `fixed` (a grid refreshes itself) only at a new address."""

    title: str
    live: list[Any] = field(default_factory=list)
    fixed: list[Any] = field(default_factory=list)
