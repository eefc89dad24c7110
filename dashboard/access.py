"""Who is asking: a bearer token, or the cookie a person gets by signing in with one.

API routes depend on `principal_of`; pages and their callbacks are guarded by `PageGuard`, which sends a browser without
a token to `/sign-in` and leaves the principal in `current_principal` for the callbacks.

A browser carries out what other sites ask of it. So a change without a token in its header must come from one of our
own pages, and where no token is needed at all, `HostGuard` answers to no name but our own: a site may give its name our
address, and what is there would be its own to read.
"""

from __future__ import annotations

from contextvars import ContextVar
from http import HTTPStatus
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response

from dashboard.problems import Forbidden, Unauthorized, problem
from model import Access, Principal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "throughline_token"
OPEN_PATHS = ("/api", "/healthz", "/metrics", "/readyz", "/sign-in", "/sign-out")
OPEN_FOLDERS = ("/api/", "/assets/", "/_dash-component-suites/", "/_favicon")
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
    role = "read" if request.method == "GET" else "operate"
    if request.method != "GET" and bearer_token(request) is None:
        refuse_other_sites(request)
    if not principal.may(role):
        raise Forbidden(f"The token of {principal.name} has no role {role!r}")
    return principal


def refuse_other_sites(request: Request) -> None:
    """Raise `Forbidden` where a browser says that the page which asks is not one of ours."""
    origin = request.headers.get("origin")
    ours = (request.headers.get("host", ""), urlsplit(request.app.state.services.base_url).netloc)
    if origin is not None and origin.partition("://")[2].lower() not in [each.lower() for each in ours if each]:
        raise Forbidden("A page of another site asks for this change; changes are made here, or with a bearer token")


class HostGuard:
    """Answers only to an address, to `localhost` and to the host of `base_url`."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        self.app = app
        self.names = ("localhost", urlsplit(base_url).hostname)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_ours(HTTPConnection(scope).headers.get("host", "")):
            detail = "Nobody here goes by this name: ask for the address, or name it with --public-url"
            await problem(Request(scope), HTTPStatus.MISDIRECTED_REQUEST, detail)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            if name not in self.names:
                ip_address(name)
        except ValueError:
            return False
        return True


class PageGuard:
    """Lets only known principals see pages."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # Dash offers one; nothing here uses it
            return
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS or scope["path"].startswith(OPEN_FOLDERS):
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
        wanted = scope["raw_path"].decode("latin-1")  # as it was asked for: a decoded slash would be another address
        if scope["query_string"]:
            wanted += f"?{scope['query_string'].decode('latin-1')}"
        return RedirectResponse(f"/sign-in?next={quote(wanted, safe='')}", status_code=303)


def bearer_token(connection: HTTPConnection) -> str | None:
    """The token of the header, or None."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() == "bearer" else None


def token_of(connection: HTTPConnection) -> str | None:
    """The token of a request, be it for a page or the API: that of the header, else that of the cookie."""
    return bearer_token(connection) or connection.cookies.get(COOKIE)
