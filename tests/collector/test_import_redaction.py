"""What the catalog redacts is in no table and no file of an import, however the mapping calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from collector import Redactions
from model import catalog_from_sources
from store import Store
from tests.collector.import_file_cases import imported, records, shop

MASKED = "{id: mails, attributes: customer.email, action: mask}"
HASHED = "{id: mails, attributes: customer.email, action: hash}"
RENAMED = {"customer.email": "mail", "note": "note"}


def redactions(rule: str) -> Redactions:
    found = catalog_from_sources([("rules.yaml", f"redaction: [{rule}]")]).redactions
    return Redactions(lambda _tenant: found, "secret")


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    """The rows in a file of the format that its name ends with."""
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text("\n".join(",".join(row) for row in [list(rows[0]), *(row.values() for row in rows)]) + "\n")
    return path


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
def test_a_refused_row_is_masked_where_the_mapping_renames_the_column(
    store: Store, tmp_path: Path, format_: str
) -> None:
    row = {"id": "1", "at": "never", "kind": "placed", "mail": "ann@example.com", "note": "none"}
    path = written(tmp_path / f"orders.{format_}", [row])
    report = imported(store, path, shop(format=format_, attributes=RENAMED), redactions=redactions(MASKED))
    assert report.rejected == 1
    assert "ann@" not in Path(report.rejected_file or "").read_text()
    (found,) = store.rows("SELECT cells FROM import_rejects")
    assert found["cells"] == (["1", "never", "placed", "***", "none"] if format_ == "csv" else ["***"])


def test_a_cell_of_a_refused_row_that_holds_a_covered_name_is_masked(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text('id,at,kind,note\n1,never,placed,"{""customer"": {""email"": ""ann@example.com""}}"\n')
    imported(store, path, shop(attributes={"note": "note"}), redactions=redactions(MASKED))
    assert store.rows("SELECT cells FROM import_rejects") == [{"cells": ["1", "never", "placed", "***"]}]


def test_lines_that_are_no_json_are_masked_whole(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text('{"customer.email": "ann@example.com"\nann@example.com\n["ann@example.com"]\n')
    mapping = shop(format="jsonl", attributes={"note": "note"})
    report = imported(store, path, mapping, redactions=redactions(MASKED))
    assert report.reasons == {"not a JSON object": 3}
    assert store.rows("SELECT DISTINCT cells FROM import_rejects") == [{"cells": ["***"]}]


def rows_of(mails: list[str], **others: str) -> list[dict[str, str]]:
    return [{"at": "2026-01-02", "kind": "placed", "mail": mail, "note": "none", **others} for mail in mails]


def ids(store: Store, path: Path, rule: str, tenant: str = "default", **changes: Any) -> list[str]:
    mapping = shop(format=path.suffix[1:], id=None, attributes=RENAMED, **changes)
    imported(store, path, mapping, tenant=tenant, redactions=redactions(rule))
    found = [row["id"] for row in records(store)]
    store.execute("TRUNCATE TABLE otel_logs")
    return found


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_an_id_made_of_the_row_stays_as_it_is_where_no_rule_covers_a_column(
    store: Store, tmp_path: Path, format_: str
) -> None:
    path = written(tmp_path / f"orders.{format_}", rows_of(["1234"]))
    wanted = {"csv": "['2026-01-02', 'placed', '1234', 'none']", "jsonl": "{line:String}"}[format_]
    value = store.value(f"SELECT lower(hex(sipHash128({wanted})))", {"line": path.read_text().strip()})
    assert ids(store, path, HASHED.replace("customer", "owner")) == [value]


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_an_id_made_of_a_row_with_hashed_values_is_keyed(store: Store, tmp_path: Path, format_: str) -> None:
    path = written(tmp_path / f"orders.{format_}", rows_of(["1234", "1235", "1234"]))
    plain = ids(store, path, HASHED.replace("customer", "owner"), source="one")
    keyed = ids(store, path, HASHED, source="two")
    assert len(set(keyed)) == len(set(plain)) == 2
    assert not set(keyed) & set(plain)
    assert ids(store, path, HASHED, source="three") == keyed
    assert not set(ids(store, path, HASHED, tenant="other", source="four")) & set(keyed)


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_an_id_made_of_a_row_with_masked_values_does_not_depend_on_them(
    store: Store, tmp_path: Path, format_: str
) -> None:
    rows = [*rows_of(["1234", "1235"]), *rows_of(["1234"], note="some"), *rows_of(["1234"], kind="paid")]
    found = ids(store, written(tmp_path / f"orders.{format_}", rows), MASKED)
    assert len(found) == 4
    assert len(set(found)) == 3
