"""The one way to ClickHouse: a small pool of clients, embedded (chDB) or over HTTP, behind the same calls.

Knows no table. Safe for use by several threads: each call takes a client of its own out of the pool and waits for one
where all are busy (a chDB handle serialises its calls). Values are bound by ClickHouse as `{name:Type}` parameters.
Times go in and come out as aware datetimes in UTC.
"""

from __future__ import annotations

import os
import queue
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver import options
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, ProgrammingError

from model import Refused, StoreInUse, StoreUnavailable
from store.errors import translated
from store.lock import FolderLock
from store.sql import Sql

SETTINGS = {
    "async_insert": "0",
    "session_timezone": "UTC",
    "join_use_nulls": "0",
    "output_format_native_write_json_as_string": "1",
    "compile_expressions": "0",
    "compile_aggregate_expressions": "0",
    "compile_sort_description": "0",
    "max_query_size": str(16 << 20),
}
"""Pinned for every statement of ours: an insert is done when the call returns (design fact 6), times are UTC. A
statement may be as long as the longest definition makes it.

Nothing is compiled to machine code: our statements carry values that change, so that each would be compiled anew, which
took a third of a tick."""

DATABASE = "throughline"
PORTION_BYTES = 30_000
"""Of a list in one parameter over HTTP: escaped twice, a byte may become four."""
_BAD_URL = (
    "The ClickHouse URL must read http://host:port or https://host:port, with user:password@ before the host if need "
    "be, percent-encoded where they hold a sign of URLs. Nothing may follow: the tables are in the "
    f"database {DATABASE}."
)

EMBEDDED_FOLDER = "clickhouse"
"""Where in a data folder an embedded store keeps its tables."""


