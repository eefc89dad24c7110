"""The Dash application on our FastAPI server: one callback draws every page, the browser asks again every few seconds.

Dash runs plain callbacks on the event loop, where a query would stop all other requests; ours are coroutines that hand
the drawing to a thread.
"""

from __future__ import annotations

import itertools
import logging
from hashlib import blake2s
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
from dashboard.pages.markup import as_markup, markups
from dashboard.pages.view import Drawn, View
from dashboard.problems import log_refused, words_of
from dashboard.queries import PageQueries
from dashboard.services import Services
from model import ThroughlineError
from store import StatementFailed

PAGES = ("workflows", "slas", "alerts", "search", "unresolved", "systems")
"""The first part of every page's address but `/`."""
ZONE = """(href, zone) => {
  window.throughline.asked();
  return zone ? dash_clientside.no_update : Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}"""
BEAT = "(beat) => window.throughline.mayAsk() ? beat : dash_clientside.no_update"
TITLE = "(title) => { if (title) document.title = title + ' · Throughline'; return dash_clientside.no_update; }"
PLACE = "(drawn) => window.throughline.place(drawn)"
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
    pages.layout = frame.layout(has_sign_out=not services.access.is_open)
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
    numbers = itertools.count()  # so that an answer that says the same is still seen to have come

    async def draw(
        path: str | None, search: str | None, zone: str | None, beat: int | None, drawn_for: str | None
    ) -> tuple[Any, ...]:
        del beat
        if not zone or not path:
            return no_update, no_update, no_update, no_update
        view = View(
            queries,
            current_principal.get(),
            path,
            parse_qs((search or "").lstrip("?")),
            queries.services.clock.now(),
            formats.zone_named(zone),
            zone,
        )
        sections, *others = await run_in_threadpool(answer, view, drawn_for)
        if sections is no_update:
            return no_update, *others
        return {"sections": sections, "number": next(numbers)}, *others

    pages.callback(
        Output("drawn", "data"),
        Output("fixed", "children"),
        Output("title", "data"),
        Output("drawn-for", "data"),
        Input("address", "pathname"),
        Input("address", "search"),
        Input("zone", "data"),
        Input("beat", "data"),
        State("drawn-for", "data"),
    )(draw)
    pages.clientside_callback(BEAT, Output("beat", "data"), Input("pulse", "n_intervals"), prevent_initial_call=True)
    pages.clientside_callback(ZONE, Output("zone", "data"), Input("address", "href"), State("zone", "data"))
    pages.clientside_callback(TITLE, Output("title", "id"), Input("title", "data"))
    pages.clientside_callback(
        PLACE,
        *(Output(each, "children") for each in frame.PLACES),
        Input("drawn", "data"),
        prevent_initial_call=True,
    )
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


def answer(view: View, drawn_for: str | None) -> tuple[Any, ...]:
    """The outputs of one drawing: sections, grid, title, and the address they are for.

    Where `drawn_for` is this address already, it is a refresh: the grid stays (it refreshes itself). It is not the
    trigger that decides, because Dash drops the answer to a click when a beat follows it. When a refresh fails, what is
    shown stays and grows stale, as the browser says; a first drawing that fails says so in place of the page, and the
    next beat tries again.
    """
    address = f"{view.address()} {view.zone_name}"
    is_refresh = drawn_for == address
    try:
        drawn = routing.draw(view)
        links = frame.navigation(view.queries.navigation(view.tenant, view.now), view)
    except StatementFailed as error:
        log_refused(error, f"the page {view.path}")
        failed = failed_page()
    except ThroughlineError as error:
        failed = Drawn("Not available", [elements.failure("This page cannot be shown now", words_of(error))])
    except Exception:
        log.exception("the page %s could not be drawn", view.path)
        failed = failed_page()
    else:
        if is_refresh:
            return placed(drawn, links, address), no_update, no_update, no_update
        return placed(drawn, links, address), as_markup(drawn.fixed), drawn.title, address
    if is_refresh:
        return no_update, no_update, no_update, no_update
    return placed(failed, None, address), [], failed.title, None


def failed_page() -> Drawn:
    """What is shown where a page has a mistake."""
    return Drawn("Failed", [elements.failure("This page failed", "The server's log has the reason.")])


def placed(drawn: Drawn, links: Any, address: str) -> list[Any]:
    """What goes into each of the frame's places; None for the side bar leaves it as it is.

    Whatever is text has a name, of the address where it is part of the page: under that the browser mends it.
    """
    room = len(frame.PLACES) - 1
    assert len(drawn.live) <= room, "the frame has no place for so many sections"  # noqa: S101 -- pages are ours
    sections = [as_markup(each) for each in (links, *drawn.live, *[[]] * (room - len(drawn.live)))]
    page = blake2s(address.encode(), digest_size=8).hexdigest()
    for place, section in zip(frame.PLACES, sections, strict=True):
        for number, each in enumerate(markups(section)):
            each.id = f"{place}-{number}" if place == frame.PLACES[0] else f"{place}-{number}-{page}"
    return sections
