"""Mapping files: every mistake is named with its place and what may be meant; expressions stay within one row."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.importing import expression, load_mapping, time_format
from model import CatalogError
from tests.collector.import_file_cases import MAPPINGS, shop

MISTAKES = {
    "a_list": "must be a mapping with the keys source, format, time, type, id, attributes, encoding, delimiter, quote",
    "cast": "attributes.order.sql: 'CAST(order AS Int64)' is not allowed in an import: a cast stops at the first "
    "odd value; use toInt64OrNull, toFloat64OrNull, toDateOrNull, toString",
    "key_given_twice": "key_given_twice.yaml:4: is not valid YAML: found duplicate key",
    "length_of_padding": "attributes.order.sql: the length leftPad and rightPad make must be a constant from 0",
    "no_source": "source: is missing",
    "not_yaml": "not_yaml.yaml:2: is not valid YAML",
    "number_for_a_name": "id: input should be a valid string",
    "reserved_attribute": "attributes: 'cloudevents.event_id' is reserved",
    "subquery": "attributes.order.sql: '(SELECT password FROM users)' is not allowed in an import: it reads from "
    "elsewhere than this row",
    "table_function": "attributes.order.sql: the function file is not allowed in an import",
    "time_format_without_a_year": "time.format: '%d.%m. %H:%M' tells no year, so that no row would have its own: add",
    "time_format_without_letters": "time.format: 'yyyy-mm-dd' is no time format",
    "type_twice": "type: give either column or value",
    "unfinished_expression": "attributes.order.sql: is not an expression ClickHouse understands",
    "unknown_encoding": "encoding: 'utf-9' is no encoding of text such as utf-8",
    "encoding_of_parquet": "encoding is only for the format csv and jsonl",
    "delimiter_of_json": "delimiter is only for the format csv",
    "long_delimiter": "delimiter: must be one character of ASCII such as ; or a tab, no blank, letter, digit or quote",
    "unknown_quote": "quote: must be \" or '",
    "unknown_format": "format: must be one of csv, jsonl, parquet",
    "unknown_function": "the function lpwer is not allowed in an import (did you mean lower?)",
    "unknown_key": "atributes: unknown key (did you mean 'attributes'?)",
    "unknown_key_in_attribute": "attributes.order.expression: unknown key (valid keys: sql)",
    "unknown_key_in_time": "time.timezone: unknown key (did you mean 'zone'?)",
    "unknown_time_letter": "time.format: %Q in '%d.%m.%Q' is not known",
    "unknown_zone": "time.zone: 'Europe/Berlinn' is no IANA time zone",
}


def test_there_is_an_expectation_for_every_bad_mapping() -> None:
    assert {path.stem for path in (MAPPINGS / "bad").glob("*.yaml")} == set(MISTAKES)


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_a_mistake_is_named_with_file_and_place(name: str) -> None:
    path = MAPPINGS / "bad" / f"{name}.yaml"
    with pytest.raises(CatalogError) as caught:
        load_mapping(path)
    assert str(caught.value).startswith(str(path))
    assert MISTAKES[name] in str(caught.value)


def test_all_mistakes_of_a_file_are_named_at_once() -> None:
    with pytest.raises(CatalogError) as caught:
        load_mapping(MAPPINGS / "bad" / "unknown_key_in_attribute.yaml")
    assert len(caught.value.problems) == 2


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="No such file"):
        load_mapping(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", sorted(MAPPINGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_mappings_of_the_real_files_are_right(path: Path) -> None:
    mapping = load_mapping(path)
    assert mapping.file == str(path)


def test_what_a_mapping_says_decides_its_hash_not_how_it_is_written() -> None:
    assert shop().hash == shop(time={"column": "at", "format": ["iso"], "zone": "UTC"}).hash
    assert shop().hash != shop(source="other").hash
    there = shop(attributes={"order": "order", "kind": {"sql": "upper(kind)"}, "at": "at"})
    back = shop(attributes={"at": "at", "kind": {"sql": "upper(kind)"}, "order": "order"})
    assert there.hash == back.hash
    assert there.hash != shop(attributes={"at": "order", "kind": {"sql": "upper(kind)"}, "order": "at"}).hash


def test_the_hash_of_a_mapping_stays_so_that_what_was_imported_is_known_again() -> None:
    assert shop().hash == "68f702aecf3b3102df09417f42434afed3f00d6cd2e2e2d7b8b81b675e915f71"
    assert shop().hash_as_written == shop().hash


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("concat(`PO / SO #`, '-', \"ASN/DN #\")", ("ASN/DN #", "PO / SO #")),
        ("if(a = '', b, substring(a, 1, 3))", ("a", "b")),
        ("CASE WHEN a LIKE 'x%' THEN lower(b) ELSE NULL END", ("a", "b")),
        ("splitByChar('/', path)[1]", ("path",)),
        ("toFloat64OrNull(net) * 1.19", ("net",)),
        ("order.id || ''", ("order.id",)),
        ("if(match(a, '^[0-9]+$'), JSONExtractRaw(b, 'x', 'y'), '')", ("a", "b")),
        ("leftPad(a, 10, '0')", ("a",)),
        ("'constant'", ()),
    ],
)
def test_an_expression_reads_the_columns_it_names(text: str, columns: tuple[str, ...]) -> None:
    assert expression.columns_of(text) == columns


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(SELECT 1)",
            "a IN (SELECT 1)",
            "a IN users",
            "dictGet('d', 'x', a)",
            "file('/etc/passwd')",
            "url('http://x')",
        ),
        *("currentDatabase()", "hostName()", "@@version", "{p:String}", "*", "a; DROP TABLE x", "sleep(3)", "a::Int64"),
        *("arrayMap(x -> x, [1])", "getSetting('x')", "count(a)", "sum(a) OVER ()", "replaceRegexpOne(a, b, '')"),
        *(
            "a LIKE b",
            "match(a, b)",
            "a AS b",
            "",
            "1 SETTINGS max_threads = 1",
            "remote('x', y, z)",
            "throwIf(1)",
            "a, b",
        ),
        *("rightPad(a, length(b))", "leftPad(a, -3, '0')", "lpad(a, 1000001)", "leftPad(a, '5')", "leftPad(a)"),
        *("replaceRegexpAll(a, 'b', c)", "formatDateTime(toDateOrNull(a), '%F', b)"),
        pytest.param("(" * 3000 + "a" + ")" * 3000, id="nested 3,000 deep"),
    ],
)
def test_an_expression_cannot_leave_its_row(text: str) -> None:
    with pytest.raises(ValueError):
        expression.columns_of(text)


def test_nothing_of_the_written_text_reaches_the_statement() -> None:
    sql = expression.compiled("upper(\"a b\") /* note */ || 'it''s'", {"a b": "c7"}.__getitem__)
    assert sql == "upper(c7) || 'it''s'"


def test_strptime_letters_mean_what_they_mean_in_python() -> None:
    assert "%c/%e/%Y %k:%i" in time_format.compiled("%m/%d/%Y %H:%M", "t", "UTC")
    assert "%M %e, %Y" in time_format.compiled("%B %d, %Y", "t", "UTC")
