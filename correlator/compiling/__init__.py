"""Workflow definitions as ClickHouse expressions: pure, built as an AST, never run here."""

from correlator.compiling.extraction import Extraction, compiled, in_parts
from correlator.compiling.layout import kept_names

__all__ = ["Extraction", "compiled", "in_parts", "kept_names"]
