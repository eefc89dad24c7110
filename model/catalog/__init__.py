"""The catalog: reading its YAML, checking it, resolving and hashing it. `reading` is the way in.

As written (`written`, `fields`, `hours`) → checked and resolved (`resolve`) → hashed (`canonical`).
"""

from model.catalog.advice import ALERT_LABELS, catalog_warnings
from model.catalog.bodies import DefinitionBody, definition_bodies
from model.catalog.reading import catalog_from_sources, load_catalog
from model.catalog.schema import catalog_schema

__all__ = [
    "ALERT_LABELS",
    "DefinitionBody",
    "catalog_from_sources",
    "catalog_schema",
    "catalog_warnings",
    "definition_bodies",
    "load_catalog",
]
