"""The catalog: reading its YAML, checking it, resolving and hashing it. `reading` is the way in.

As written (`written`, `fields`, `hours`) → checked and resolved (`resolve`) → hashed (`canonical`).
"""

from model.catalog.bodies import DefinitionBody, definition_bodies
from model.catalog.reading import catalog_from_sources, load_catalog

__all__ = ["DefinitionBody", "catalog_from_sources", "definition_bodies", "load_catalog"]
