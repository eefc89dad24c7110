"""Users of a ClickHouse server who may not do everything: what they are told, and whether it is worth another try."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from model import Refused, StoreUnavailable
from store import Store
from tests.support.clickhouse_server import ClickHouseServer

USERS = Path(__file__).with_name("restricted_users.xml")


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    server = ClickHouseServer(tmp_path_factory.mktemp("strict"), USERS)
    yield server
    server.kill()


def url_of(server: ClickHouseServer, user: str) -> str:
    return server.url.replace("http://", f"http://{user}@")


@pytest.mark.server
def test_a_quota_that_is_used_up_is_worth_another_try(strict_server: ClickHouseServer) -> None:
    with Store.server(url_of(strict_server, "miser")) as store:

        def spend() -> None:
            for _ in range(6):
                store.value("SELECT * FROM values('a UInt8', 1)")

        with pytest.raises(StoreUnavailable, match="QUOTA_EXCEEDED"):
            spend()


@pytest.mark.server
def test_a_user_who_may_not_choose_settings_is_told_so_not_that_nobody_answers(strict_server: ClickHouseServer) -> None:
    with pytest.raises(Refused, match=f"at {strict_server.url} cannot be used: Setting .* readonly"):
        Store.server(url_of(strict_server, "reader"))
