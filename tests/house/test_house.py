"""The house rules a machine can watch: who may import whom, what a room shows, what the documents name."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
ROOMS = ("model", "store", "collector", "correlator", "sla_engine", "alerting", "dashboard", "throughline")


def test_the_rooms_import_only_to_their_left() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "throughline"])
def test_a_room_shows_what_it_names_in_all_and_every_name_is_documented(room: str) -> None:
    module = importlib.import_module(room)
    assert sorted(module.__all__) == sorted(set(module.__all__))
    for name in module.__all__:
        thing = getattr(module, name)
        assert isinstance(thing, (str, int, tuple, frozenset)) or thing.__doc__, f"{room}.{name} has no docstring"


def test_requirements_name_tests_that_exist() -> None:
    mapping = YAML(typ="safe").load((ROOT / "tests" / "requirements.yaml").read_text())
    for requirement, tests in mapping.items():
        assert re.fullmatch(r"[A-Z]{3}-\d+", requirement), requirement
        assert tests, f"{requirement} names no test"
        for test in tests:
            file, _, name = test.partition("::")
            tree = ast.parse((ROOT / file).read_text())
            names = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
            assert name in names, f"{requirement} names {test}, which does not exist"


def test_every_query_says_what_it_is_for() -> None:
    for room in ROOMS:
        for query in (ROOT / room / "queries").glob("*.sql"):
            head = query.read_text().split("\n\n")[0].lower()
            assert "purpose:" in head, f"{query.relative_to(ROOT)} has no header comment with its purpose"
            assert "parameters:" in head, f"{query.relative_to(ROOT)} does not say what its parameters are"


def test_every_migration_is_numbered_once() -> None:
    for room in ROOMS:
        numbers = [path.name[:4] for path in sorted((ROOT / room / "migrations").glob("*.sql"))]
        assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)], room


def test_the_architecture_names_every_room_and_every_table() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for room in ROOMS:
        assert f"`{room}/`" in text
    for migration in ROOT.glob("*/migrations/*.sql"):
        for table in re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", migration.read_text()):
            assert f"`{table}`" in text, f"ARCHITECTURE.md does not name {table} of {migration.parent.parent.name}"


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["stitching.yaml", "sla.yaml"])
def test_the_examples_we_are_held_to_are_those_agreed_on(shared_data: Path, name: str) -> None:
    agreed = shared_data.parent / "spec" / name
    if not agreed.is_file():
        pytest.skip(f"the agreed examples are not at {agreed}")
    assert (ROOT / "tests" / "specification" / name).read_text() == agreed.read_text()


def test_the_tests_have_the_same_names_in_every_process() -> None:
    """Workers that share out the tests compare their lists; a name made from a set would differ between them."""
    lists = [
        subprocess.Popen(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    first, second = ([line for line in run.communicate()[0].splitlines() if "::" in line] for run in lists)
    assert first, "nothing was collected"
    assert first == second
