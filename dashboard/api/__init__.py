"""The REST API under `/api/v1`: INTERFACES as routes. Reads within the caller's tenant; composes, judges nothing."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from dashboard.access import principal_of
from dashboard.api import alerts, operations, quarantine, slas, systems, workflows
from dashboard.api.parameters import only_known_parameters
from dashboard.problems import ProblemDetails
from model import NotFound

__all__ = ["operations_router", "router"]

PREFIX = "/api/v1"

operations_router = operations.router


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
    api.add_api_route(
        "/{rest:path}", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
    )
    return api
