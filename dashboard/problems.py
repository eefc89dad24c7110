"""Every error of the API as RFC 9457 problem details, whoever raised it: our rooms, FastAPI or Starlette.

A message of ours is shown as it is (it is written for a person); an unexpected error says only that it was logged. What
ClickHouse says quotes the statement and values in it: neither an answer nor the log repeats it.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from model import BadRequest, NotFound, NotSupported, StoreUnavailable, ThroughlineError, Unavailable
from store import StatementFailed

UNEXPECTED = "An unexpected error; the server's log has the details under this path"
OVERLOADED = "The store cannot be reached or is overloaded; trying again may help"
MEDIA_TYPE = "application/problem+json"
DOCUMENTED = ("4XX", "5XX")
"""The answers that are problems, as OpenAPI names them."""
log = logging.getLogger(__name__)


class ProblemDetails(BaseModel):
    """RFC 9457: what went wrong. `errors` names each parameter or field at fault."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: list[dict[str, str]] | None = None


class Unauthorized(ThroughlineError):
    """The request carries no token, or none that is known."""


class Forbidden(ThroughlineError):
    """The caller is known, but may not do this."""


STATUSES: tuple[tuple[type[ThroughlineError], HTTPStatus], ...] = (
    (Unauthorized, HTTPStatus.UNAUTHORIZED),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (NotSupported, HTTPStatus.NOT_IMPLEMENTED),
    (BadRequest, HTTPStatus.BAD_REQUEST),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (ThroughlineError, HTTPStatus.CONFLICT),
)
"""First match wins; a refusal that is nothing more special conflicts with the state of things."""


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A problem response for this request."""
    body = ProblemDetails(
        title=HTTPStatus(status).phrase, status=status, detail=detail, instance=request.url.path, errors=errors
    )
    content = body.model_dump(exclude_none=True)
    return JSONResponse(content, status, media_type=MEDIA_TYPE, headers=headers)


def register(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.add_exception_handler(ThroughlineError, _ours)
    app.add_exception_handler(StatementFailed, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def words_of(error: ThroughlineError) -> str:
    """What an error tells a person."""
    return OVERLOADED if isinstance(error, StoreUnavailable) else str(error)


def log_refused(error: StatementFailed, where: str) -> None:
    """Log that ClickHouse refused a statement of ours, which is a mistake of ours: its number, and whose it was."""
    calls = "".join(traceback.format_tb(error.__traceback__))
    log.error("ClickHouse refused a statement with its error %s at %s\n%s", error.code, where, calls)


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StatementFailed)  # noqa: S101 -- registered for this type only
    log_refused(error, f"{request.method} {request.url.path}")
    return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, UNEXPECTED)


def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ThroughlineError)  # noqa: S101 -- registered for this type only
    status = next(status for kind, status in STATUSES if isinstance(error, kind))
    if status is HTTPStatus.UNAUTHORIZED:
        return problem(request, status, str(error), headers={"WWW-Authenticate": "Bearer"})
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        return problem(request, status, words_of(error), headers={"Retry-After": "5"})
    return problem(request, status, str(error))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- registered for this type only
    errors = [_fault(each) for each in error.errors()]
    detail = "; ".join(f"{each['at']}: {each['message']}" for each in errors)
    return problem(request, HTTPStatus.BAD_REQUEST, detail, errors=errors)


def _fault(error: dict[str, Any]) -> dict[str, str]:
    place = [str(part) for part in error["loc"] if part not in ("query", "path", "body")]
    return {"at": ".".join(place) or str(error["loc"][0]), "message": str(error["msg"])}


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 -- registered for this type only
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"There is nothing at {request.url.path}"
    return problem(request, error.status_code, detail, headers=error.headers)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error at %s %s", request.method, request.url.path, exc_info=error)
    return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, UNEXPECTED)
