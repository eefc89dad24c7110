"""Parquet files become the records that other formats give; times, numbers, bytes and structs as they are meant."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from model import CatalogError
from store import Store
from tests.collector.import_file_cases import imported, records, shop


def parquet(path: Path, **columns: pyarrow.Array) -> Path:
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_local_times_of_parquet_are_in_the_zone_of_the_mapping(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    path = parquet(
        tmp_path / "orders.parquet",
        id=pyarrow.array(["1", "2"]),
        at=pyarrow.array([datetime(2026, 7, 1, 12, 0, 0, 5)] * 2, pyarrow.timestamp("us")),  # noqa: DTZ001 - local
        kind=pyarrow.array(["placed", "placed"]),
        instant=pyarrow.array([datetime(2026, 7, 1, 12, tzinfo=UTC)] * 2, pyarrow.timestamp("ms", tz="UTC")),
        due=pyarrow.array([None, datetime(2026, 7, 2, 12)], pyarrow.timestamp("ms")),  # noqa: DTZ001 - local
    )
    mapping = shop(
        format="parquet",
        time={"column": "at", "zone": "Europe/Berlin"},
        attributes={"instant": "instant", "due": "due"},
    )
    imported(store, path, mapping)
    same = {"at": "2026-07-01T10:00:00.000005Z", "type": "placed", "instant": "2026-07-01T12:00:00.000Z"}
    assert records(store) == [{"id": "1", **same}, {"id": "2", **same, "due": "2026-07-02T12:00:00.000"}]


def test_local_times_within_structs_maps_and_lists_are_local_too(store: Store, tmp_path: Path) -> None:
    instant = datetime(2026, 7, 1, 12, tzinfo=UTC)
    local = instant.replace(tzinfo=None)
    kind = pyarrow.timestamp("ms")
    times = pyarrow.struct([("l'ocal", kind), ("instant", pyarrow.timestamp("ms", tz="UTC"))])
    path = parquet(
        tmp_path / "orders.parquet",
        id=pyarrow.array(["1"]),
        kind=pyarrow.array(["placed"]),
        times=pyarrow.array([{"l'ocal": local, "instant": instant}], times),
        by=pyarrow.array([[("paid", local)]], pyarrow.map_(pyarrow.string(), kind)),
        tried=pyarrow.array([[local, None]], pyarrow.list_(kind)),
    )
    attributes = {"paid": "by.paid", "instant": "times.instant", "tried": "tried"}
    time = {"column": "times.l'ocal", "zone": "Europe/Berlin"}
    imported(store, path, shop(format="parquet", time=time, attributes=attributes))
    assert records(store) == [
        {
            "id": "1",
            "at": "2026-07-01T10:00:00Z",
            "type": "placed",
            "paid": "2026-07-01 12:00:00.000",
            "instant": "2026-07-01T12:00:00.000Z",
            "tried": '["2026-07-01 12:00:00.000",null]',
        }
    ]


def test_decimals_of_parquet_keep_all_their_digits(store: Store, tmp_path: Path) -> None:
    numbers = ["12345678901234.5678", "-99999999999999999999999999.9999", "0.25"]
    path = parquet(
        tmp_path / "orders.parquet",
        id=pyarrow.array([1, 2, 3]),
        at=pyarrow.array(["2026-01-02"] * 3),
        kind=pyarrow.array(["placed"] * 3),
        order=pyarrow.array([Decimal(each) for each in numbers], pyarrow.decimal128(30, 4)),
    )
    imported(store, path, shop(format="parquet"))
    assert [row["order"] for row in records(store)] == numbers


@pytest.mark.parametrize("name", ["*.parquet", "{a,b}.parquet", "?.parquet", "it's [1].parquet"])
def test_the_name_of_a_parquet_file_is_no_pattern(store: Store, tmp_path: Path, name: str) -> None:
    for n, each in enumerate([name, "a.parquet", "b.parquet"]):
        parquet(
            tmp_path / each,
            id=pyarrow.array([str(n)]),
            at=pyarrow.array(["2026-01-02"]),
            kind=pyarrow.array(["placed"]),
            order=pyarrow.array([each]),
        )
    imported(store, tmp_path / name, shop(format="parquet"))
    assert [row["order"] for row in records(store)] == [name]


def test_a_struct_within_a_struct_of_parquet_is_read(store: Store, tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "orders.parquet",
        id=pyarrow.array(["1"]),
        at=pyarrow.array(["2026-01-02"]),
        kind=pyarrow.array(["placed"]),
        order=pyarrow.array([{"no": "SO-1", "to": {"town": "Ulm", "code": 7}}]),
        tags=pyarrow.array([[("colour", "red")]], pyarrow.map_(pyarrow.string(), pyarrow.string())),
    )
    attributes = {"no": "order.no", "town": "order.to.town", "colour": "tags.colour"}
    imported(store, path, shop(format="parquet", attributes=attributes))
    at = "2026-01-02T00:00:00Z"
    assert records(store) == [{"id": "1", "at": at, "type": "placed", "no": "SO-1", "town": "Ulm", "colour": "red"}]


def test_bytes_of_parquet_cost_a_row_only_where_their_column_is_read(store: Store, tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "orders.parquet",
        id=pyarrow.array(["1", "2"]),
        at=pyarrow.array(["2026-01-02"] * 2),
        kind=pyarrow.array(["placed"] * 2),
        order=pyarrow.array([b"SO-1", b"\xff"]),
        photo=pyarrow.array([b"\xff\xd8", None]),
        digest=pyarrow.array([b"\x80\x81", b"a\x00"], pyarrow.binary(2)),
    )
    report = imported(store, path, shop(format="parquet"))
    assert [row["order"] for row in records(store)] == ["SO-1"]
    assert report.reasons == {"not utf-8": 1}


def test_a_column_parquet_does_not_have_is_named_with_the_nearest(store: Store, tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "orders.parquet",
        id=pyarrow.array(["1"]),
        at=pyarrow.array(["2026-01-02"]),
        kind=pyarrow.array(["placed"]),
        order=pyarrow.array([{"no": "SO-1"}]),
    )
    with pytest.raises(CatalogError) as caught:
        imported(store, path, shop(format="parquet", attributes={"no": "order.nr", "size": "id.null", "to": "town"}))
    assert str(caught.value).splitlines()[0] == (
        "mapping: attributes.no: orders.parquet has no column 'order.nr' (did you mean 'order.no'?)"
    )
    assert len(caught.value.problems) == 3


def test_parquet_gives_the_same_records(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    make = (
        "import chdb, sys; chdb.query(\"INSERT INTO FUNCTION file('\" + sys.argv[1] + \"', 'Parquet') "
        "SELECT * FROM values("
        "'id UInt64, at DateTime64(3, \\\\'UTC\\\\'), kind String, order Nullable(String), lines Array(UInt8)', "
        "(1, '2026-01-02 03:04:05.5', 'placed', 'SO-1', [1, 2]), (2, '2026-01-03 00:00:00', 'shipped ', NULL, []))\")"
    )
    subprocess.run([sys.executable, "-c", make, str(path)], check=True)
    report = imported(store, path, shop(format="parquet", attributes={"order": "order", "lines": "lines"}))
    assert (report.accepted, report.rejected) == (2, 0)
    assert records(store) == [
        {"id": "1", "at": "2026-01-02T03:04:05.500000Z", "type": "placed", "order": "SO-1", "lines": "[1,2]"},
        {"id": "2", "at": "2026-01-03T00:00:00Z", "type": "shipped", "lines": "[]"},
    ]
