"""What the catalog redacts is in no table and no file of an import, however the mapping calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from collector import Redactions
from model import catalog_from_sources
from store import Store
from tests.collector.import_file_cases import imported, records, shop

MASKED = "{id: mails, attributes: customer.email, action: mask}"
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
