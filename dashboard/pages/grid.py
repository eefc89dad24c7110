"""AG Grid with server-side paging: the columns of each list; the rows come from `dashboard.pages.rows`."""

from __future__ import annotations

from typing import Any

import dash_ag_grid
from dash import dcc, html

from dashboard.pages.view import View

BLOCK = 100
ROW_HEIGHT = 38
THEME = (
    "themeQuartz.withParams({"
    "backgroundColor: 'var(--surface)', foregroundColor: 'var(--text)', borderColor: 'var(--line)',"
    "headerBackgroundColor: 'var(--surface)', headerTextColor: 'var(--faint)', headerFontWeight: 500,"
    "headerFontSize: 12, accentColor: 'var(--accent)', rowHoverColor: 'var(--sunken)',"
    "oddRowBackgroundColor: 'var(--surface)',"
    "fontFamily: 'inherit', fontSize: 13, wrapperBorderRadius: 10, borderRadius: 6, browserColorScheme: 'inherit',"
    "columnBorder: false, headerColumnBorder: false, headerHeight: 36, selectedRowBackgroundColor: 'var(--accent-soft)'"
    "})"
)


def column(
    field: str, name: str, renderer: str = "", width: int = 0, flex: int = 0, number: bool = False
) -> dict[str, Any]:
    """One column: a fixed `width` in pixels, or a share of what is left (`flex`)."""
    made: dict[str, Any] = {"field": field, "headerName": name}
    if renderer:
        made["cellRenderer"] = renderer
    if width:
        made["width"] = width
    if flex:
        made |= {"flex": flex, "minWidth": 160}
    if number:
        made["type"] = "rightAligned"
    return made


COLUMNS: dict[str, list[dict[str, Any]]] = {
    "instances": [
        column("key", "Instance", "Link", width=170),
        column("status", "Status", "Pill", width=144),
        column("verdicts", "Promises", "Pills", width=210),
        column("milestone", "Stands at", flex=1),
        column("amount", "Amount", width=126, number=True),
        column("last_event", "Last event", "When", width=220),
        column("started", "Started", width=130),
    ],
    "found": [
        column("key", "Instance", "Link", width=190),
        column("workflow", "Workflow", width=180),
        column("matched", "Matched", "TwoLines", flex=1),
        column("status", "Status", "Pill", width=144),
        column("milestone", "Stands at", width=200),
        column("last_event", "Last event", "When", width=230),
    ],
    "unresolved": [
        column("occurred", "Occurred", "When", width=240),
        column("workflow", "Workflow", width=180),
        column("milestone", "Milestone", width=190),
        column("system", "System", width=130),
        column("waiting_for", "Waits for", "Mono", flex=1),
        column("keys", "Carries", "Mono", flex=1),
    ],
    "alerts": [
        column("state", "State", "Pill", width=160),
        column("key", "Instance", "Link", width=150),
        column("promise", "Promise", "TwoLines", flex=1),
        column("deadline", "Deadline", "TwoLines", width=190),
        column("owner", "Severity, owner", "TwoLines", width=165),
        column("started", "Since", "TwoLines", width=140),
        column("acknowledged", "Acknowledged", "Acknowledged", width=140),
    ],
    "ledger": [
        column("known", "Known", "TwoLines", width=150),
        column("verdict", "Verdict", "Pill", width=125),
        column("key", "Instance", "Link", width=160),
        column("per", "Per", "Mono", width=130),
        column("deadline", "Deadline", "TwoLines", width=170),
        column("reason", "Reason", flex=1),
        column("definition", "Definition", "Mono", width=135),
    ],
}

ABOVE = {"instances": 330, "ledger": 400}
"""Pixels that the rest of the page takes above and below a grid."""

EMPTY = {
    "instances": "No instance matches these filters.",
    "found": "No key begins with this.",
    "unresolved": "Every event has found its instance.",
    "alerts": "No alert in this state.",
    "ledger": "No verdict has been written yet.",
}


def grid(listing: str, view: View, of: str = "") -> html.Div:
    """The grid of one list (of a workflow or SLA) at one address, and the note that says where its rows come from."""
    identity = {"type": "grid", "view": f"{listing} {view.address()}"}
    place = {
        "id": identity,
        "listing": listing,
        "of": of,
        "empty": EMPTY[listing],
        "search": view.address().partition("?")[2],
        "zone": view.zone_name,
    }
    return html.Div(
        [
            dcc.Store(id={"type": "grid-place", "view": identity["view"]}, data=place),
            dash_ag_grid.AgGrid(
                id=identity,
                columnDefs=COLUMNS[listing],
                defaultColDef={"sortable": False, "resizable": True, "suppressMovable": True},
                rowModelType="infinite",
                dangerously_allow_code=False,
                dashGridOptions={
                    "theme": {"function": THEME},
                    "rowHeight": 46 if listing in ("alerts", "ledger", "found") else ROW_HEIGHT,
                    "cacheBlockSize": BLOCK,
                    "maxConcurrentDatasourceRequests": 1,
                    "infiniteInitialRowCount": 1,
                    "tabToNextCell": {"function": "false"},
                    "enableCellTextSelection": True,
                    "noRowsOverlayComponent": "NoRows",
                    "noRowsOverlayComponentParams": {"text": EMPTY[listing]},
                },
                style={"height": "100%", "width": "100%"},
            ),
        ],
        className="grid",
        key=identity["view"],
        style={"height": f"max(360px, calc(100vh - {ABOVE.get(listing, 190)}px))"},
    )
