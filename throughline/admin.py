"""The admin API of a running platform: loopback only, by the token in `control.json`, for the commands of this package.

Answers are JSON lines: one object, or progress and a last one. An error after the first line is a line with `error`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from collector import Collector, Redactions
from collector.importing import ImportReport
from model import DEFAULT_TENANT, CatalogError, SystemClock, ThroughlineError, load_catalog
from store import Store, apply_catalog
from throughline.backtesting import backtested
from throughline.commands import ACTOR, import_steps
from throughline.control import Control, error_line
from throughline.engine import Catalogs, Engine
from throughline.rebuilding import progress_line, rebuild_steps
from throughline.rejudging import rejudge_lines
from throughline.settings import Settings
from throughline.status import running as running_status


class _Catalog(BaseModel):
    folder: Path
    tenant: str = DEFAULT_TENANT


class _Rebuild(BaseModel):
    workflow: str
    tenant: str = DEFAULT_TENANT


class _Backtest(BaseModel):
    name: str
    text: str
    since: str
    until: str
    tenant: str = DEFAULT_TENANT


class _Rejudge(BaseModel):
    sla: str
    since: str | None = None
    until: str | None = None
    tenant: str = DEFAULT_TENANT


class _Import(BaseModel):
    file: Path
    mapping: Path
    rejected: Path | None = None
    tenant: str = DEFAULT_TENANT


def create_admin(
    control: Control,
    settings: Settings,
    store: Store,
    catalogs: Catalogs,
    engine: Engine,
    collector: Collector | None,
    redactions: Redactions,
) -> FastAPI:
    """The app; `control.token` opens it."""

    def authorized(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {control.token}".encode()):
            raise HTTPException(401, "the admin API needs the token in control.json")

    app = FastAPI(title="Throughline admin", docs_url=None, openapi_url=None, dependencies=[Depends(authorized)])

    @app.get("/process")
    async def process() -> Any:
        return control.process

    @app.get("/status")
    def status() -> Any:
        return running_status(settings, store, engine, collector)

    @app.post("/catalog")
    def catalog(body: _Catalog) -> Any:
        try:
            found = load_catalog(body.folder)
        except CatalogError as error:
            raise HTTPException(400, str(error)) from error
        changed = apply_catalog(store, found, tenant=body.tenant, actor=ACTOR, at=SystemClock().now())
        catalogs.refresh()
        engine.segments_committed()
        return {"changed": changed}

    @app.post("/import")
    def import_file(body: _Import) -> StreamingResponse:
        return StreamingResponse(_lines(store, engine, redactions, body), media_type="application/jsonl")

    @app.post("/rebuild")
    def rebuild(body: _Rebuild) -> StreamingResponse:
        return StreamingResponse(_rebuild_lines(store, engine, body), media_type="application/jsonl")

    @app.post("/backtest")
    def backtest(body: _Backtest) -> StreamingResponse:
        return StreamingResponse(_backtest_line(store, body), media_type="application/jsonl")

    @app.post("/rejudge")
    def rejudge(body: _Rejudge) -> StreamingResponse:
        return StreamingResponse(_rejudge_lines(store, body), media_type="application/jsonl")

    return app


def _rejudge_lines(store: Store, body: _Rejudge) -> Iterator[str]:
    try:
        for line in rejudge_lines(store, **body.model_dump()):
            yield json.dumps(line) + "\n"
    except ThroughlineError as error:
        yield json.dumps(error_line(error)) + "\n"


def _backtest_line(store: Store, body: _Backtest) -> Iterator[str]:
    try:
        yield json.dumps({"found": backtested(store, **body.model_dump())}) + "\n"
    except ThroughlineError as error:
        yield json.dumps(error_line(error)) + "\n"


def _rebuild_lines(store: Store, engine: Engine, body: _Rebuild) -> Iterator[str]:
    try:
        for step in rebuild_steps(store, body.workflow, body.tenant, None):
            engine.segments_committed()
            yield json.dumps(progress_line(step)) + "\n"
    except ThroughlineError as error:
        yield json.dumps(error_line(error)) + "\n"


def _lines(store: Store, engine: Engine, redactions: Redactions, body: _Import) -> Iterator[str]:
    try:
        for step in import_steps(store, body.file, body.mapping, body.rejected, body.tenant, redactions):
            name = "report" if isinstance(step, ImportReport) else "progress"
            engine.segments_committed()
            yield json.dumps({name: asdict(step)}, default=str) + "\n"
    except ThroughlineError as error:
        yield json.dumps(error_line(error)) + "\n"
    except OSError as error:
        yield json.dumps({"error": f"{error.strerror}: {error.filename}", "retryable": False}) + "\n"
