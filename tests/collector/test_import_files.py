"""Rows of files become log records as the mapping says; those that cannot be taken are set aside with the reason."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
import os
import stat
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zstandard

from collector.importing import ImportProgress, ImportReport, import_file, load_mapping
from model import BadRequest, CatalogError, ManualClock, Refused
from store import Store, migrate
from tests.collector.import_file_cases import EXPECTED, NOW, PLAIN, SHOP, imported, records, shop


def test_each_row_that_cannot_be_taken_has_its_line_and_reason(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = [
        *("1,2026-01-02,placed,SO-1", ",2026-01-02,placed,SO-1", "3,2026-01-02,  ,SO-1", "4,,placed,SO-1"),
        *(
            "5,2026-02-30,placed,SO-1",
            "6,9999-12-31,placed,SO-1",
            "7,2026-01-02",
            "8,2026-01-02,placed,SO-1,more,still",
        ),
        *("9,2026-01-02T25:00:00Z,placed,SO-1", "", "10,2026-01-02,placed,"),
    ]
    path.write_text("id,at,kind,order\n" + "\n".join(rows) + "\n")
    report = imported(store, path, shop())
    assert [row["id"] for row in records(store)] == ["1", "10"]
    assert "order" not in records(store)[1]
    assert report.reasons == {
        "unreadable time in column at": 2,
        "fewer columns than the header": 1,
        "more columns than the header": 1,
        "no id in column id": 1,
        "no time in column at": 1,
        "no type in column kind": 1,
        "time out of range in column at": 1,
    }
    assert report.rejected_file == str(tmp_path / "orders.csv.rejected.csv")
    with Path(report.rejected_file).open(newline="") as file:
        lines = {row[0]: row for row in csv.reader(file)}
    assert lines["8"] == ["8", "fewer columns than the header", "7", "2026-01-02"]
    assert lines["9"] == ["9", "more columns than the header", "8", "2026-01-02", "placed", "SO-1", "more", "still"]


@pytest.mark.parametrize("extra", [9, 10, 40])
def test_a_row_with_many_more_columns_than_the_header_is_rejected(store: Store, tmp_path: Path, extra: int) -> None:
    path = tmp_path / "orders.csv"
    row = "2,2026-01-02,placed,SO-2"
    path.write_text(f"id,at,kind,order\n1,2026-01-02,placed,SO-1{',' * 8}\n{row}{',' * extra}lost\n")
    assert imported(store, path, shop()).reasons == {"more columns than the header": 1}
    assert [row["id"] for row in records(store)] == ["1"]


def test_rejected_rows_once_mended_are_imported_with_the_same_mapping(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("id;line;at;kind;reason;order\n1;10;never;placed;späte Lieferung;SO-1\n".encode("cp1252"))
    attributes = {"line": "line", "reason": "reason", "order": "order"}
    mapping = shop(delimiter=";", encoding="cp1252", attributes=attributes)
    rejected = Path(imported(store, path, mapping).rejected_file or "")
    rejected.write_bytes(rejected.read_bytes().replace(b"never", b"2026-01-02"))
    assert imported(store, rejected, mapping).accepted == 1
    assert records(store) == [
        {
            "id": "1",
            "at": "2026-01-02T00:00:00Z",
            "type": "placed",
            "line": "10",
            "reason": "späte Lieferung",
            "order": "SO-1",
        }
    ]


def test_the_rejected_rows_go_where_they_are_asked_to(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN + "3,never,placed,SO-3\n")
    target = tmp_path / "elsewhere.csv"
    assert imported(store, path, shop(), rejected=target).rejected_file == str(target)
    assert target.read_text().splitlines()[1] == "4,unreadable time in column at,3,never,placed,SO-3"


@pytest.mark.parametrize("before", [None, 0o644])
def test_the_rejected_rows_are_private_to_the_user(store: Store, tmp_path: Path, before: int | None) -> None:
    path, target = tmp_path / "orders.csv", tmp_path / "orders.csv.rejected.csv"
    path.write_text(PLAIN + "3,never,placed,SO-3\n")
    if before is not None:
        target.touch()
        target.chmod(before)
    imported(store, path, shop())
    assert "never" in target.read_text()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("format_", "zone", "written", "at"),
    [
        ("iso", "Europe/Berlin", "2026-07-01 12:00", "2026-07-01T10:00:00Z"),
        ("iso", "Europe/Berlin", "2026-07-01T12:00:00+00:00", "2026-07-01T12:00:00Z"),
        ("iso", "Europe/Berlin", "2026-01-08", "2026-01-07T23:00:00Z"),
        ("iso", "UTC", "2026-07-01T12:00:00.123456Z", "2026-07-01T12:00:00.123456Z"),
        ("%d-%b-%y", "UTC", "2-Jun-06", "2006-06-02T00:00:00Z"),
        ("%m/%d/%Y %H:%M", "America/New_York", "4/1/2016 21:05", "2016-04-02T01:05:00Z"),
        ("%d.%m.%Y %I:%M:%S %p", "UTC", "3.11.2016 9:05:06 PM", "2016-11-03T21:05:06Z"),
        ("%B %d, %Y", "UTC", "June 2, 2006", "2006-06-02T00:00:00Z"),
        ("%Y-%m-%d %H:%M:%S.%f", "UTC", "2026-01-02 03:04:05.250000", "2026-01-02T03:04:05.250000Z"),
        ("%Y%m%d", "UTC", "20260102", "2026-01-02T00:00:00Z"),
        ("%d/%m/%Y %T %z", "UTC", "02/01/2026 03:04:05 +0530", "2026-01-01T21:34:05Z"),
        (["%d-%b-%y", "%m/%d/%y"], "UTC", "11/13/06", "2006-11-13T00:00:00Z"),
        ("%d/%m/%Y", "UTC", "01/05/1965", "1965-05-01T00:00:00Z"),
        ("%d/%m/%Y %T %z", "Europe/Berlin", "02/07/2026 03:04:05 +05:30", "2026-07-01T21:34:05Z"),
        ("%d/%m/%Y %T %z", "Europe/Berlin", "02/07/2026 03:04:05 Z", "2026-07-02T03:04:05Z"),
        ("%a %b %d %H:%M:%S %z %Y", "UTC", "Fri Jan 02 03:04:05 -08:00 2026", "2026-01-02T11:04:05Z"),
        ("%Y%m%d-%H:%M%z", "UTC", "20260102-03:04Z", "2026-01-02T03:04:00Z"),
        ("iso", "Europe/Berlin", "2026-03-29 01:59", "2026-03-29T00:59:00Z"),
        ("iso", "Europe/Berlin", "2026-03-29 02:30", "2026-03-29T01:30:00Z"),
        ("iso", "Europe/Berlin", "2026-03-29 03:00", "2026-03-29T01:00:00Z"),
        ("iso", "Europe/Berlin", "2026-03-29T02:30:00+02:00", "2026-03-29T00:30:00Z"),
        ("iso", "Europe/Berlin", "2026-10-25 02:30", "2026-10-25T00:30:00Z"),
        ("iso", "Europe/London", "2026-03-29 01:30", "2026-03-29T01:30:00Z"),
        ("%d.%m.%Y %H:%M", "America/New_York", "08.03.2026 02:30", "2026-03-08T07:30:00Z"),
        ("iso", "UTC", "2026-01-02T03:04:05-12:00", "2026-01-02T15:04:05Z"),
        ("%d-%b-%y", "UTC", "2-Jun-68", "2068-06-02T00:00:00Z"),
        ("%d-%b-%y", "UTC", "2-Jun-69", "1969-06-02T00:00:00Z"),
        ("%b %e %y", "UTC", "Jun  2 69", "1969-06-02T00:00:00Z"),
        ("%d%m%y", "UTC", "690169", None),
        ("%m%d%y%H%M", "UTC", "0102266900", None),
        ("%m%d%y%H%M", "UTC", "0102260359", "2026-01-02T03:59:00Z"),
        ("%D %T", "America/New_York", "12/31/69 23:00:00", "1970-01-01T04:00:00Z"),
        ("%y-%m-%d %H:%M %z", "UTC", "69-01-01 00:30 +05:30", "1968-12-31T19:00:00Z"),
        ("%z %H:%M %d/%m/%y", "UTC", "-0800 23:30 31/12/69", "1970-01-01T07:30:00Z"),
    ],
)
def test_times_are_read_as_the_mapping_says(
    store: Store, tmp_path: Path, format_: str | list[str], zone: str, written: str, at: str | None
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f'id,at,kind,order\n1,"{written}",placed,SO-1\n')
    imported(store, path, shop(time={"column": "at", "format": format_, "zone": zone}))
    assert [row["at"] for row in records(store)] == ([at] if at else [])


@pytest.mark.parametrize(
    ("format_", "written"),
    [
        *(("iso", "2024-00-10"), ("iso", "2024-10-00"), ("iso", "2024-00-00"), ("iso", "0000-01-01")),
        *(("iso", "2024-13-01"), ("iso", "2024-01-32"), ("iso", "2023-02-29"), ("iso", "2024-01-02T03:04:60Z")),
        *(("iso", "2024-01-02T03:04:05+25:00"), ("iso", "2024-01-02T03:04:05+01:60")),
        *(("%d/%m/%Y %T %z", "02/01/2024 03:04:05 +2500"), ("%d/%m/%Y %T %z", "02/01/2024 03:04:05 +01:60")),
        *(("%d/%m/%Y %T %z", "02/01/2024 03:04:05"), ("%d/%m/%Y", "00/01/2024"), ("%d/%m/%Y", "01/00/2024")),
    ],
)
def test_a_time_that_does_not_exist_is_refused(store: Store, tmp_path: Path, format_: str, written: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f"id,at,kind,order\n1,{written},placed,SO-1\n")
    report = imported(store, path, shop(time={"column": "at", "format": format_, "zone": "Europe/Berlin"}))
    assert (report.accepted, report.reasons) == (0, {"unreadable time in column at": 1})


@pytest.mark.parametrize("format_", ["iso", "%Y-%m-%d %H:%M"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])
def test_times_around_the_changes_of_the_clocks_are_those_of_the_zone(
    store: Store, tmp_path: Path, format_: str, zone: str
) -> None:
    path = tmp_path / "orders.csv"
    days = [datetime(year, month, 1, tzinfo=UTC) for year in (1985, 2026) for month in (3, 4, 10, 11)]
    days.append(datetime(2011, 12, 29, tzinfo=UTC))
    shown = [day + timedelta(minutes=30 * n) for day in days for n in range(48 * (3 if day.day == 29 else 30))]
    rows = "".join(f"{n:05},{at:%Y-%m-%d %H:%M},placed,SO-1\n" for n, at in enumerate(shown))
    path.write_text("id,at,kind,order\n" + rows)
    imported(store, path, shop(time={"column": "at", "format": format_, "zone": zone}))
    wanted = [at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).isoformat().replace("+00:00", "Z") for at in shown]
    assert [row["at"] for row in records(store)] == wanted


def test_without_an_id_column_equal_rows_are_the_same_event(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("at,kind,order\n2026-01-02,placed,SO-1\n2026-01-02,placed,SO-1\n2026-01-02,placed,SO-2\n")
    imported(store, path, shop(id=None))
    ids = [row["id"] for row in records(store)]
    assert len(ids) == 3
    assert len(set(ids)) == 2
    assert all(len(each) == 32 for each in ids)


def test_expressions_make_attributes_and_what_does_not_convert_is_left_out(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id,at,kind,order no,net\n1,2026-01-02,placed,0042-10,1.5\n2,2026-01-02,placed,77,much\n")
    attributes = {
        "order": {"sql": "splitByChar('-', `order no`)[1]"},
        "gross": {"sql": "round(toFloat64OrNull(net) * 2, 2)"},
        "size": {"sql": "if(toFloat64OrZero(net) > 1, 'big', NULL)"},
    }
    imported(store, path, shop(attributes=attributes))
    assert records(store) == [
        {"id": "1", "at": "2026-01-02T00:00:00Z", "type": "placed", "order": "0042", "gross": "3", "size": "big"},
        {"id": "2", "at": "2026-01-02T00:00:00Z", "type": "placed", "order": "77"},
    ]


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_expressions_that_do_not_fit_together_are_named_before_anything_is_stored(
    store: Store, tmp_path: Path, format_: str
) -> None:
    path = tmp_path / "orders"
    path.write_text(PLAIN if format_ == "csv" else '{"id": 1, "at": "2026-01-02", "kind": "placed"}\n')
    wrong = {
        "number": "kind * 2",
        "pattern": "match(kind, '(')",
        "behind a condition": "if(kind = 'x', match(kind, '('), 0)",
        "like": "kind LIKE 'a\\\\'",
        "types": "toInt64OrNull(id) = kind",
        "format": "formatDateTime(toDateOrNull(at), '%Y%')",
    }
    right = {"day": {"sql": "formatDateTime(toDateOrNull(at), '%F')"}, "order": "kind"}
    with pytest.raises(CatalogError) as caught:
        imported(store, path, shop(format=format_, attributes={**right, **{k: {"sql": v} for k, v in wrong.items()}}))
    problems = caught.value.problems
    assert [each.path for each in problems] == [f"attributes.{name}.sql" for name in wrong]
    assert all(each.message.startswith("the expression is wrong: ") for each in problems)
    assert records(store) == []
    assert store.value("SELECT count() FROM imports") == 0


def test_a_column_the_file_does_not_have_is_named_with_the_nearest(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN)
    with pytest.raises(CatalogError) as caught:
        imported(store, path, shop(attributes={"order": "ordre", "both": {"sql": "concat(kind, orders)"}}))
    assert str(caught.value) == (
        "mapping: attributes.order: orders.csv has no column 'ordre' (did you mean 'order'?)\n"
        "mapping: attributes.both.sql: orders.csv has no column 'orders' (did you mean 'order'?)"
    )


def test_json_lines_give_records_and_reasons(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    rows: list[Any] = [
        {
            "id": 1,
            "at": "2026-01-02T03:04:05Z",
            "kind": "placed",
            "order": {"no": "SO-1"},
            "lines": [1, 2],
            "net": 12.5,
        },
        {"id": 2, "at": "2026-01-02T03:04:05Z", "kind": "placed", "order.no": "SO-2", "lines": None, "net": True},
        [1],
        {"id": None, "at": "2026-01-02T03:04:05Z", "kind": "placed"},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n{broken\n")
    attributes = {"order": "order.no", "lines": "lines", "net": "net", "up": {"sql": "upper(order.no)"}}
    report = imported(store, path, shop(format="jsonl", attributes=attributes))
    at = "2026-01-02T03:04:05Z"
    assert records(store) == [
        {"id": "1", "at": at, "type": "placed", "order": "SO-1", "lines": "[1,2]", "net": "12.5", "up": "SO-1"},
        {"id": "2", "at": at, "type": "placed", "order": "SO-2", "net": "true", "up": "SO-2"},
    ]
    assert report.reasons == {"not a JSON object": 2, "no id in column id": 1}
    assert Path(report.rejected_file or "").read_text().splitlines()[-1] == "6,not a JSON object,{broken"


def test_blank_lines_of_json_lines_are_no_rows_whatever_they_are_blank_of(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    row = '{"id": 1, "at": "2026-01-02", "kind": "placed"}'
    path.write_bytes(f"{row}\r\n\r\n \t\r\n\n{row.replace('1', '2')}\r\n\r\n".encode())
    report = imported(store, path, shop(format="jsonl"))
    assert (report.accepted, report.rejected) == (2, 0)


def test_long_numbers_of_json_lines_keep_all_their_digits(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    numbers = [
        "12345678901234.5678",
        "-0.12345678901234567890",
        "1.00000000000000001e-7",
        "123456789012345678901234567890",
    ]
    numbers += ["12.50", "1e3", "1001.0", "18446744073709551615"]
    start = '"at": "2026-01-02", "kind": "a", "x": ": 12345678901234.5678"'
    rows = [f'{{"id": {n}, {start}, "o": {{"net" : {number}, "a": 1}}}}' for n, number in enumerate(numbers)]
    rows[1:1] = [
        '{"id": "0a", "at": "2026-01-02", "kind": "a\\": 12345678901234.5678, ", "o": {"net":12345678901234.5678}}'
    ]
    path.write_text("\n".join(rows))
    attributes = {"net": "o.net", "twice": {"sql": "concat(o.net, ' ', o.net)"}}
    assert imported(store, path, shop(format="jsonl", attributes=attributes)).rejected == 0
    found = records(store)
    kept = [*numbers[:1], numbers[0], *numbers[1:4], "12.5", "1000", "1001", numbers[-1]]
    assert [row["net"] for row in found] == kept
    assert [row["twice"] for row in found] == [f"{each} {each}" for each in kept]
    assert found[1]["type"] == 'a": 12345678901234.5678,'


@pytest.mark.parametrize(
    ("content", "format_", "message"),
    [
        pytest.param(b"", "csv", "is empty", id="an empty file"),
        pytest.param(gzip.compress(PLAIN.encode() * 9)[:-30], "csv", "is damaged", id="a gzip file cut short"),
        pytest.param(bz2.compress(PLAIN.encode()), "csv", "is compressed with bzip2; only gzip and zstd", id="bzip2"),
        pytest.param(lzma.compress(PLAIN.encode()), "jsonl", "is compressed with xz; only gzip and zstd", id="xz"),
        pytest.param(
            zstandard.compress(PLAIN.encode() * 9)[:-9], "csv", "is damaged.*within a zstd", id="zstd cut short"
        ),
        pytest.param(zstandard.compress(PLAIN.encode()) + b"more", "csv", "is damaged", id="zstd with more behind it"),
        pytest.param(b"\x28\xb5\x2f\xfdnonsense", "csv", "is damaged", id="not really zstd"),
        pytest.param(PLAIN.encode(), "parquet", "is not Parquet", id="CSV called Parquet"),
        pytest.param(
            b"PAR1 and then nothing",
            "parquet",
            r"cannot be read as Parquet: Not a Parquet file \(wrong magic bytes at the end of file\)\.$",
            id="broken Parquet",
        ),
        pytest.param(b"PAR1 and then nothing", "csv", "is Parquet", id="Parquet called CSV"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_refused_in_one_line(
    store: Store, tmp_path: Path, content: bytes, format_: str, message: str
) -> None:
    path = tmp_path / "orders"
    path.write_bytes(content)
    with pytest.raises(BadRequest, match=message) as caught:
        imported(store, path, shop(format=format_))
    assert "\n" not in str(caught.value)


def test_what_is_no_plain_file_is_refused_by_what_it_is(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    for name, message in {
        ".": r"^\. is a folder; an import needs a file\.$",
        "pipe": "pipe is a pipe; an import needs a file",
        "/dev/null": "/dev/null is a device; an import needs a file",
        "-": "an import reads its file more than once, not standard input",
        os.fsdecode(b"gr\xfcn.csv"): r"The name gr\\xfcn\.csv is not UTF-8",
    }.items():
        with pytest.raises(BadRequest, match=message):
            imported(store, Path(name), shop())


def test_rejected_rows_overwrite_neither_the_file_nor_its_mapping(store: Store, tmp_path: Path) -> None:
    path, mapping, link = tmp_path / "orders.csv", tmp_path / "mapping.yaml", tmp_path / "link.csv"
    path.write_text(PLAIN + "3,never,placed,SO-3\n")
    mapping.write_text(json.dumps({**SHOP, "attributes": {"order": "order"}}))
    link.hardlink_to(path)
    before = [path.read_text(), mapping.read_text()]
    for target, what in ((path, "the file that is"), (link, "the file that is"), (mapping, "its mapping")):
        with pytest.raises(BadRequest, match=f"cannot be written to {target}: that is {what}"):
            imported(store, path, load_mapping(mapping), rejected=target)
    assert [path.read_text(), mapping.read_text()] == before
    assert records(store) == []


def test_where_rejected_rows_cannot_be_written_nothing_is_imported(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN + "3,never,placed,SO-3\n")
    with pytest.raises(BadRequest, match=f"there is no folder {tmp_path}/none"):
        imported(store, path, shop(), rejected=tmp_path / "none" / "rejected.csv")
    with pytest.raises(BadRequest, match="that is a folder"):
        imported(store, path, shop(), rejected=tmp_path)
    assert records(store) == []


def test_where_rejected_rows_find_no_space_the_import_says_which_and_can_go_on(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN + "3,never,placed,SO-3\n")
    with pytest.raises(BadRequest, match=r"cannot be written to /dev/full: No space left on device\. What is in stays"):
        imported(store, path, shop(), rejected=Path("/dev/full"))
    report = imported(store, path, shop())
    assert (report.accepted, report.rejected, len(records(store))) == (2, 1, 2)
    assert len(Path(report.rejected_file or "").read_text().splitlines()) == 2


def test_nothing_is_stored_of_a_zstd_file_cut_in_the_middle(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.zst"
    rows = "".join(f"{n},2026-01-02,placed,SO-{n * 7919 % 40_000}\n" for n in range(40_000))
    whole = zstandard.compress(("id,at,kind,order\n" + rows).encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadRequest, match="is damaged near byte"):
        imported(store, path, shop())
    assert records(store) == []


def test_a_file_that_is_not_there_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="No such file"):
        imported(store, tmp_path / "none.csv", shop())


def test_a_file_with_a_header_only_is_imported_as_nothing(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id,at,kind,order\n")
    report = imported(store, path, shop())
    assert (report.accepted, report.rejected) == (0, 0)
    assert store.value("SELECT count() FROM segments") == 0


@pytest.mark.parametrize("name", ["orders.csv", "copy.csv"])
def test_a_file_being_imported_is_not_imported_twice_at_once(store: Store, tmp_path: Path, name: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN)
    (tmp_path / name).write_text(PLAIN)
    first = import_file(store, path, shop(), clock=ManualClock(NOW))
    assert isinstance(next(first), ImportProgress)
    with pytest.raises(Refused, match=f"{name} is being imported already"):
        imported(store, tmp_path / name, shop())
    *_, report = first
    assert isinstance(report, ImportReport)
    assert report.accepted == 2
    assert imported(store, tmp_path / name, shop()).already_imported
    assert records(store) == EXPECTED


def test_a_file_being_imported_can_be_imported_elsewhere_and_otherwise(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN)
    first = import_file(store, path, shop(), clock=ManualClock(NOW))
    next(first)
    elsewhere = store.beside(f"{store.database}_elsewhere")
    migrate(elsewhere, ("store", "collector"))
    assert imported(elsewhere, path, shop()).accepted == 2
    assert imported(store, path, shop(source="other")).accepted == 2
    assert imported(store, path, shop(), tenant="acme").accepted == 2
    first.close()
    elsewhere.execute(f"DROP DATABASE {elsewhere.database} SYNC")
    elsewhere.close()


def test_a_lock_that_a_killed_import_left_behind_is_taken_over(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN)
    first = import_file(store, path, shop(), clock=ManualClock(NOW))
    next(first)
    lock = next(tmp_path.glob("*.lock"))
    first.close()
    assert not lock.exists()
    lock.touch(0o600)
    assert imported(store, path, shop()).accepted == 2
    assert not lock.exists()


def test_the_same_file_for_another_tenant_is_another_import(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN)
    imported(store, path, shop())
    assert imported(store, path, shop(), tenant="acme").accepted == 2
    rows = store.rows("SELECT Tenant, count() AS rows FROM otel_logs GROUP BY Tenant ORDER BY Tenant")
    assert rows == [{"Tenant": "acme", "rows": 2}, {"Tenant": "default", "rows": 2}]