class Store:
    """Open with `Store.embedded` or `Store.server`; close it, or use it in a `with` statement."""

    def __init__(self, connect: _Connector, *, embedded: bool, database: str, pool: int) -> None:
        self.is_embedded = embedded
        self.database = database
        self._connect = connect
        # Rows go in and come out as lists. The client would import pandas at the first insert, 77 MB of memory, to see
        # whether they are not something of its.
        vars(options).update(pd=None, pd_time_test=None)
        self._lock = threading.Lock()
        self._size = pool
        self._clients: list[Client] = []
        self._free: queue.LifoQueue[Client] = queue.LifoQueue()
        try:
            first = connect("default")
            first.command(f"CREATE DATABASE IF NOT EXISTS `{_plain(database)}`")
            first.close()
        except ProgrammingError as error:  # the client's own, of a server that does answer
            raise Refused(f"The tables at {connect.where} cannot be used: {_first_line(error)}") from error
        except ClickHouseError as error:
            found = translated(error)
            if isinstance(found, StoreUnavailable):
                raise StoreUnavailable(f"The tables at {connect.where} cannot be reached. {found}.") from error
            raise found from error

    @classmethod
    def embedded(cls, folder: Path, *, database: str = DATABASE, pool: int = 6) -> Store:
        """The store in a folder of this process; raises `StoreInUse` where another process has it open.

        `folder` is made if it is not there. The tables in it are private to the user, also where it is not.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FolderLock(folder)
        try:
            (folder / EMBEDDED_FOLDER).mkdir(exist_ok=True, mode=0o700)  # the engine would let everybody read
            return cls(_EmbeddedConnector(folder / EMBEDDED_FOLDER, lock), embedded=True, database=database, pool=pool)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def server(cls, url: str, *, database: str = DATABASE, pool: int = 8) -> Store:
        """The store on a ClickHouse server, `http[s]://[user[:password]@]host:port`.

        Raises `Refused` for another URL and where its user may not choose settings, `StoreUnavailable` where it does
        not answer.
        """
        return cls(_ServerConnector(url), embedded=False, database=database, pool=pool)

    def beside(self, database: str, *, pool: int = 2) -> Store:
        """Another database of the same engine, made if it is not there. Closing it leaves this store open."""
        return Store(_Borrowed(self._connect), embedded=self.is_embedded, database=database, pool=pool)

    def see_through(self, table: str, database: str) -> None:
        """Have a table here that shows the rows of the one of that name in another database of the engine."""
        source = f"`{_plain(database)}`.`{_plain(table)}`"
        self.execute(f"CREATE TABLE IF NOT EXISTS `{table}` AS {source} ENGINE = Merge('{database}', '^{table}$')")

    def rows(self, statement: str | Sql, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a SELECT, as dicts by column name."""
        sql = self._bound(statement, params)
        with self._client() as client:
            result = client.query(sql.text, parameters=_values(sql.params))
            return list(result.named_results())

    def value(self, statement: str | Sql, params: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row of a SELECT; None where there is no row."""
        sql = self._bound(statement, params)
        with self._client() as client:
            result = client.query(sql.text, parameters=_values(sql.params))
            return result.result_rows[0][0] if result.result_rows else None

    def raw(self, statement: str | Sql, format_name: str) -> bytes:
        """What a SELECT gives, in a format of ClickHouse: `RowBinary` of one number is a little-endian array."""
        sql = self._bound(statement, None)
        with self._client() as client:
            return client.raw_query(sql.text, parameters=_values(sql.params), fmt=_plain(format_name))

    def execute(self, statement: str | Sql, params: Mapping[str, Any] | None = None) -> None:
        """Run a statement that gives no rows (DDL, INSERT ... SELECT, ALTER)."""
        sql = self._bound(statement, params)
        with self._client() as client:
            client.command(sql.text, parameters=_values(sql.params))

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Append rows; a no-op for none. For small sets: bulk goes by INSERT ... SELECT."""
        if rows:
            with self._client() as client:
                client.insert(table, rows, column_names=list(columns))

    def insert_raw(self, statement: Sql, body: bytes, format_name: str) -> None:
        """Run `INSERT INTO ... SELECT ... FROM input('...') FORMAT <format_name>` with `body` as its data.

        Server only: an embedded store reads the same bytes with `file('<path>', ...)`.
        """
        with self._client() as client:
            client.command(
                f"{statement.text} FORMAT {_plain(format_name)}", parameters=_values(statement.params), data=_Data(body)
            )

    def close(self) -> None:
        """Give every client back to the engine and free the folder. A second call does nothing."""
        with self._lock:
            clients, self._clients = self._clients, []
        for client in clients:
            client.close()
        self._connect.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _bound(self, statement: str | Sql, params: Mapping[str, Any] | None) -> Sql:
        sql = _bound(statement, params)
        return sql if self.is_embedded else _in_portions(sql)

    @contextmanager
    def _client(self) -> Iterator[Client]:
        client = self._take()
        try:
            yield client
        except ClickHouseError as error:
            raise translated(error) from error
        finally:
            self._free.put(client)

    def _take(self) -> Client:
        try:
            return self._free.get_nowait()
        except queue.Empty:
            pass
        with self._lock:
            if len(self._clients) < self._size:
                try:
                    client = self._connect(self.database)
                except ClickHouseError as error:
                    raise translated(error) from error
                self._clients.append(client)
                return client
        return self._free.get()


class _Data(bytes):
    """What goes with a statement and is no text.

    The client looks for SQL in it, to see whether it may be sent again, and would make several copies of all of it.
    """

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002
        """Nothing to be read."""
        return ""


class _EmbeddedConnector:
    def __init__(self, path: Path, lock: FolderLock) -> None:
        self._path = path
        self._lock = lock
        self.where = str(path)

    def __call__(self, database: str) -> Client:
        try:
            return clickhouse_connect.get_client(
                interface="chdb", path=str(self._path), database=database, settings=dict(SETTINGS), tz_mode="aware"
            )
        except ProgrammingError as error:
            raise StoreInUse(f"The tables in {self._path} cannot be opened: {_first_line(error)}") from error

    def close(self) -> None:
        self._lock.release()


class _ServerConnector:
    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port or (8443 if parts.scheme == "https" else 8123)
        except ValueError:  # its text may quote a password
            raise Refused(_BAD_URL) from None
        more = parts.path.strip("/") or parts.query or parts.fragment
        if parts.scheme not in {"http", "https"} or not parts.hostname or more:
            raise Refused(_BAD_URL)
        self._parts = parts
        self.where = f"{parts.scheme}://{parts.hostname}:{parts.port or ''}".rstrip(":")

    def __call__(self, database: str) -> Client:
        return clickhouse_connect.get_client(
            interface=self._parts.scheme,
            host=self._parts.hostname,
            port=self._port,
            username=unquote(self._parts.username or "") or os.environ.get("THROUGHLINE_CLICKHOUSE_USER", "default"),
            password=unquote(self._parts.password or "") or os.environ.get("THROUGHLINE_CLICKHOUSE_PASSWORD", ""),
            database=database,
            settings=dict(SETTINGS),
            tz_mode="aware",
            autogenerate_session_id=False,
            connect_timeout=5,
            send_receive_timeout=300,
        )

    def close(self) -> None:
        """Nothing is held beyond the clients."""


class _Borrowed:
    """The connector of a store that stays open."""

    where: str

    def __init__(self, connect: _Connector) -> None:
        self._connect = connect
        self.where = connect.where

    def __call__(self, database: str) -> Client:
        return self._connect(database)

    def close(self) -> None:
        """The lender closes it."""


_Connector = _EmbeddedConnector | _ServerConnector | _Borrowed


def _bound(statement: str | Sql, params: Mapping[str, Any] | None) -> Sql:
    sql = statement if isinstance(statement, Sql) else Sql(statement)
    return Sql(sql.text, {**sql.params, **params}) if params else sql


def _in_portions(sql: Sql) -> Sql:
    """The same with every long list as several parameters: over HTTP a server takes 128 KiB as the value of one."""
    text, values = sql.text, dict(sql.params)
    for name, value in sql.params.items():
        if not isinstance(value, list) or _size(value) <= PORTION_BYTES:
            continue
        del values[name]
        portions: list[list[Any]] = [[]]
        size = 0
        for each in value:
            size += _size([each])
            if portions[-1] and size > PORTION_BYTES:
                portions.append([])
                size = _size([each])
            portions[-1].append(each)
        values |= {f"{name}_portion_{number}": portion for number, portion in enumerate(portions)}

        def joined(found: re.Match[str], name: str = name, count: int = len(portions)) -> str:
            parts = ", ".join(f"{{{name}_portion_{number}:{found[1]}}}" for number in range(count))
            return f"arrayConcat({parts})"

        text = re.sub(rf"\{{{name}:([^{{}}]+)\}}", joined, text)
    return Sql(text, values)


def _size(values: list[Any]) -> int:
    return sum(len(str(each).encode()) + 3 for each in values)


def _values(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in params.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without a zone was given to the store")
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value


def _plain(name: str) -> str:
    if not name.replace("_", "").isalnum():
        raise ValueError(f"not a plain name: {name!r}")
    return name


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
