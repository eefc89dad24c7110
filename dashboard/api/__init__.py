"""The REST API under `/api/v1`: INTERFACES as routes. Reads within the caller's tenant; composes, judges nothing."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from dashboard.access import principal_of
from dashboard.api import alerts, operations, quarantine, slas, systems, workflows
from dashboard.api.parameters import only_known_parameters
from dashboard.problems import ProblemDetails
from model import NotFound, NotSupported

__all__ = ["operations_router", "router"]

PREFIX = "/api/v1"
NOT_YET = (("GET", "/hubs"),)
"""Documented paths that this version refuses."""

operations_router = operations.router


def _not_yet(request: Request) -> None:
    raise NotSupported(f"{request.method} {request.url.path} is not supported in this version")


def _nowhere(request: Request) -> None:
    raise NotFound(f"The API has nothing at {request.url.path}")


def router() -> APIRouter:
    """All routes, the last one answering for whatever is not there."""
    problems: dict[int | str, dict[str, object]] = {
        "4XX": {"model": ProblemDetails, "description": "RFC 9457 problem details"},
        "5XX": {"model": ProblemDetails, "description": "RFC 9457 problem details"},
    }
    strict = APIRouter(dependencies=[Depends(only_known_parameters)], responses=problems)
    for part in (workflows, slas, alerts, systems, quarantine):
        strict.include_router(part.router)
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(principal_of)])
    api.include_router(strict)
    for method, path in NOT_YET:
        api.add_api_route(
            path, _not_yet, methods=[method], status_code=501, responses=problems, tags=["not in this version"]
        )
    api.add_api_route(
        "/{rest:path}", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
    )
    return api
