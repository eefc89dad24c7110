"""Liveness, readiness and metrics: open to anyone, about the process and not about anybody's data.

They are asked for most while something hangs. So they take none of the threads in which requests wait for the store,
and however often readiness is asked for, one thread at most waits for an answer to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse

router = APIRouter(tags=["operations"])

PATIENCE_SECONDS = 5.0
"""How long an answer may take."""

_T = TypeVar("_T")


class Look(Generic[_T]):
    """What a call gives that may hang: it runs in a thread of its own, and who asks meanwhile gets the same answer."""

    def __init__(self, call: Callable[[], _T]) -> None:
        self._call = call
        self._looking: asyncio.Task[_T] | None = None

    async def answer(self) -> _T | None:
        """What it gave, or None where it takes too long."""
        looking = self._looking
        if looking is None or looking.done():
            alone = CapacityLimiter(1)
            looking = asyncio.create_task(to_thread.run_sync(self._call, abandon_on_cancel=True, limiter=alone))
            self._looking = looking
        await asyncio.wait({looking}, timeout=PATIENCE_SECONDS)
        return looking.result() if looking.done() else None


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """200 when every check is well, else 503; the checks with their details either way."""
    found = await request.app.state.readiness.answer()
    if found is None:
        found = [("checks", False, f"take longer than {PATIENCE_SECONDS:g} seconds: the store, or the disk, hangs")]
    checks = [{"name": name, "ok": ok, "detail": detail} for name, ok, detail in found]
    is_ready = all(each["ok"] for each in checks)
    return JSONResponse({"ready": is_ready, "checks": checks}, 200 if is_ready else 503)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> PlainTextResponse:
    """Prometheus text."""
    found = await request.app.state.metrics.answer()
    return PlainTextResponse(found or "", 503 if found is None else 200, media_type="text/plain; version=0.0.4")
