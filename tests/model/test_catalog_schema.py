"""The JSON Schema and the reference documentation are those of the models that read a catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from model import catalog_schema
from model.catalog.reference import FILE, reference

ROOT = Path(__file__).parents[2]


def test_the_reference_documentation_is_current() -> None:
    assert (ROOT / FILE).read_text(encoding="utf-8") == reference(), "run: python -m model.catalog.reference"


def test_the_schema_allows_no_key_that_is_not_described() -> None:
    schema = catalog_schema()
    parts = {"Document": schema, **schema["$defs"]}
    for name, part in parts.items():
        assert part["additionalProperties"] is False, name
        for key, value in part["properties"].items():
            assert value.get("description"), f"{name}.{key} is not described"


def test_the_schema_requires_what_the_interfaces_require() -> None:
    schema = catalog_schema()
    assert schema["dependentRequired"]["workflow"] == ["keys", "root", "milestones"]
    assert schema["$defs"]["Milestone"]["required"] == ["id", "match"]
    assert schema["$defs"]["Sla"]["required"] == ["id"]
    assert schema["$defs"]["Sla"]["allOf"] == [
        {"if": {"anyOf": [{"required": ["every"]}, {"required": ["volume"]}]}, "else": {"required": ["from", "to"]}}
    ]


def test_every_reference_in_the_schema_leads_somewhere() -> None:
    schema = catalog_schema()
    references = list(_references(schema))
    assert references
    assert {each.removeprefix("#/$defs/") for each in references} <= set(schema["$defs"])


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for each in value for found in _references(each)]
    if not isinstance(value, dict):
        return []
    here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return here + [found for each in value.values() for found in _references(each)]
