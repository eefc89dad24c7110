"""Liveness, readiness and metrics: open to anyone, about the process and not about anybody's data."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from dashboard.api.parameters import Rooms

router = APIRouter(tags=["operations"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(services: Rooms) -> JSONResponse:
    """200 when every check is well, else 503; the checks with their details either way."""
    checks = [{"name": name, "ok": ok, "detail": detail} for name, ok, detail in services.readiness()]
    is_ready = all(each["ok"] for each in checks)
    return JSONResponse({"ready": is_ready, "checks": checks}, 200 if is_ready else 503)


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(services: Rooms) -> PlainTextResponse:
    """Prometheus text."""
    return PlainTextResponse(services.metrics(), media_type="text/plain; version=0.0.4")
