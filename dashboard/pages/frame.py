"""The frame around every page: side bar, top bar, and the places that a page is drawn into."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from dash import dcc, html

from dashboard import formats
from dashboard.pages import elements
from dashboard.pages.view import View
from dashboard.queries import Navigation

REFRESH_MILLISECONDS = 5_000

INDEX = """<!DOCTYPE html>
<html lang="en">
<head>{%metas%}<title>{%title%}</title><link rel="icon" type="image/svg+xml" href="/assets/throughline.svg">
<script>
{const theme = localStorage.getItem("throughline-theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme}
</script>
{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""
"""The theme is set before anything is painted, so that a dark page never flashes white."""


PLACES = ("navigation", "live-0", "live-1", "live-2", "live-3", "live-4", "live-5")
"""Where a page's sections go. Dash builds whatever it replaces anew, which closes what a reader opened and makes charts
blink; so the browser replaces only the sections that differ (assets/freshness.js)."""

LOADING = html.Div([html.Div(), html.Div(), html.Div()], className="live loading")


def layout(*, has_sign_out: bool) -> html.Div:
    """The frame, with the loading state where the page will be."""
    out = html.Form(html.Button("Sign out", className="button"), method="post", action="/sign-out")
    return html.Div(
        [
            dcc.Location(id="address"),
            dcc.Store(id="zone"),
            dcc.Store(id="title"),
            dcc.Store(id="drawn"),
            dcc.Store(id="drawn-for"),
            dcc.Store(id="beat"),
            dcc.Interval(id="pulse", interval=REFRESH_MILLISECONDS),
            html.Aside(
                [
                    html.A("Throughline", href="/", className="wordmark"),
                    html.Div(id="navigation", style={"display": "contents"}),
                    html.Div(
                        [
                            html.Button("Theme", id="theme-toggle", className="button", title="System, light or dark"),
                            *[out] * has_sign_out,
                        ],
                        className="foot",
                    ),
                ],
                className="sidebar",
            ),
            html.Div(
                [
                    html.Header(
                        [
                            html.Form(
                                dcc.Input(
                                    id="search",
                                    name="q",
                                    type="search",
                                    placeholder="Search any key, e.g. an order or invoice number  ( / )",
                                    autoComplete="off",
                                ),
                                action="/search",
                                className="search",
                                role="search",
                            ),
                            html.Div(id="freshness", className="freshness", role="status"),
                        ],
                        className="topbar",
                    ),
                    html.Main(
                        [
                            html.Div(
                                [
                                    html.Div(LOADING if each == PLACES[1] else None, id=each, className="live")
                                    for each in PLACES[1:]
                                ],
                                id="live",
                                className="live",
                            ),
                            html.Div(id="fixed", className="live"),
                        ],
                        className="page",
                    ),
                ],
                className="content",
            ),
        ],
        className="frame",
    )


def navigation(found: Navigation, view: View) -> list[Any]:
    """The links of the side bar: workflows with what is open in them, then everything else."""
    firing = elements.tally_text(found.firing) if found.firing.number else ""
    workflows = [
        entry(view, f"/workflows/{quote(name, safe='')}", title, formats.count(number) if number else "")
        for name, title, number in found.workflows
    ]
    groups = [
        html.Nav(
            [
                entry(view, "/", "Overview"),
                entry(view, "/alerts", "Alerts", firing, "bad"),
                entry(view, "/slas", "SLAs"),
            ]
        )
    ]
    if workflows:
        groups.append(html.Nav([html.Div("Workflows", className="group"), *workflows], className="workflows"))
    groups.append(
        html.Nav(
            [
                html.Div("Data", className="group"),
                entry(view, "/systems", "Systems"),
                entry(view, "/unresolved", "Unresolved"),
            ]
        )
    )
    return groups


def entry(view: View, href: str, text: str, tally: str = "", tone: str = "") -> html.A:
    """One link, marked where it leads to the page that is shown or to one above it."""
    is_here = view.path == href or (href != "/" and view.path.startswith(f"{href}/"))
    return html.A(
        [html.Span(text), html.Span(tally, className=f"tally {tone}".strip())],
        href=href,
        className="here" if is_here else "",
        **{"aria-current": "page"} if is_here else {},
    )
