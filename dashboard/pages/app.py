"""The Dash application on our FastAPI server: one callback draws every page, the browser asks again every few seconds.

Dash runs plain callbacks on the event loop, where a query would stop all other requests; ours are coroutines that hand
the drawing to a thread.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import dash
from dash import ALL, MATCH, Input, Output, State, no_update
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard import formats
from dashboard.access import current_principal
from dashboard.pages import elements, frame, routing
from dashboard.pages.view import Drawn, View
from dashboard.queries import PageQueries
from dashboard.services import Services
from model import ThroughlineError

PAGES = ("workflows", "slas", "alerts", "search", "unresolved", "systems")
"""The first part of every page's address but `/`."""
ZONE = "(href, zone) => zone ? dash_clientside.no_update : Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'"
TITLE = "(title) => { if (title) document.title = title + ' · Throughline'; return dash_clientside.no_update; }"
ANSWERED = "() => { window.throughline.answered(); return dash_clientside.no_update; }"
ROWS = "(request, place) => request ? window.throughline.rows(request, place[0]) : dash_clientside.no_update"
REFRESH = "(beat, place) => { window.throughline.refresh(place[0]); return dash_clientside.no_update; }"

log = logging.getLogger(__name__)


def add_pages(app: FastAPI, services: Services) -> None:
    """Add the pages to the server."""
    pages = dash.Dash(
        "throughline",
        server=app,
        assets_folder=str(Path(__file__).parent.parent / "assets"),
        index_string=frame.INDEX,
        title="Throughline",
        update_title=None,
        serve_locally=True,
        suppress_callback_exceptions=True,
        add_log_handler=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    pages.backend.websocket_capability = False  # else every browser tries one; the guard refuses them
    pages.layout = frame.layout()
    _add_callbacks(pages, PageQueries(services))
    app.add_middleware(PageAddresses)


class PageAddresses:
    """Lets Dash answer every page's address as it answers `/`, where its own middleware has the request at hand.

    Dash adds a catch-all for them as well, but only when the server's lifespan starts.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].split("/")[1] in PAGES:
            scope = {**scope, "path": "/", "raw_path": b"/"}
        await self.app(scope, receive, send)


def _add_callbacks(pages: dash.Dash, queries: PageQueries) -> None:
    async def draw(path: str | None, search: str | None, zone: str | None, beat: int | None) -> tuple[Any, ...]:
        del beat
        if not zone or not path:
            return no_update, no_update, no_update, no_update
        is_pulse = dash.ctx.triggered_id == "pulse"
        view = View(
            queries,
            current_principal.get(),
            path,
            parse_qs((search or "").lstrip("?")),
            queries.services.clock.now(),
            formats.zone_named(zone),
            zone,
        )
        return await run_in_threadpool(answer, view, is_pulse)

    pages.callback(
        Output("live", "children"),
        Output("fixed", "children"),
        Output("navigation", "children"),
        Output("title", "data"),
        Input("address", "pathname"),
        Input("address", "search"),
        Input("zone", "data"),
        Input("pulse", "n_intervals"),
    )(draw)
    pages.clientside_callback(ZONE, Output("zone", "data"), Input("address", "href"), State("zone", "data"))
    pages.clientside_callback(TITLE, Output("title", "id"), Input("title", "data"))
    pages.clientside_callback(ANSWERED, Output("live", "id"), Input("live", "children"), prevent_initial_call=True)
    pages.clientside_callback(
        ROWS,
        Output({"type": "grid", "view": MATCH}, "getRowsResponse"),
        Input({"type": "grid", "view": MATCH}, "getRowsRequest"),
        State({"type": "grid-place", "view": ALL}, "data"),
    )
    pages.clientside_callback(
        REFRESH,
        Output("pulse", "id"),
        Input("pulse", "n_intervals"),
        State({"type": "grid-place", "view": ALL}, "data"),
        prevent_initial_call=True,
    )


def answer(view: View, is_pulse: bool) -> tuple[Any, ...]:
    """The outputs of one drawing.

    When a refresh fails, what is shown stays and grows stale, which the browser says; a first drawing that fails says
    so in place of the page.
    """
    try:
        drawn = routing.draw(view)
        links: Any = frame.navigation(view.queries.navigation(view.tenant, view.now), view)
    except ThroughlineError as error:
        drawn, links = (
            Drawn("Not available", [elements.failure("This page cannot be shown now", str(error))]),
            no_update,
        )
    except Exception:
        log.exception("the page %s could not be drawn", view.path)
        drawn, links = (
            Drawn("Failed", [elements.failure("This page failed", "The server's log has the reason.")]),
            no_update,
        )
    if is_pulse:
        if links is no_update:
            return no_update, no_update, no_update, no_update
        return drawn.live, no_update, links, no_update
    return drawn.live, drawn.fixed, links, drawn.title
