"""The store keeps its promises over both engines: bound values, aware times, errors that say whether to try again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from model import Refused, StoreUnavailable
from store import Sql, StatementFailed, Store
from tests.support.clickhouse_server import ClickHouseServer


def test_times_go_in_and_come_out_as_aware_utc_instants(empty_store: Store) -> None:
    empty_store.execute("CREATE TABLE t (at DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY at")
    at = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    empty_store.insert("t", ["at"], [[at]])
    assert empty_store.rows("SELECT at FROM t WHERE at = {at:DateTime64(6)}", {"at": at}) == [{"at": at}]
    assert empty_store.value("SELECT at FROM t").tzinfo == UTC


def test_a_time_without_a_zone_is_refused(empty_store: Store) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        empty_store.value("SELECT {at:DateTime64(6)}", {"at": datetime(2026, 1, 1)})  # noqa: DTZ001


@pytest.mark.parametrize("value", ["O'Brien", "a\\b", "line\nbreak", "{x:String}", "'; DROP TABLE t; --", "ü€", "\t"])
def test_a_bound_value_comes_back_as_it_was_given(empty_store: Store, value: str) -> None:
    assert empty_store.value("SELECT {v:String}", {"v": value}) == value
    assert empty_store.value("SELECT {v:Array(String)}", {"v": [value, "x"]}) == [value, "x"]


def test_a_refused_statement_says_so_with_the_servers_code(empty_store: Store) -> None:
    with pytest.raises(StatementFailed) as caught:
        empty_store.rows("SELECT nothing_of_that_name")
    assert caught.value.code == 47
    assert not caught.value.retryable


def test_a_server_that_is_not_there_is_worth_another_try() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Store.server("http://127.0.0.1:1")
    assert caught.value.retryable


@pytest.mark.parametrize(
    "url",
    [
        *(
            "127.0.0.1:8123",
            "http://",
            "http://host:port",
            "http://host:99999",
            "http://[::1",
            "http://u:se/cret@host:8123",
        ),
        *("http://host:8123/secret", "http://host:8123/?database=secret", "http://u:secret#@host:8123"),
    ],
)
def test_a_url_of_which_something_would_be_left_out_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(Refused, match=r"must read http://host:port.* database throughline") as caught:
        Store.server(url)
    assert "secret" not in str(caught.value)


@pytest.mark.server
def test_user_and_password_in_a_url_are_percent_encoded(clickhouse_server: ClickHouseServer) -> None:
    with pytest.raises(StatementFailed, match=r"a/b@c: Authentication failed"):
        Store.server(clickhouse_server.url.replace("http://", "http://a%2Fb%40c:p%23@"))


def test_parts_of_a_statement_join_with_their_values() -> None:
    where = Sql.joined([Sql("a = {a:UInt8}", {"a": 1}), Sql("b = {b:UInt8}", {"b": 2})], "AND")
    assert where == Sql("a = {a:UInt8} AND b = {b:UInt8}", {"a": 1, "b": 2})
    with pytest.raises(ValueError, match="two different values"):
        _ = Sql("{a:UInt8}", {"a": 1}) + Sql("{a:UInt8}", {"a": 2})


def test_several_threads_use_the_store_at_once(empty_store: Store) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as threads:
        assert sorted(threads.map(lambda n: empty_store.value("SELECT {n:UInt32} + 0", {"n": n}), range(64))) == [
            *range(64)
        ]


def test_a_list_longer_than_a_server_takes_in_one_parameter_arrives_whole_and_in_order(store: Store) -> None:
    values = [f"{number:05}{chr(9)}\\'" + "ü" * 100 for number in range(2_000)]
    params = {"values": values, "numbers": list(range(20_000)), "short": ["a"]}
    statement = (
        "SELECT {values:Array(String)} AS found, length({numbers:Array(UInt64)}) AS n, "
        "(SELECT count() FROM numbers(30000) WHERE number IN {numbers:Array(UInt64)}) AS among, "
        "(SELECT count() FROM numbers(9) WHERE toString(number) IN {values:Array(String)}) AS none, "
        "{short:Array(String)}[1] AS a"
    )
    [row] = store.rows(statement, params)
    assert row == {"found": values, "n": 20_000, "among": 20_000, "none": 0, "a": "a"}
