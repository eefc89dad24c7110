"""The admin API of a running platform: loopback only, by the token in `control.json`, for the commands of this package.

Answers are JSON lines: one object, or progress and a last one. An error after the first line is a line with `error`.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from collector import Collector, Redactions
from collector.importing import ImportReport
from model import DEFAULT_TENANT, CatalogError, SystemClock, ThroughlineError, Unavailable, load_catalog
from store import Store, apply_catalog
from throughline.answers import Answers
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
    answers: Answers,
) -> FastAPI:
    """The app; `control.token` opens it."""

    def streamed(steps: Generator[dict[str, Any]], name: str, advice: str) -> StreamingResponse:
        return StreamingResponse(answers.lines(steps, name, advice), media_type="application/jsonl")

    def authorized(authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {control.token}".encode()):
            raise HTTPException(401, "the admin API needs the token in control.json")

    app = FastAPI(title="Throughline admin", docs_url=None, openapi_url=None, dependencies=[Depends(authorized)])
    app.add_exception_handler(ThroughlineError, _failed)

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
        advice = "What is in stays in: run the import again, and it goes on where it stopped."
        return streamed(_import_lines(store, engine, redactions, body), f"the import of {body.file}", advice)

    @app.post("/rebuild")
    def rebuild(body: _Rebuild) -> StreamingResponse:
        advice = "The rebuild itself goes on at the next start."
        return streamed(_rebuild_lines(store, engine, body), f"the watch over the rebuild of {body.workflow}", advice)

    @app.post("/backtest")
    def backtest(body: _Backtest) -> StreamingResponse:
        return streamed(_backtest_line(store, body), f"the backtest of {body.name}", "Run it again.")

    @app.post("/rejudge")
    def rejudge(body: _Rejudge) -> StreamingResponse:
        return streamed(_rejudge_lines(store, body), f"the rejudging of {body.sla}", "Run it again.")

    return app


async def _failed(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 503 if isinstance(error, Unavailable) else 400)


def _rejudge_lines(store: Store, body: _Rejudge) -> Generator[dict[str, Any]]:
    try:
        yield from rejudge_lines(store, **body.model_dump())
    except ThroughlineError as error:
        yield error_line(error)


def _backtest_line(store: Store, body: _Backtest) -> Generator[dict[str, Any]]:
    try:
        yield {"found": backtested(store, **body.model_dump())}
    except ThroughlineError as error:
        yield error_line(error)


def _rebuild_lines(store: Store, engine: Engine, body: _Rebuild) -> Generator[dict[str, Any]]:
    try:
        for step in rebuild_steps(store, body.workflow, body.tenant, None):
            engine.segments_committed()
            yield progress_line(step)
    except ThroughlineError as error:
        yield error_line(error)


def _import_lines(store: Store, engine: Engine, redactions: Redactions, body: _Import) -> Generator[dict[str, Any]]:
    try:
        for step in import_steps(store, body.file, body.mapping, body.rejected, body.tenant, redactions):
            name = "report" if isinstance(step, ImportReport) else "progress"
            engine.segments_committed()
            yield {name: asdict(step)}
    except ThroughlineError as error:
        yield error_line(error)
    except OSError as error:
        yield {"error": f"{error.strerror}: {error.filename}", "retryable": False}
