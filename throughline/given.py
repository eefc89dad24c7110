"""The catalog folder given at the start: in force for every tenant before anything of it is taken."""

from __future__ import annotations

from model import Access, Catalog, Clock
from store import Store, apply_catalog, catalog_history


class GivenCatalog:
    """Applied to every tenant that has a token, also to one that gets its first token later, once.

    Whoever applies another catalog to a tenant after the start, before it has a token, has the last word.
    """

    def __init__(self, store: Store, catalog: Catalog, access: Access, clock: Clock) -> None:
        self._store = store
        self._catalog = catalog
        self._access = access
        self._clock = clock
        self._since = clock.now()
        self._tenants: frozenset[str] = frozenset()

    def apply(self) -> frozenset[str]:
        """Apply it to tenants that are new, and give all for which that was done; every call does what is missing."""
        for tenant in self._access.tenants:
            if tenant in self._tenants:
                continue
            history = catalog_history(self._store, tenant)
            if not history or history[-1].effective_at <= self._since:
                now = self._clock.now()
                apply_catalog(self._store, self._catalog, tenant=tenant, actor="throughline up", at=now)
            self._tenants |= {tenant}
        return self._tenants
