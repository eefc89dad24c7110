"""Workflow definitions as ClickHouse expressions: pure, built as an AST, never run here."""

from correlator.compiling.extraction import Extraction, compiled, in_parts

__all__ = ["Extraction", "compiled", "in_parts"]
