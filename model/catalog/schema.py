"""The JSON Schema of a catalog document, for editors and for the reference documentation."""

from __future__ import annotations

from typing import Any

from model.catalog.written import WrittenDocument


def catalog_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one document of a catalog file, made from the models that read it.

    What the schema cannot say (references between parts, one of two keys) is checked by reading only.
    """
    schema = WrittenDocument.model_json_schema(by_alias=True)
    definitions = {name.removeprefix("Written"): each for name, each in schema.pop("$defs").items()}
    is_feed = {"anyOf": [{"required": ["every"]}, {"required": ["volume"]}]}
    definitions["Sla"] |= {"allOf": [{"if": is_feed, "else": {"required": ["from", "to"]}}]}
    shaped = _shaped({**schema, "$defs": definitions})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Throughline catalog document",
        **{key: value for key, value in shaped.items() if key != "title"},
        "dependentRequired": {"workflow": ["keys", "root", "milestones"], "slas": ["workflow"]},
    }


def _shaped(value: Any) -> Any:
    """Without generated titles, with the names of the definitions as the reference shows them."""
    if isinstance(value, list):
        return [_shaped(each) for each in value]
    if not isinstance(value, dict):
        return value.replace("#/$defs/Written", "#/$defs/") if isinstance(value, str) else value
    return {
        key: _properties(each) if key in {"properties", "$defs"} else _shaped(each)
        for key, each in value.items()
        if key != "title"
    }


def _properties(value: dict[str, Any]) -> dict[str, Any]:
    """Names of properties are kept, also one called `title`."""
    return {name: _shaped(each) for name, each in value.items()}
