"""Who gets in: by header or cookie, for pages and the API alike, and from which sites."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from html import unescape
from urllib.parse import unquote

import pytest

from dashboard import create_app
from model import Access, Principal
from store import Store, migrate
from tests.conftest import ROOMS, new_name
from tests.dashboard import world
from tests.dashboard.asgi import Client

WORKFLOWS = "/api/v1/workflows"


@pytest.fixture(scope="module")
def store(embedded: Store) -> Iterator[Store]:
    """Tables without rows, once for all: who may come in is not for the store to say."""
    found = embedded.beside(new_name(), pool=6)
    migrate(found, ROOMS)
    yield found
    found.execute(f"DROP DATABASE {found.database} SYNC")
    found.close()


def by_token(store: Store, base_url: str = "http://throughline.test", **roles: str) -> Client:
    """The server where access is by token: the names are the tokens, each with its one role."""
    entries = tuple(
        (hashlib.sha256(token.encode()).hexdigest(), Principal(token, world.TENANT, frozenset({role})))
        for token, role in roles.items()
    )
    return Client(create_app(replace(world.services(store, Access(False, entries)), base_url=base_url)))


@pytest.mark.parametrize("others", ['prefs={"a":1}; ', "a b=1; ", "user[x]=1; ", "=; ; plain; "])
def test_cookies_of_others_that_break_rules_sign_nobody_out(store: Store, others: str) -> None:
    client = by_token(store, ann="read")
    cookies = {"cookie": f"{others}throughline_token=ann"}
    for path in ("/slas", "/rows/alerts", WORKFLOWS):
        assert (path, client.get(path, headers=cookies).status_code) == (path, 200)
        assert client.get(path, headers={"cookie": f"{others}throughline_token=guess"}).status_code in (303, 401)


def test_a_change_with_the_cookie_comes_from_our_own_pages(store: Store) -> None:
    client = by_token(store, ann="operate")
    path, signed_in = "/api/v1/alerts/none/acknowledge", {"cookie": "throughline_token=ann"}
    for origin in ("http://evil.example", "http://throughline.test.evil.example", "null", "http://[", ""):
        refused = client.post(path, headers={**signed_in, "origin": origin})
        assert (origin, refused.status_code) == (origin, 403)
        assert "another site" in refused.json()["detail"]
        assert client.delete("/api/v1/silences/none", headers={**signed_in, "origin": origin}).status_code == 403
        assert client.post("/sign-in", data={"token": "ann"}, headers={"origin": origin}).status_code == 403
    for asked in (
        {**signed_in, "origin": "http://throughline.test"},
        {**signed_in, "origin": "https://pages.example", "host": "pages.example"},
        signed_in,
        {"authorization": "Bearer ann", "origin": "http://evil.example"},
    ):
        assert client.post(path, headers=asked).status_code == 404, asked
    open_to_all = Client(create_app(world.services(store)))
    assert open_to_all.post(path, headers={"origin": "http://evil.example"}).status_code == 403


def test_without_tokens_nobody_gets_in_by_giving_a_name_of_theirs_our_address(store: Store) -> None:
    client = Client(create_app(world.services(store)))
    for host in ("127.0.0.1:8080", "127.0.0.1", "[::1]:8080", "localhost:8080", "LOCALHOST", "throughline.test"):
        assert (host, client.get(WORKFLOWS, headers={"host": host}).status_code) == (host, 200)
    for host in ("evil.example", "127.0.0.1.evil.example:8080", "localhost.evil.example", "", "[", "a@b:c:d"):
        for path in (WORKFLOWS, "/slas", "/rows/alerts"):
            refused = client.get(path, headers={"host": host})
            assert (host, path, refused.status_code) == (host, path, 421)
            assert "--public-url" in refused.json()["detail"]
    by_name = by_token(store, ann="read")
    asked = {"host": "pages.example", "authorization": "Bearer ann"}
    assert by_name.get(WORKFLOWS, headers=asked).status_code == 200, "who has a token may call us anything"


def test_signing_in_leads_on_to_just_the_address_that_was_asked_for(store: Store) -> None:
    client = by_token(store, ann="read")
    asked = "/workflows/orders/instances/A%2F5?events=x%2By&q=%C3%A9"
    form = client.get(asked).headers["location"]
    assert unquote(form) == f"/sign-in?next={asked}"
    following = unescape(client.get(form).text.partition('name="next" value="')[2].partition('"')[0])
    assert client.post("/sign-in", data={"token": "ann", "next": following}).headers["location"] == asked


def test_who_signs_out_is_asked_for_a_token_again(store: Store) -> None:
    client = by_token(store, ann="read")
    client.post("/sign-in", data={"token": "ann", "next": "/"})
    elsewhere = client.post("/sign-out", headers={"origin": "http://elsewhere.test"})
    assert (elsewhere.status_code, client.get("/slas").status_code) == (403, 200), "no other site signs anybody out"
    assert "Sign out" in client.get("/_dash-layout").text
    out = client.post("/sign-out")
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert client.get("/slas").headers["location"] == "/sign-in?next=%2Fslas"
    assert client.get("/sign-inx").headers["location"] == "/sign-in?next=%2Fsign-inx", "a page like any other"
    assert client.post("/sign-out").status_code == 303, "also when nobody is signed in any more"


def test_the_cookie_goes_over_tls_alone_where_something_in_front_ends_tls(store: Store) -> None:
    client = by_token(store, base_url="https://pages.example", ann="read")
    for host, is_secure in (("pages.example", True), ("throughline.test", False)):
        for path in ("/sign-in", "/sign-out"):
            answer = client.post(path, data={"token": "ann"}, headers={"host": host})
            assert (host, path, "Secure" in answer.headers["set-cookie"]) == (host, path, is_secure)


def test_a_token_that_may_not_read_is_told_so(store: Store) -> None:
    client = by_token(store, shipper="ingest", ann="read")
    refused = client.post("/sign-in", data={"token": "shipper", "next": "/slas"})
    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    assert "The token of shipper has no role ‘read’" in refused.text
    cookie = {"cookie": "throughline_token=shipper"}
    assert client.get("/slas", headers=cookie).headers["location"] == "/sign-in?next=%2Fslas"
    assert "has no role ‘read’" in client.get("/sign-in?next=%2Fslas", headers=cookie).text
    assert 'role="alert"' not in client.get("/sign-in").text


@pytest.mark.parametrize("length", [{}, {"content-length": str(8 << 20)}], ids=["in chunks", "with its length"])
def test_nobody_fills_the_memory_with_a_body_token_or_not(store: Store, length: dict[str, str]) -> None:
    client, taken = by_token(store, ann="admin"), 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(64):
            taken += 128 << 10
            yield b" " * (128 << 10)

    token = {"authorization": "Bearer ann"}
    paths = ("/sign-in", "/api/v1/silences", "/_dash-update-component")
    for path, headers in [*((each, token) for each in paths), ("/sign-in", {}), ("/api/v1/silences", {})]:
        taken = 0
        sent = {"content-type": "application/json", **length, **headers}
        assert (path, client.post(path, content=body(), headers=sent).status_code) == (path, 413)
        assert taken <= 2 << 20
