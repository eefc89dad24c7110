"""Sections as text: whatever nothing is called back for goes to the browser as HTML, each part of it as one component.

In the browser Dash announces every component it has drawn to every other one, so that what drawing costs grows with the
square of their number: decision 21. Charts, lists and fields stay components, and so does what they stand in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from dash.development.base_component import Component

_NAMES = {"className": "class", "htmlFor": "for"}
_VOID = frozenset({"br", "hr", "img", "input", "wbr"})
_CAPITAL = re.compile(r"[A-Z]")


class Markup(Component):  # type: ignore[misc]  # Dash has no types
    """The element `tag` with `attributes`, as React names them, and the HTML `inner` in it (`assets/markup.js`)."""

    _namespace = "throughline_dashboard"
    _type = "Markup"
    _prop_names = available_properties = ("id", "tag", "attributes", "inner")
    _valid_wildcard_attributes = available_wildcard_properties = ()

    def __init__(self, tag: str, attributes: Mapping[str, Any], inner: str) -> None:
        super().__init__(tag=tag, attributes=dict(sorted(attributes.items())), inner=inner)


def as_markup(part: Any) -> Any:
    """The same drawing with every plain element that stands in none as `Markup`; the drawing given stays as it is."""
    if isinstance(part, list | tuple):
        return [as_markup(each) for each in part]
    if not isinstance(part, Component):
        return part
    written = part.to_plotly_json()
    attributes = dict(written["props"])
    children = attributes.pop("children", None)
    inner = _html(children) if _is_element(written) else None
    if inner is not None and (tag := written["type"].lower()) not in _VOID:
        return Markup(tag, attributes, inner)
    return part if children is None else type(part)(children=as_markup(children), **attributes)


def markups(part: Any) -> Iterator[Markup]:
    """Every `Markup` of a drawing, in the order it is read."""
    if isinstance(part, Markup):
        yield part
    elif isinstance(part, list | tuple):
        for each in part:
            yield from markups(each)
    elif isinstance(part, Component):
        yield from markups(getattr(part, "children", None))


def _html(part: Any) -> str | None:
    """The HTML of a drawing; None where there is something live in it.

    Attributes are sorted: Dash gives them in no order, and what is the same has to look the same.
    """
    if part is None or isinstance(part, bool):
        return ""
    if isinstance(part, list | tuple):
        parts = [_html(each) for each in part]
        return None if None in parts else "".join(each for each in parts if each)
    if not isinstance(part, Component):
        return escape(str(part), quote=False)
    written = part.to_plotly_json()
    attributes = dict(written["props"])
    inner = _html(attributes.pop("children", None)) if _is_element(written) else None
    if inner is None:
        return None
    tag = written["type"].lower()
    opening = f"<{tag}{''.join(_attribute(name, value) for name, value in sorted(attributes.items()))}>"
    return opening if tag in _VOID else f"{opening}{inner}</{tag}>"


def _is_element(written: Mapping[str, Any]) -> bool:
    """Whether a component is an element of HTML that nothing is called back for; such have ids of parts."""
    return written["namespace"] == "dash_html_components" and isinstance(written["props"].get("id", ""), str)


def _attribute(name: str, value: Any) -> str:
    if name == "key" or value is None:
        return ""
    if name == "style":
        value = ";".join(f"{_CAPITAL.sub(lambda c: f'-{c[0].lower()}', each)}:{text}" for each, text in value.items())
    elif isinstance(value, bool) and not name.startswith(("aria-", "data-")):
        return f" {name.lower()}" if value else ""
    return f' {_NAMES.get(name, name.lower())}="{escape(str(value))}"'
