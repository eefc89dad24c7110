"""What nothing is called back for goes to the browser as text, and cannot become anything else there."""

from __future__ import annotations

from typing import Any

import pytest
from dash import dcc, html

from dashboard.pages.markup import Markup, as_markup


def written(part: Any) -> tuple[str, dict[str, Any], str]:
    """The tag, the attributes and the inner HTML of what a part has become."""
    made = as_markup(part)
    assert isinstance(made, Markup)
    return made.tag, made.attributes, made.inner


def test_an_element_keeps_its_attributes_and_what_is_in_it_is_html() -> None:
    rows = [html.Tr([html.Th("Key", scope="row"), html.Td(7, colSpan=2)], className="row", key="first")]
    table = html.Table(html.Tbody(rows), className="wide", style={"maxWidth": "1px"})
    inner = '<tbody><tr class="row"><th scope="row">Key</th><td colspan="2">7</td></tr></tbody>'
    assert written(table) == ("table", {"className": "wide", "style": {"maxWidth": "1px"}}, inner)


@pytest.mark.parametrize(
    ("part", "inner"),
    [
        ("<script>alert(1)</script> & so on", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; so on"),
        (html.A("x", href='/?q="><b>', title="it's"), '<a href="/?q=&quot;&gt;&lt;b&gt;" title="it&#x27;s">x</a>'),
        (html.I(style={"flexWrap": "wrap", "color": '"red'}), '<i style="flex-wrap:wrap;color:&quot;red"></i>'),
        (html.B("x", **{"data-copy": "<", "aria-label": "&"}), '<b aria-label="&amp;" data-copy="&lt;">x</b>'),
    ],
    ids=["text", "attributes", "styles", "names with dashes"],
)
def test_texts_from_outside_stay_texts(part: Any, inner: str) -> None:
    assert written(html.Div(part))[2] == inner


def test_switches_are_there_or_not_and_nothing_is_written_for_nothing() -> None:
    parts = [html.Details(None, open=True), html.Details(["a", None, 0, html.Br()], open=False), None]
    assert written(html.Div(parts))[2] == "<details open></details><details>a0<br></details>"


def test_what_is_live_stays_a_component_and_so_does_what_it_stands_in() -> None:
    drawn = html.Section([html.H2("Chart"), html.Div([dcc.Graph(id="g"), html.Span("by hand")])], id="card")
    [title, place] = as_markup(drawn).children
    [graph, words] = place.children
    assert (title.tag, title.inner) == ("h2", "Chart")
    assert (graph.id, words.inner) == ("g", "by hand")
    assert isinstance(drawn.children[0], html.H2), "what was drawn is as it was"
    assert as_markup([html.Div(id={"type": "row"}), "text", None])[1:] == ["text", None]
    assert isinstance(as_markup(html.Div(id={"type": "row"})), html.Div), "an identifier that is called back for"
