"""Who is asking: a bearer token, or the cookie a person gets by signing in with one.

API routes depend on `principal_of`; pages and their callbacks are guarded by `PageGuard`, which sends a browser without
a token to `/sign-in` and leaves the principal in `current_principal` for the callbacks.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response

from dashboard.problems import Forbidden, Unauthorized
from model import Access, Principal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "throughline_token"
OPEN_PATHS = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/",
    "/assets/",
    "/sign-in",
    "/_dash-component-suites/",
    "/_favicon",
)
"""What is not a page: open to anyone, or guarded by its own dependency."""

current_principal: ContextVar[Principal] = ContextVar("current_principal")
"""The person whose page is being drawn."""

bearer = HTTPBearer(
    auto_error=False, description="A token listed in THROUGHLINE_TOKENS_FILE; none is needed without it"
)


def principal_of(
    request: Request, described: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Principal:
    """The principal of an API request; raises `Unauthorized`, or `Forbidden` without the role the method needs."""
    del described  # only says in the API's description how to sign in
    token = token_of(request)
    access: Access = request.app.state.services.access
    principal = access.principal(token)
    if principal is None:
        raise Unauthorized("A known bearer token is needed" if token is None else "This token is not known")
    role = "read" if request.method in ("GET", "HEAD") else "operate"
    if not principal.may(role):
        raise Forbidden(f"The token of {principal.name} has no role {role!r}")
    return principal


class PageGuard:
    """Lets only known principals see pages."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # Dash offers one; nothing here uses it
            return
        if scope["type"] != "http" or scope["path"].startswith(OPEN_PATHS):
            await self.app(scope, receive, send)
            return
        principal = self.access.principal(token_of(HTTPConnection(scope)))
        if principal is None or not principal.may("read"):
            await self._refusal(scope)(scope, receive, send)
            return
        current_principal.set(principal)
        await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response:
        if scope["path"].startswith("/_dash"):
            return Response("Sign in first", status_code=401)
        wanted = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", status_code=303)


def bearer_token(connection: HTTPConnection) -> str | None:
    """The token of the header, or None."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() == "bearer" else None


def token_of(connection: HTTPConnection) -> str | None:
    """The token of a request, be it for a page or the API: that of the header, else that of the cookie."""
    return bearer_token(connection) or connection.cookies.get(COOKIE)
