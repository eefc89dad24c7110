"""A program of its own: writes the rows of the Parquet file in the working folder as JSON lines beside it.

A time that Parquet calls local (`isAdjustedToUTC` false) is written without an offset, so that the mapping's zone
decides which instant it is; others are written with a Z. Bytes that are no text are written in hexadecimal where they
are in a column that is not read. Names of the columns that are read come as JSON; the columns there are go out as JSON:
names and types, those of the fields within them included.
"""

from __future__ import annotations

import json
import re
import sys

SOURCE = "rows.parquet"
TARGET = "rows.jsonl"

_READ = (
    "SETTINGS max_threads = 1, input_format_parquet_preserve_order = 1, input_format_parquet_local_time_as_utc = 0, "
    "session_timezone = 'UTC', date_time_output_format = 'iso', output_format_json_quote_64bit_integers = 0, "
    "output_format_json_quote_denormals = 0"
)
_LOCAL = re.compile(r"(Nullable\()?DateTime64\(\d\)\)?")
_LOCAL_WITHIN = re.compile(r"\bDateTime64\(\d\)")
_BYTES = re.compile(r"(LowCardinality\()?(Nullable\()?(String|FixedString\(\d+\))\)*")


def write() -> None:
    """Write all rows, in order."""
    import chdb  # a platform that keeps its tables on a server does without the engine

    read: list[str] = json.load(sys.stdin)
    described = chdb.query(
        f"DESCRIBE file('{SOURCE}', 'Parquet') {_READ}, describe_include_subcolumns = 1", "JSONCompactEachRow"
    )
    columns = [json.loads(line) for line in str(described).splitlines()]
    replaced = [_written(name, kind, read) for name, kind, *_, inside in columns if not inside]
    given = ", ".join(filter(None, replaced))
    rows = f"SELECT *{f' REPLACE ({given})' if given else ''} FROM file('{SOURCE}', 'Parquet')"
    chdb.query(f"INSERT INTO FUNCTION file('{TARGET}', 'JSONEachRow') {rows} {_READ}")
    json.dump([[name, kind] for name, kind, *_ in columns], sys.stdout)


def _written(name: str, kind: str, read: list[str]) -> str:
    """What is written in place of a column; empty where that is the column as it is."""
    column = _quoted(name)
    if _LOCAL.fullmatch(kind):
        return f"replaceOne(toString({column}), ' ', 'T') AS {column}"
    if _LOCAL_WITHIN.search(kind):
        as_texts = _LOCAL_WITHIN.sub("String", kind).replace("\\", "\\\\").replace("'", "\\'")
        return f"CAST({column}, '{as_texts}') AS {column}"
    if _BYTES.fullmatch(kind) and not any(each == name or each.startswith(f"{name}.") for each in read):
        return f"if(isValidUTF8({column}), {column}, lower(hex({column}))) AS {column}"
    return ""


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


if __name__ == "__main__":
    write()
