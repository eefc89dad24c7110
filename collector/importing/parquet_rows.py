"""A program of its own: writes the rows of the Parquet file in the working folder as JSON lines beside it.

A time that Parquet calls local (`isAdjustedToUTC` false) is written without an offset, so that the mapping's zone
decides which instant it is; others are written with a Z.
"""

from __future__ import annotations

import re

SOURCE = "rows.parquet"
TARGET = "rows.jsonl"

_READ = (
    "SETTINGS max_threads = 1, input_format_parquet_preserve_order = 1, input_format_parquet_local_time_as_utc = 0, "
    "session_timezone = 'UTC', date_time_output_format = 'iso', output_format_json_quote_64bit_integers = 0, "
    "output_format_json_quote_denormals = 0"
)
_LOCAL = re.compile(r"(Nullable\()?DateTime64\(\d\)\)?")


def write() -> None:
    """Write all rows, in order."""
    import chdb  # a platform that keeps its tables on a server does without the engine

    described = str(chdb.query(f"DESCRIBE file('{SOURCE}', 'Parquet') {_READ}", "TSVRaw"))
    columns = [line.split("\t")[:2] for line in described.splitlines()]
    local = [_quoted(name) for name, kind in columns if _LOCAL.fullmatch(kind)]
    replaced = ", ".join(f"replaceOne(toString({name}), ' ', 'T') AS {name}" for name in local)
    rows = f"SELECT *{f' REPLACE ({replaced})' if local else ''} FROM file('{SOURCE}', 'Parquet')"
    chdb.query(f"INSERT INTO FUNCTION file('{TARGET}', 'JSONEachRow') {rows} {_READ}")


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


if __name__ == "__main__":
    write()
