"""Regular expressions of conditions must be ones that RE2 takes."""

from __future__ import annotations

import pytest

from model.patterns import check_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        r"^wms\.", "gold|silver", r"[0-9]{3,5}$", r"(?i)posted", r"\d+\s\w", r"[\]\\]+", r"[(?=]", r"\\1", r"\pL+\z",
        r"(?:a|b)*?",
        r"(?P<part>x)", r"a{1000}", r"[[:alpha:]]+", "größe", r"\(\?=", r"[^/]+\+",
    ],
)  # fmt: skip
def test_what_re2_takes_is_accepted(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a(?=b)", "looking ahead or behind"),
        ("(?<!b)a", "looking ahead or behind"),
        (r"(a)\1", "references back"),
        ("(?P<x>a)(?P=x)", "references back"),
        ("(?>a)", "atomic"),
        ("(a)?(?(1)b|c)", "conditional"),
        ("a++", "possessive"),
        ("(?x) a", "flags"),
        (r"a\Z", "write"),
        ("a{1001}", "1,000 times"),
        ("(?:a{500}){500}", "1,000 times"),
        (r"stra\u00dfe", "write the character"),
        (r"\p{Letter}", r"invalid character class range: \\p{Letter}"),
        ("[[:digits:]]", "does not compile"),
        (r"[\b]", "does not compile"),
        ("(", "does not compile"),
        ("a**", "does not compile"),
        ("[z-a]", "does not compile"),
        ("x" * 1001, "longer than 1000"),
    ],
)
def test_what_re2_refuses_is_refused_with_the_reason(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_pattern(pattern)
