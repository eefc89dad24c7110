"""Every mistake in a catalog is named with file, line, path and what may be meant: one file for each in `bad/`."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pytest

from model import CatalogError, catalog_from_sources, load_catalog

BAD = Path(__file__).parents[1] / "catalog" / "bad"
FILES = sorted(BAD.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_mistake_is_named_as_the_head_of_its_file_says(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    expected = [line.removeprefix("# ") for line in takewhile(lambda line: line.startswith("# "), text.splitlines())]
    assert expected, "the file must begin with a comment: what is expected"
    with pytest.raises(CatalogError) as refused:
        catalog_from_sources([(file.name, text)])
    assert [str(problem).removeprefix(f"{file.name}:") for problem in refused.value.problems] == [
        line.strip() for line in expected
    ]


def test_there_is_a_file_for_every_kind_of_mistake() -> None:
    assert len(FILES) >= 35


def test_all_mistakes_of_all_files_come_at_once() -> None:
    sources = [(file.name, file.read_text(encoding="utf-8")) for file in FILES if file.stem.startswith("sla-at-risk")]
    renamed = [(name, text.replace("workflow: shipping", f"workflow: {name}")) for name, text in sources]
    unique = [(name, text.replace("id: in_time", f"id: {name}")) for name, text in renamed]
    with pytest.raises(CatalogError) as refused:
        catalog_from_sources(unique)
    assert [problem.file for problem in refused.value.problems] == [name for name, _ in sources]
    assert str(refused.value).count("\n") == len(sources) - 1


def test_a_mistake_in_one_part_is_reported_once_and_does_not_hide_those_in_others() -> None:
    text = """workflow: shipping
keys: {order: {attributes: [order.id], normalise: [trim]}}
root: order
milestones:
  - {id: placed, macht: {event: placed}}
  - {id: shipped, match: {event: shipped}, ends: complete}
  - {id: paid, match: {event: paid}, kind: milestones}
slas:
  - {id: one, from: placed, to: shipped, within: 4}
  - {id: two, from: placed, to: paidd, within: 4h, calendar: works}
calendars:
  work: {hours: {mon-fri: 9-17}}
systems:
  - {id: erp, cadence: 15min}
  - {id: bank, calendar: work}
  - {id: wms, calendar: wrk}
"""
    with pytest.raises(CatalogError) as refused:
        catalog_from_sources([("c.yaml", text)])
    assert [(problem.line, problem.path, problem.hint) for problem in refused.value.problems] == [
        (2, "keys.order.normalise", "did you mean `normalize`?"),
        (5, "milestones[0]", ""),
        (5, "milestones[0].macht", "did you mean `match`?"),
        (6, "milestones[1].ends", "did you mean `completed`?"),
        (7, "milestones[2].kind", "did you mean `milestone`?"),
        (9, "slas[0].within", ""),
        (10, "slas[1].calendar", "did you mean `work`?"),
        (10, "slas[1].to", "did you mean `paid`?"),
        (12, 'calendars.work.hours["mon-fri"]', ""),
        (14, "systems[0].cadence", ""),
        (16, "systems[2].calendar", "did you mean `work`?"),
    ]


def test_a_folder_without_a_catalog_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(CatalogError, match=r"no \*\.yaml or \*\.yml file is in this folder"):
        load_catalog(tmp_path)


def test_a_file_instead_of_its_folder_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text("")
    with pytest.raises(CatalogError, match="is a file; a catalog is a folder"):
        load_catalog(tmp_path / "orders.yaml")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="there is no such folder"):
        load_catalog(tmp_path / "missing")


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("workflow: größe".encode("latin-1"))
    with pytest.raises(CatalogError, match=r"^latin\.yaml: is not UTF-8: byte 12 cannot be decoded$"):
        load_catalog(tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "dangling.yaml").symlink_to(tmp_path / "gone")
    with pytest.raises(CatalogError, match=r"^dangling\.yaml: cannot be read: No such file or directory$"):
        load_catalog(tmp_path)


def test_a_control_character_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "bell.yaml").write_text("workflow: x\ntitle: a\x07b\n")
    with pytest.raises(CatalogError, match=r"^bell\.yaml:2: not YAML: special characters are not allowed$"):
        load_catalog(tmp_path)


def test_a_file_that_is_much_too_large_is_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_bytes(b"# " + b"x" * (4 * 2**20))
    with pytest.raises(CatalogError, match=r"^large\.yaml: is larger than 4 MB$"):
        load_catalog(tmp_path)


@pytest.mark.parametrize("text", ["[" * 500, "{a: " * 500, "- " * 300 + "x"], ids=["lists", "mappings", "items"])
def test_values_nested_without_end_are_refused_not_followed(text: str) -> None:
    with pytest.raises(CatalogError, match="nested more than 40 deep"):
        catalog_from_sources([("deep.yaml", text)])


FLOW = "workflow: w\nkeys: {{order: {{attributes: [o]}}{keys}}}\nroot: order\nmilestones:\n{milestones}"
REACHED = "- {{id: m{0}, match: {{event: e{0}}}}}\n"


def _problems(keys: str = "", milestones: str = REACHED.format(0)) -> list[str]:
    try:
        catalog_from_sources([("c.yaml", FLOW.format(keys=keys, milestones=milestones))])
    except CatalogError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_what_is_too_much_for_one_statement_is_a_mistake() -> None:
    values = ", ".join(f"v{number}" for number in range(10_001))
    listed = f"- {{id: m, match: {{event: e, attributes: {{sku: [{values}]}}}}}}\n"
    [problem] = _problems(milestones=listed)
    assert "match.attributes.sku: a list of 10,001 values is longer than 10,000" in problem
    assert _problems(milestones=listed.replace(", v10000", "")) == []
    keys = [f", k{number}: {{attributes: [a{number}]}}" for number in range(100)]
    assert _problems(keys="".join(keys)) == ["c.yaml:2: keys: 101 key types are more than 100"]
    assert _problems(keys="".join(keys[1:])) == []
    many = "".join(REACHED.format(number) for number in range(1_001))
    assert _problems(milestones=many) == ["c.yaml:4: milestones: 1,001 milestones are more than 1,000"]
