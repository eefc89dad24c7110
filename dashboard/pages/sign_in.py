"""`/sign-in`, `/sign-out`: a person pastes a token once; a cookie that scripts cannot read carries it from then on.

Only reached where access is by token. The cookie comes along with links from other sites (a mail, a chat), which only
read; what changes something is asked for by pages of ours alone, and so is signing in. `next` stays here.
"""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.access import COOKIE, refuse_other_sites, token_of
from dashboard.api.parameters import Rooms
from model import Principal

router = APIRouter(include_in_schema=False)
COOKIE_AGE_SECONDS = 30 * 86_400
LONGEST_FORM_BYTES = 16_384

FORM = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in · Throughline</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/assets/style.css">
<link rel="icon" href="/assets/throughline.svg"></head><body>
<form method="post" action="/sign-in" class="card sign-in">
<span class="wordmark">Throughline</span><p class="muted">Paste your access token; it is kept for 30 days.</p>
{mistake}<input type="hidden" name="next" value="{following}">
<input type="password" name="token" autocomplete="current-password" aria-label="Token" required autofocus>
<button class="button">Sign in</button></form></body></html>"""


@router.get("/sign-in")
def form(request: Request, services: Rooms) -> HTMLResponse:
    """The form, saying why it is there again where a token has been given already."""
    following, token = request.query_params.get("next", "/"), token_of(request)
    return _form(following, _mistake(services.access.principal(token)) if token else "")


@router.post("/sign-in")
async def sign_in(request: Request, services: Rooms) -> Response:
    """Set the cookie for a known token and go on to where the person wanted to go."""
    refuse_other_sites(request)
    body = await request.body()
    fields = parse_qs(body[:LONGEST_FORM_BYTES].decode("utf-8", "replace"))
    token, following = fields.get("token", [""])[0].strip(), fields.get("next", ["/"])[0]
    principal = services.access.principal(token)
    if mistake := _mistake(principal):
        return _form(following, mistake, 401 if principal is None else 403)
    answer = RedirectResponse(_here(following), status_code=303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_AGE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=_is_over_tls(request),
    )
    return answer


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """Take the cookie away; the token itself stays good."""
    refuse_other_sites(request)
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=_is_over_tls(request))
    return answer


def _mistake(principal: Principal | None) -> str:
    """Why nobody signs in as this principal; empty where nothing is wrong."""
    if principal is None:
        text = "This token is not known."
    elif not principal.may("read"):
        text = f"The token of {principal.name} has no role ‘read’: it opens no pages. Paste one that has it."
    else:
        return ""
    return f'<p class="tone is-breached" role="alert">{escape(text)}</p>'


def _form(following: str, mistake: str = "", status: int = 200) -> HTMLResponse:
    return HTMLResponse(FORM.format(mistake=mistake, following=escape(_here(following), quote=True)), status)


def _is_over_tls(request: Request) -> bool:
    """Whether the person's browser is: this server itself is not asked over TLS where something in front ends it."""
    known_as = urlsplit(request.app.state.services.base_url)
    is_known = known_as.scheme == "https" and request.headers.get("host", "").lower() == known_as.netloc.lower()
    return request.url.scheme == "https" or is_known


def _here(following: str) -> str:
    is_local = following.startswith("/") and not following.startswith(("//", "/\\"))
    return following if is_local else "/"
