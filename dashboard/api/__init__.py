"""The REST API under `/api/v1`: INTERFACES as routes. Reads within the caller's tenant; composes, judges nothing."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from dashboard.access import principal_of
from dashboard.api import alerts, operations, quarantine, slas, systems, workflows
from dashboard.api.parameters import only_known_parameters
from dashboard.problems import DOCUMENTED, ProblemDetails
from model import NotFound

__all__ = ["operations_router", "outside", "router"]

PREFIX = "/api/v1"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
"""HEAD is GET by then."""

operations_router = operations.router
outside = APIRouter(include_in_schema=False)
"""What a program asks for beside the API: Dash would answer it with a page."""


@outside.get("/api")
@outside.get("/api/{rest:path}")
def beside() -> None:
    """Nothing is there."""
    raise NotFound(f"The API is under {PREFIX}; {PREFIX}/openapi.json describes it")


def router() -> APIRouter:
    """All routes, the last one answering for whatever is not there."""
    problems: dict[int | str, dict[str, object]] = {
        each: {"model": ProblemDetails, "description": "RFC 9457 problem details"} for each in DOCUMENTED
    }
    strict = APIRouter(dependencies=[Depends(only_known_parameters)], responses=problems)
    parts = (workflows.router, slas.router, alerts.router, systems.router, quarantine.router)
    for part in parts:
        strict.include_router(part)
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(principal_of)])
    api.include_router(strict)
    known = [route for part in parts for route in part.routes if isinstance(route, Route)]

    def nowhere(request: Request) -> None:
        """What is not there; a path that is there with other methods says which."""
        within = {**request.scope, "path": request.url.path.removeprefix(PREFIX), "root_path": ""}
        other = [route for route in known if route.matches(within)[0] is Match.PARTIAL]
        allowed = {method for route in other for method in route.methods or ()}
        if allowed:
            raise HTTPException(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"{request.url.path} takes {', '.join(sorted(allowed))}, not {request.method}",
                headers={"Allow": ", ".join(sorted(allowed))},
            )
        raise NotFound(f"The API has nothing at {request.url.path}")

    api.add_api_route("/{rest:path}", nowhere, methods=METHODS, include_in_schema=False)
    return api
