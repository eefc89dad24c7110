"""Text files in many dialects and encodings become the same log records."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
import zstandard

from collector.importing.dialect import FIELD_CHARACTERS, MAX_COLUMNS
from model import BadRequest
from store import Store
from tests.collector.import_file_cases import EXPECTED, PLAIN, imported, records, shop

DIALECTS = {
    "plain": PLAIN.encode(),
    "no newline at the end": PLAIN.rstrip().encode(),
    "Windows line ends": PLAIN.replace("\n", "\r\n").encode(),
    "old Macintosh line ends": PLAIN.replace("\n", "\r").encode(),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "semicolons": PLAIN.replace(",", ";").encode(),
    "tabs": PLAIN.replace(",", "\t").encode(),
    "bars": PLAIN.replace(",", "|").encode(),
    "all quoted": "".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in PLAIN.splitlines()
    ).encode(),
    "single quotes": PLAIN.replace("SO-1", "'SO-1'").replace("SO-2", "'SO-2'").encode(),
    "a line that names the delimiter": b"sep=;\r\n" + PLAIN.replace(",", ";").replace("\n", "\r\n").encode(),
    "blank lines": b"\n" + PLAIN.replace("\n", "\n\n").encode(),
    "gzip": gzip.compress(PLAIN.encode()),
    "gzip in two members": gzip.compress(PLAIN[:20].encode()) + gzip.compress(PLAIN[20:].encode()),
    "zstd": zstandard.compress(PLAIN.encode()),
    "zstd in two frames": zstandard.compress(PLAIN[:20].encode()) + zstandard.compress(PLAIN[20:].encode()),
    "zstd with a frame to skip": b"\x50\x2a\x4d\x18\x04\x00\x00\x00size" + zstandard.compress(PLAIN.encode()),
    "blanks before quotes": "".join(
        ", ".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in PLAIN.splitlines()
    ).encode(),
    "blanks before and behind some quotes": PLAIN.replace("SO-1", ' "SO-1" ').replace("SO-2", " SO-2").encode(),
    "blanks before single quotes": PLAIN.replace("SO-1", " 'SO-1'").replace("SO-2", " 'SO-2'").encode(),
    "blanks around the header": PLAIN.replace("id,at,kind", " id , at , kind ").encode(),
    "an empty column at the end": "".join(f"{line},\n" for line in PLAIN.splitlines()).encode(),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_gives_the_same_records(store: Store, tmp_path: Path, name: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(DIALECTS[name])
    report = imported(store, path, shop())
    assert (report.accepted, report.rejected) == (2, 0)
    assert records(store) == EXPECTED


def test_quotes_hide_delimiters_quotes_and_line_ends(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        'id,at,kind,order\n1,2026-01-02,"a, ""b""","x\ny"\n2,bad,"z\n\n",y\n3,2026-01-02,5" pipe,\n4,no,c,d\n'
    )
    report = imported(store, path, shop())
    assert [(row["type"], row.get("order")) for row in records(store)] == [('a, "b"', "x\ny"), ('5" pipe', None)]
    with Path(report.rejected_file or "").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "reason", "id", "at", "kind", "order"],
            ["4", "unreadable time in column at", "2", "bad", "z\n\n", "y"],
            ["8", "unreadable time in column at", "4", "no", "c", "d"],
        ]


def test_a_quote_closed_too_early_is_read_as_people_meant_it(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN + '3,2026-01-04,"placed"late,SO-3\n')
    assert imported(store, path, shop()).accepted == 3
    assert records(store)[2]["type"] == "placedlate"


