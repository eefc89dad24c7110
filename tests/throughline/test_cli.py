"""The command line refuses in one line, and says what to do."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from model import CatalogError, Refused
from tests.support.platform import Platform, throughline
from throughline.cli import cli
from throughline.platform import access_given
from throughline.settings import Settings, StoreSettings

CATALOG = Path(__file__).with_name("catalog.yaml")


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a refusal."""
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    [line] = done.stderr.strip().splitlines()
    return line


def test_help_names_every_command() -> None:
    text = throughline("--help").stdout
    for command in ("up", "demo", "catalog", "import", "migrate", "rebuild", "status", "sla"):
        assert f"\n  {command} " in text


def test_every_option_is_an_environment_variable_of_its_name() -> None:
    def commands(within: click.Command) -> Iterator[click.Command]:
        yield within
        for each in within.commands.values() if isinstance(within, click.Group) else ():
            yield from commands(each)

    options = [each for command in commands(cli) for each in command.params if isinstance(each, click.Option)]
    assert len(options) > 50
    for each in options:
        name = next(name for name in each.opts if name.startswith("--"))
        assert each.envvar == f"THROUGHLINE_{name[2:].upper().replace('-', '_')}" or name in {"--help", "--version"}


def test_a_folder_in_use_gets_one_line_that_names_the_holder(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    try:
        line = refused(throughline("up", "--data-dir", str(tmp_path), "--http-port", "0"))
    finally:
        platform.kill()
    assert str(tmp_path) in line
    assert str(platform.process.pid) in line


@pytest.mark.parametrize("option", ["--http-port", "--otlp-http-port", "--otlp-grpc-port"])
def test_a_port_in_use_gets_one_line_that_names_the_option(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = {"--http-port": "0", "--otlp-http-port": "0", "--otlp-grpc-port": "0"} | {option: port}
        arguments = [word for pair in ports.items() for word in pair]
        line = refused(throughline("up", "--data-dir", str(tmp_path), *arguments))
    assert port in line
    assert option in line


def test_an_unreachable_server_gets_one_line(tmp_path: Path) -> None:
    line = refused(throughline("status", "--data-dir", str(tmp_path), "--clickhouse-url", "http://127.0.0.1:1"))
    assert "127.0.0.1" in line


def test_a_blank_server_is_no_embedded_one_and_no_roles_are_not_run(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="--clickhouse-url is blank"):
        StoreSettings(tmp_path, " ")
    with pytest.raises(Refused, match="--roles names none"):
        Settings(StoreSettings(tmp_path, "http://127.0.0.1:1"), roles=())


def test_listening_beyond_this_machine_needs_tokens(tmp_path: Path) -> None:
    assert "tokens" in refused(throughline("up", "--data-dir", str(tmp_path), "--host", "0.0.0.0"))


@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_blank_list_of_tokens_opens_nothing(tmp_path: Path, blank: str) -> None:
    where = ("--data-dir", str(tmp_path), "--host", "0.0.0.0", "--allow-plaintext")
    assert "--tokens is blank" in refused(throughline("up", *where, "--tokens", blank))
    with pytest.raises(Refused, match="blank"):
        Settings(StoreSettings(tmp_path), tokens=blank)
    with pytest.raises(CatalogError):
        access_given(blank, None)
    with pytest.raises(Refused, match="lists no token"):
        access_given("[]", None)
    (tmp_path / "none.yaml").write_text("[]")
    assert not access_given(None, tmp_path / "none.yaml").is_open
    assert access_given(None, None).is_open


def test_the_demo_offers_neither_another_address_nor_tokens(tmp_path: Path) -> None:
    text = throughline("demo", "--help").stdout
    assert "--http-port" in text
    for option in ("--host", "--tokens"):
        assert option not in text
        assert option in throughline("up", "--help").stdout
    for name in ("THROUGHLINE_TOKENS_FILE", "THROUGHLINE_TOKENS"):
        line = refused(throughline("demo", "--data-dir", str(tmp_path), env={**os.environ, name: "x"}))
        assert name in line


def test_an_unknown_catalog_key_is_named_with_the_nearest_valid_one(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CATALOG.read_text().replace("owner: parts-desk", "ownr: parts-desk"))
    done = throughline("catalog", "check", str(tmp_path))
    assert done.returncode == 1
    assert "c.yaml" in done.stderr
    assert "ownr" in done.stderr
    assert "owner" in done.stderr


def test_a_catalog_is_checked_and_applied_without_a_running_platform(tmp_path: Path) -> None:
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "c.yaml").write_text(CATALOG.read_text())
    assert "good catalog" in throughline("catalog", "check", str(folder)).stdout
    data = ("--data-dir", str(tmp_path / "data"))
    assert "now the active catalog" in throughline("catalog", "apply", str(folder), *data).stdout
    assert "already" in throughline("catalog", "apply", str(folder), *data).stdout
    assert "parts" in throughline("status", *data).stdout


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("rebuild", "parts"),
        ("sla", "rejudge", "parts"),
        ("sla", "backtest", str(CATALOG), "--from", "2026-01-01", "--to", "2026-02-01"),
    ],
)
def test_a_command_about_what_is_there_makes_nothing_where_nothing_was(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    folder = tmp_path / "typo"
    assert f"no Throughline data in {folder}" in refused(throughline(*command, "--data-dir", str(folder)))
    assert not folder.exists()


def test_a_tenant_without_a_name_is_refused(tmp_path: Path) -> None:
    done = throughline(
        "catalog", "apply", str(_folder(tmp_path)), "--tenant", " ", "--data-dir", str(tmp_path / "data")
    )
    assert (done.returncode, "Invalid value for '--tenant'" in done.stderr) == (2, True)
    assert not (tmp_path / "data").exists()


def test_a_rebuild_needs_a_workflow_of_the_applied_catalog(tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path / "data"))
    assert throughline("catalog", "apply", str(_folder(tmp_path)), *data).returncode == 0
    assert "No workflow 'part' " in throughline("rebuild", "part", *data).stderr
    done = throughline("rebuild", "parts", *data)
    assert done.returncode == 0, done.stderr
    assert "parts was derived again from 0 received rows" in done.stdout


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "catalog.yaml").write_text((Path(__file__).parent / "catalog.yaml").read_text())
    return folder
