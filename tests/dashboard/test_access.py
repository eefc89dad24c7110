"""Who gets in: by header or cookie, for pages and the API alike, and from which sites."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard import create_app
from model import Access, Principal
from store import Store, migrate
from tests.conftest import ROOMS, new_name
from tests.dashboard import world
from tests.dashboard.asgi import Client

WORKFLOWS = "/api/v1/workflows"


@pytest.fixture(scope="module")
def store(embedded_folder: Path) -> Iterator[Store]:
    """Tables without rows, once for all: who may come in is not for the store to say."""
    found = Store.embedded(embedded_folder, database=new_name())
    migrate(found, ROOMS)
    yield found
    found.execute(f"DROP DATABASE {found.database} SYNC")
    found.close()


def by_token(store: Store, **roles: str) -> Client:
    """The server where access is by token: the names are the tokens, each with its one role."""
    entries = tuple(
        (hashlib.sha256(token.encode()).hexdigest(), Principal(token, world.TENANT, frozenset({role})))
        for token, role in roles.items()
    )
    return Client(create_app(world.services(store, Access(False, entries))))


@pytest.mark.parametrize("others", ['prefs={"a":1}; ', "a b=1; ", "user[x]=1; ", "=; ; plain; "])
def test_cookies_of_others_that_break_rules_sign_nobody_out(store: Store, others: str) -> None:
    client = by_token(store, ann="read")
    cookies = {"cookie": f"{others}throughline_token=ann"}
    for path in ("/slas", "/rows/alerts", WORKFLOWS):
        assert (path, client.get(path, headers=cookies).status_code) == (path, 200)
        assert client.get(path, headers={"cookie": f"{others}throughline_token=guess"}).status_code in (303, 401)