def test_a_carriage_return_within_a_field_ends_no_row(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes((PLAIN + '3,2026-01-04,"placed"late,SO\r3\n4,never,placed,\n').encode())
    report = imported(store, path, shop())
    assert (report.accepted, report.reasons) == (3, {"unreadable time in column at": 1})
    assert records(store)[2]["order"] == "SO\r3"
    assert Path(report.rejected_file or "").read_text().splitlines()[1].startswith("5,")


@pytest.mark.parametrize(
    "before", ["", '1,2026-01-02,p,"a\nb"\n', '1,2026-01-02,"p"q,a\n', '1,2026-01-02,p,"a"\n' * 9 + "\n"]
)
@pytest.mark.parametrize("end", ["\n", "", "\n\n"])
def test_a_quote_that_is_never_closed_swallows_no_rows(store: Store, tmp_path: Path, before: str, end: str) -> None:
    path = tmp_path / "orders.csv"
    rows = "id,at,kind,order\n0,2026-01-02,p,a\n" + before
    path.write_text(rows + f'2,2026-01-02,p,"d\n\n3,2026-01-02,p,e{end}')
    report = imported(store, path, shop(), chunk_bytes=60)
    assert report.accepted == 1 + before.count("2026")
    assert report.reasons == {"a quote in or before it is never closed": 2}
    line = rows.count("\n") + 1
    with Path(report.rejected_file or "").open(newline="") as file:
        assert list(csv.reader(file))[1:] == [
            [str(line), "a quote in or before it is never closed", '2,2026-01-02,p,"d'],
            [str(line + 2), "a quote in or before it is never closed", "3,2026-01-02,p,e"],
        ]


def test_quotes_behind_blanks_hide_delimiters_quotes_and_line_ends(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        '"id", "at", "kind", "order"\n"1", "2026-01-02", "a, b", "  x\ny"\n'
        '"2", "2026-01-02", "c ""d"", e", " f"\n"3", "never", "z\n", ""\n'
    )
    late = '"4", "2026-01-02", "c ""d"", e", " f"\n' * 3_000 + '"5", "2026-01-02", "a"b, " g"\n'
    for more, rows in (("", 2), (late, 3_003)):
        path.write_text(path.read_text() + more)
        report = imported(store, path, shop(source=f"{rows} rows"))
        assert (report.accepted, report.reasons) == (rows, {"unreadable time in column at": 1})
        found = {(row["type"], row.get("order")) for row in records(store)}
        assert found == {("a, b", "  x\ny"), ('c "d", e', " f"), *([("ab", " g")] if more else [])}


@pytest.mark.parametrize(
    "order", ['" ""x"" "', '"a, ""b"""', '"a, ""b"", c"', ' "x" y', ' x "y"', ' it is 5"'], ids=lambda each: each
)
def test_blanks_stay_where_no_quote_follows_them(store: Store, tmp_path: Path, order: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f"id,at,kind,order\n1,2026-01-02,placed,{order}\n2,2026-01-02,placed, plain \n")
    imported(store, path, shop())
    text = order[1:-1].replace('""', '"') if order.startswith('"') else order
    assert [row["order"] for row in records(store)] == [text, " plain "]


APOSTROPHES = {
    "at the beginning of fields": ["'s-Hertogenbosch", "Breda", "'s-Gravenhage", "'t Veld", "x'", "Breda"],
    "in one field": ["Breda", "'s-Hertogenbosch", "Breda"],
    "at both ends of a row": ["Breda", "'s-Hertogenbosch;jans'", "Breda"],
    "around some fields": ["'Breda'", "'s-Hertogenbosch", "Breda"],
}


@pytest.mark.parametrize("name", APOSTROPHES)
def test_an_apostrophe_is_no_quote_where_it_does_not_close(store: Store, tmp_path: Path, name: str) -> None:
    path = tmp_path / "orders.csv"
    towns = [each.split(";") for each in APOSTROPHES[name]]
    rows = [f"{n};2026-01-02;{(town[1:] or ['placed'])[0]};{town[0]}\n" for n, town in enumerate(towns)]
    path.write_text("id;at;kind;order\n" + "".join(rows))
    assert imported(store, path, shop()).accepted == len(towns)
    assert [row["order"] for row in records(store)] == [town[0] for town in towns]


def test_a_long_file_quoted_by_apostrophes_is_read_as_such(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    orders = [f"it's a{', long' * (n % 7)}\nnote" if n % 2 else "short" for n in range(4_000)]
    quoted = [order.replace("'", "''") for order in orders]
    rows = [f"{n:04},2026-01-02,placed,'{order}'\n" for n, order in enumerate(quoted)]
    path.write_text("id,at,kind,order\n" + "".join(rows))
    assert imported(store, path, shop()).rejected == 0
    assert [row["order"] for row in records(store)] == orders


def test_a_mapping_can_say_delimiter_and_quote(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id^at^kind^order\n1^2026-01-02^a,b;c,d;e^'x^y'\n2^2026-01-02^a,b;c,d;e^5\" pipe\n")
    imported(store, path, shop(delimiter="^", quote="'"))
    assert [(row["type"], row["order"]) for row in records(store)] == [("a,b;c,d;e", "x^y"), ("a,b;c,d;e", '5" pipe')]


def test_a_long_field_is_read_though_its_chunk_has_wrong_quotes(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN + f'3,2026-01-04,"placed"late,{"x" * 200_000}\n')
    assert imported(store, path, shop()).accepted == 3
    assert len(records(store)[2]["order"]) == 200_000


def test_a_field_longer_than_can_be_meant_is_refused_with_file_and_line(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(PLAIN + f'3,2026-01-04,"placed"late,{"x" * (FIELD_CHARACTERS + 1)}\n')
    with pytest.raises(BadRequest, match=r"orders\.csv cannot be read on line 4: field larger than field limit"):
        imported(store, path, shop())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("before", ["", "sep=,\n", "\n\n"])
def test_a_header_longer_than_the_beginning_that_is_looked_at_is_read_whole(
    store: Store, tmp_path: Path, encoding: str, before: str
) -> None:
    path = tmp_path / "orders.csv"
    wide = ",".join(f"{'ö' * 100} {n}" for n in range(700))
    cells = ",".join("x" * 99 for _ in range(700))
    path.write_bytes(f"{before}{wide},id,at,kind,order\n{cells},1,2026-01-02,placed,SO-1\n".encode(encoding))
    report = imported(store, path, shop())
    assert (report.accepted, report.rejected) == (1, 0)
    assert records(store)[0]["order"] == "SO-1"


def test_a_header_that_does_not_end_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("id,at,kind,order," + "x" * (2 << 20) + "\n1,2026-01-02,placed,SO-1,x\n")
    with pytest.raises(BadRequest, match=r"orders\.csv cannot be read: the line that names its columns is longer than"):
        imported(store, path, shop())


@pytest.mark.parametrize("more", [0, 1])
def test_a_file_has_as_many_columns_as_a_statement_can_read(store: Store, tmp_path: Path, more: int) -> None:
    path = tmp_path / "orders.csv"
    wide, cells = (",".join(f"{what}{n}" for n in range(MAX_COLUMNS - 4 + more)) for what in ("column ", ""))
    path.write_text(f"{wide},id,at,kind,order\n{cells},1,2026-01-02,placed,SO-1\n{cells},1,never,placed,SO-1\n")
    if more:
        with pytest.raises(BadRequest, match=r"orders\.csv has 3,001 columns; at most 3,000 are read"):
            imported(store, path, shop())
    else:
        assert imported(store, path, shop()).reasons == {"unreadable time in column at": 1}


def test_text_that_is_not_utf8_is_read_as_windows_1252(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("id,at,kind,order\n1,2026-01-02,bestätigt,Größe €\n".encode("cp1252"))
    imported(store, path, shop())
    assert records(store)[0]["type"] == "bestätigt"
    assert records(store)[0]["order"] == "Größe €"


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_a_byte_that_is_not_utf8_costs_its_row_and_spoils_no_other(store: Store, tmp_path: Path, format_: str) -> None:
    path = tmp_path / "orders"
    line = "{},2026-01-02,placed,SÖ-{}\n"
    if format_ == "jsonl":
        line = '{{"id": "{}", "at": "2026-01-02", "kind": "placed", "order": "SÖ-{}"}}\n'
    head = "id,at,kind,order\n" if format_ == "csv" else ""
    odd = line.format(2, 2).encode("cp1252")
    path.write_bytes((head + line.format(1, 1)).encode() + odd + line.format(3, 3).encode())
    report = imported(store, path, shop(format=format_))
    assert (report.accepted, report.reasons) == (2, {"not utf-8": 1})
    assert [row["order"] for row in records(store)] == ["SÖ-1", "SÖ-3"]
    _, rejected = Path(report.rejected_file or "").read_text().splitlines()
    assert rejected.startswith(f"{3 if format_ == 'csv' else 2},not utf-8,")
    assert "S\N{REPLACEMENT CHARACTER}-2" in rejected


def test_the_encoding_is_that_of_the_file_not_of_each_chunk(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = "".join(f"{n:05},2026-01-02,placed,{'Größe' if n % 100 == 99 else 'plain'}\n" for n in range(1_200))
    path.write_bytes(("id,at,kind,order\n" + rows + "1200,2026-01-02,placed,Ã–\n").encode("cp1252"))
    imported(store, path, shop(), chunk_bytes=1_000)
    assert {row["order"] for row in records(store)} == {"Größe", "plain", "Ã–"}


def test_a_quote_closed_too_early_does_not_hide_a_byte_that_is_not_utf8(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes((PLAIN + '3,2026-01-04,"placed"late,SÖ-3\n').encode() + "4,2026-01-04,Ö,x\n".encode("cp1252"))
    assert imported(store, path, shop()).reasons == {"not utf-8": 1}
    assert records(store)[2] == {"id": "3", "at": "2026-01-04T00:00:00Z", "type": "placedlate", "order": "SÖ-3"}


@pytest.mark.parametrize("encoding", ["iso-8859-2", "shift_jis", "utf-16-le", "utf-32", "utf8"])
def test_a_mapping_can_say_what_encoding_a_file_is_in(store: Store, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "orders.csv"
    order = {"iso-8859-2": "Łódź, ľ", "shift_jis": "表,注文"}.get(encoding, "Łódź, 注文")
    path.write_bytes((PLAIN + f'3,2026-01-04,placed,"{order}"\n').encode(encoding))
    assert imported(store, path, shop(encoding=encoding)).rejected == 0
    assert records(store)[2]["order"] == order


def test_what_is_nothing_in_the_encoding_a_mapping_says_costs_its_row(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes((PLAIN + "3,2026-01-04,placed,注文\n").encode("shift_jis") + b"4,2026-01-04,placed,x\x82\n")
    assert imported(store, path, shop(encoding="shift_jis")).reasons == {"not shift_jis": 1}
    assert len(records(store)) == 3


def test_a_file_that_ends_within_a_character_is_refused_in_one_line(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(PLAIN.encode("utf-16")[:-1])
    with pytest.raises(BadRequest, match="it is not utf-16, truncated data"):
        imported(store, path, shop())
