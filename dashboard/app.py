"""One server for people and programs: the API, the pages, and what keeps them apart. Made here, run by `throughline/`.

The order of routes matters: the API and the pages' own routes come first, because Dash answers every other GET with its
frame. So a mistyped page shows "nothing here" inside the frame, a mistyped API path is a problem.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from dashboard import problems
from dashboard.access import HostGuard, PageGuard
from dashboard.answering import Answering
from dashboard.api import operations_router, outside, router
from dashboard.api.operations import Look
from dashboard.pages import add_pages
from dashboard.pages.rows import router as rows_router
from dashboard.pages.sign_in import router as sign_in_router
from dashboard.services import Services

MOST_BODY_BYTES = 1 << 20
"""What a request may carry: FastAPI holds it in memory before anybody is asked for a token."""


def create_app(services: Services) -> FastAPI:
    """The ASGI application; nothing is started."""
    app = _app(services, openapi_url="/api/v1/openapi.json")
    app.include_router(operations_router)
    app.include_router(router())
    app.include_router(outside)
    app.include_router(rows_router)
    app.include_router(sign_in_router)
    add_pages(app, services)
    app.add_middleware(PageGuard, access=services.access)
    return _guarded(app, services)


def create_operations(services: Services) -> FastAPI:
    """The same for a process that has no pages: liveness, readiness and metrics alone."""
    app = _app(services, openapi_url=None)
    app.include_router(operations_router)
    return _guarded(app, services)


class _App(FastAPI):
    """Describes problems by the media type they have; FastAPI writes that of the other answers under a model."""

    def openapi(self) -> dict[str, Any]:
        """The description of the API."""
        described = super().openapi()
        for operation in (each for path in described["paths"].values() for each in path.values()):
            for status, answer in operation["responses"].items():
                if status in problems.DOCUMENTED and "application/json" in answer["content"]:
                    answer["content"][problems.MEDIA_TYPE] = answer["content"].pop("application/json")
        return described


def _app(services: Services, *, openapi_url: str | None) -> FastAPI:
    app = _App(
        title="Throughline",
        description="Every business transaction, across all systems, judged against the promises made.",
        version="1",
        openapi_url=openapi_url,
        docs_url=None,
        redoc_url=None,
        max_body_size=MOST_BODY_BYTES,
    )
    app.state.services = services
    app.state.readiness, app.state.metrics = Look(services.readiness), Look(services.metrics)
    problems.register(app)
    return app


def _guarded(app: FastAPI, services: Services) -> FastAPI:
    if services.access.is_open:
        app.add_middleware(HostGuard, base_url=services.base_url)
    app.add_middleware(Answering)
    return app
