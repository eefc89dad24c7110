"""YAML 1.2 by the core schema, with the line of everything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.catalog.yaml_text import YamlMistake, documents


def value(text: str) -> Any:
    (document,) = documents(text)
    return document.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("16:00", "16:00"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("2026-12-24", "2026-12-24"),
        ("2026-12-24T10:00:00Z", "2026-12-24T10:00:00Z"),
        ("1_000", "1_000"),
        ("75%", "75%"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("7", 7),
        ("-7", -7),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        (".inf", ".inf"),
        ('"7"', "7"),
        ("'true'", "true"),
        ("!!str 7", "7"),
        ("!!int '7'", 7),
        ("|\n  7\n", "7\n"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_a_plain_word_is_read_by_the_core_schema(text: str, expected: object) -> None:
    found = value(f"a: {text}")["a"]
    assert found == expected
    assert isinstance(found, type(expected))


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_nothing_can_be_written_in_five_ways(text: str) -> None:
    assert value(f"a: {text}") == {"a": None}


def test_an_escaped_pair_of_surrogates_is_one_character() -> None:
    [document] = documents('"\\ud83d\\ude00": "a\\ud83d\\ude00b"')
    assert document.value == {"\U0001f600": "a\U0001f600b"}
    with pytest.raises(YamlMistake, match="without its other half") as caught:
        list(documents('a: 1\nb: "\\ud800"'))
    assert (caught.value.line, caught.value.path) == (2, ("b",))


def test_a_number_remembers_how_it_was_written() -> None:
    assert [each.written for each in value("[007, 1.50, 0x1F]")] == ["007", "1.50", "0x1F"]


def test_every_path_has_its_line() -> None:
    (document,) = documents("a: 1\nb:\n  - c: 2\n  - d:\n      e: 3\n")
    assert [document.line_of(path) for path in (("a",), ("b",), ("b", 0), ("b", 1, "d"), ("b", 1, "d", "e"))] == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert document.line_of(("b", 1, "x", "y")) == 4


def test_documents_count_their_lines_from_the_top_of_the_file() -> None:
    assert [document.line_of(("a",)) for document in documents("a: 1\n---\n\na: 2\n")] == [1, 4]


def test_a_duplicate_key_is_a_mistake_and_the_first_one_counts() -> None:
    (document,) = documents("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert document.value == {"a": 1, "b": {"c": 1}}
    assert [(each.line, each.path, str(each)) for each in document.mistakes] == [
        (2, ("b", "c"), "the key `c` is there twice (first in line 2)"),
        (3, ("a",), "the key `a` is there twice (first in line 1)"),
    ]


def test_an_alias_is_what_its_anchor_names() -> None:
    assert value("a: &x {b: [1]}\nc: *x\n") == {"a": {"b": [1]}, "c": {"b": [1]}}


def test_there_is_no_merging_of_mappings() -> None:
    assert value("a: &x {b: 1}\nc:\n  <<: *x\n") == {"a": {"b": 1}, "c": {"<<": {"b": 1}}}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1", 1),
        ("a: b: c", 1),
        ("a: 1\n b: 2", 2),
        ("? [a]\n: 1", 1),
        ("a: !!python/object:os.system x", 1),
        ("a: !!int x", 1),
        ("a: *x", 1),
        ("a: 1\n---\nb: 'c", 3),
        ("%YAML 3.0\n---\na: 1", 1),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(YamlMistake) as refused:
        list(documents(text))
    assert refused.value.line == line


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`?, \n\t~0.\\", max_size=40))
def test_any_text_is_read_or_refused_but_nothing_else_happens(text: str) -> None:
    try:
        list(documents(text))
    except YamlMistake as mistake:
        assert mistake.line >= 1  # noqa: PT017
