"""The command line: options, their environment variables, and errors in one line. What runs stands in other modules."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from model import (
    DEFAULT_TENANT,
    CatalogError,
    ThroughlineError,
    catalog_schema,
    catalog_warnings,
    load_catalog,
)
from throughline.ingest import IngestSettings
from throughline.logs import configure
from throughline.options import Number, ingest_options, ingest_settings, redaction_key_option
from throughline.options import option as _option
from throughline.settings import ROLES, Settings, StoreSettings

_LOG_LEVELS = click.Choice(["debug", "info", "warning", "error"])


def _store_options(command: Any) -> Any:
    command = _option(
        "--clickhouse-url",
        help="Keep the tables on this ClickHouse server (http://host:8123). Its user and password may also be given in "
        "THROUGHLINE_CLICKHOUSE_USER and THROUGHLINE_CLICKHOUSE_PASSWORD, where no list of processes shows them.",
    )(command)
    return _option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("throughline-data"),
        help="Spool, quarantine and control.json; and the tables, unless they are on a server.",
    )(command)


def _access_options(command: Any) -> Any:
    options = [
        _option("--host", default="127.0.0.1", help="Address to listen on; any but loopback needs a tokens file."),
        _option("--tokens-file", type=click.Path(path_type=Path), help="YAML list of {name, tenant, roles, sha256}."),
        _option("--tokens", show_default=False, help="The same list as text, from the environment."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _platform_options(command: Any) -> Any:
    options = [
        _option("--otlp-grpc-port", default=4317, type=click.IntRange(0, 65535), help="OTLP over gRPC; 0: any free."),
        _option("--otlp-http-port", default=4318, type=click.IntRange(0, 65535), help="OTLP/HTTP and CloudEvents."),
        _option("--http-port", default=8080, type=click.IntRange(0, 65535), help="Dashboard and REST API."),
        _option("--public-url", help="The dashboard's address as people reach it, for links in alerts."),
        _option("--tick-seconds", default=5.0, type=Number(0.2, 3600), help="How often SLAs are judged."),
        _option("--log-level", type=_LOG_LEVELS, default="info", help="How much the log says."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _named(_context: click.Context, _option: click.Parameter, tenant: str) -> str:
    """A tenant has a name, as in the list of tokens: a variable that is not set must not make one without."""
    if not tenant.strip():
        raise click.BadParameter("it is blank.")
    return tenant


_TENANT = _option(
    "--tenant", default=DEFAULT_TENANT, callback=_named, help="Whose it is: the organisation and environment."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("throughline"), "-V", "--version", prog_name="throughline")
def cli() -> None:
    """Follow every business transaction across all its systems, and judge it against the promises made."""


@cli.command()
@_store_options
@_option(
    "--catalog",
    type=click.Path(path_type=Path),
    help="Apply this folder first, to every tenant, also to later ones. Without it: what was applied last.",
)
@_option("--roles", default="all", help=f"Comma separated: all, {', '.join(ROLES)}.")
@_access_options
@_platform_options
@ingest_options
@_option("--standby", is_flag=True, help="Where another process runs here: wait, and take over when it ends.")
def up(
    data_dir: Path, clickhouse_url: str | None, catalog: Path | None, roles: str, standby: bool, **rest: Any
) -> None:
    """Run the platform, or the named roles of it, in this process."""
    chosen = ROLES if roles.strip() == "all" else tuple(role.strip() for role in roles.split(",") if role.strip())
    level = rest.pop("log_level")
    ingest = ingest_settings(rest)
    store = StoreSettings(data_dir, clickhouse_url)
    settings = Settings(store, catalog=catalog, roles=chosen, standby=standby, ingest=ingest, **rest)
    # After the settings: what they refuse need not wait for all of the platform to be loaded.
    from throughline.platform import run

    run(settings, log_level=level)


@cli.command()
@_store_options
@_platform_options
@_option("--tokens-file", type=click.Path(path_type=Path), hidden=True)
@_option("--tokens", hidden=True)
@_option("--duration", type=Number(1), metavar="SECONDS", help="Stop by itself after that long.")
@_option("--history-days", default=30, type=click.IntRange(0, 3650), help="Back-dated history sent on the first start.")
@_option("--orders", default=5000, type=click.IntRange(0, 10_000_000), help="Orders in that history.")
@_option("--seed", default=1, type=int, help="Same seed, same orders.")
@_option(
    "--speed",
    default=60.0,
    type=Number(1, 1000),
    metavar="N",
    help="Business time of live cases runs N times as fast as the clock until it has caught up with the present.",
)
@_option("--fault", metavar="NAME[,NAME]", help="What goes wrong; an unknown name lists all there are.")
@_option("--page-port", default=8090, type=click.IntRange(0, 65535), help="The page that switches faults; 0: any free.")
@_option("--verify", is_flag=True, help="Compare what is found with the known truth, and end: 1 unless all agrees.")
def demo(data_dir: Path, clickhouse_url: str | None, fault: str | None, verify: bool, **rest: Any) -> None:
    """Run the platform with sample systems that take orders, deliver, invoice and collect."""
    from sample_flows import UnknownFault, named
    from throughline.demo import DemoSettings, run_demo

    try:
        faults = named((fault or "").split(","))
    except UnknownFault as unknown:
        raise click.BadParameter(str(unknown), param_hint="--fault") from unknown
    level = rest.pop("log_level")
    about = {name: rest.pop(name) for name in ("duration", "history_days", "orders", "seed", "speed", "page_port")}
    sample = DemoSettings(**about, faults=faults, verify=verify)
    settings = Settings(StoreSettings(data_dir, clickhouse_url), **rest)
    sys.exit(run_demo(settings, sample, log_level=level))


@cli.group()
def catalog() -> None:
    """Check, describe and apply definitions of workflows, SLAs, calendars, systems and routes."""


@catalog.command("check")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def catalog_check(folder: Path) -> None:
    """Name every mistake in a catalog folder, with file, path and the nearest valid key."""
    found = load_catalog(folder)
    for warning in catalog_warnings(found):
        click.echo(f"warning: {warning}", err=True)
    click.echo(
        f"{folder} is a good catalog: {len(found.workflows)} workflows, {len(found.slas)} SLAs, "
        f"{len(found.systems)} systems, {len(found.calendars)} calendars, {len(found.routes)} routes."
    )


@catalog.command("schema")
def catalog_schema_command() -> None:
    """Print the JSON Schema of a catalog document, for editors that complete and check YAML."""
    click.echo(json.dumps(catalog_schema(), indent=2))


@catalog.command("apply")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@_TENANT
@_store_options
def catalog_apply(folder: Path, tenant: str, data_dir: Path, clickhouse_url: str | None) -> None:
    """Make a catalog folder the active one; a running platform takes it up within seconds."""
    from throughline.commands import apply

    click.echo(apply(StoreSettings(data_dir, clickhouse_url), folder, tenant))


@cli.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_option("--mapping", required=True, type=click.Path(path_type=Path), help="YAML: what the columns are.")
@_option("--rejected", type=click.Path(path_type=Path), help="Where refused rows go.  [default: FILE.rejected.csv]")
@_TENANT
@redaction_key_option
@_store_options
def import_command(
    file: Path,
    mapping: Path,
    rejected: Path | None,
    tenant: str,
    redaction_key_file: Path | None,
    data_dir: Path,
    clickhouse_url: str | None,
) -> None:
    """Bring a CSV, JSON lines or Parquet file in, each row an event."""
    from throughline.commands import import_with_progress

    ingest = IngestSettings(redaction_key_file=redaction_key_file)
    import_with_progress(StoreSettings(data_dir, clickhouse_url), file, mapping, rejected, tenant, ingest)


@cli.command()
@_store_options
@_option("--dry-run", is_flag=True, help="Print the statements that are pending; change nothing.")
def migrate(data_dir: Path, clickhouse_url: str | None, dry_run: bool) -> None:
    """Bring the tables up to this version (`up` does it by itself)."""
    from throughline.commands import migrate_tables

    click.echo(migrate_tables(StoreSettings(data_dir, clickhouse_url), dry_run=dry_run))


@cli.command()
@_store_options
@_option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(data_dir: Path, clickhouse_url: str | None, as_json: bool) -> None:
    """Say what is stored, what waits, what failed, and where the platform listens."""
    from throughline.commands import status_text

    click.echo(status_text(StoreSettings(data_dir, clickhouse_url), as_json=as_json))


@cli.command()
@click.argument("workflow")
@_TENANT
@_store_options
def rebuild(workflow: str, tenant: str, data_dir: Path, clickhouse_url: str | None) -> None:
    """Derive a workflow again from what was received, beside its live rows, and switch once it is complete."""
    from throughline.rebuilding import rebuild_with_progress

    rebuild_with_progress(StoreSettings(data_dir, clickhouse_url), workflow, tenant)


@cli.group()
def sla() -> None:
    """Try promises out, and judge the past by them."""


@sla.command("backtest")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_option("--from", "since", required=True, metavar="TIME", help="From then on (inclusive): a date, or an instant.")
@_option("--to", "until", required=True, metavar="TIME", help="Until then (exclusive).")
@_TENANT
@_store_options
def sla_backtest(file: Path, since: str, until: str, tenant: str, data_dir: Path, clickhouse_url: str | None) -> None:
    """Judge stored history by the changed or new SLAs of a catalog file, beside what was said; changes nothing."""
    from throughline.backtesting import backtest_text

    click.echo(backtest_text(StoreSettings(data_dir, clickhouse_url), file, since, until, tenant))


@sla.command("rejudge")
@click.argument("sla_id", metavar="SLA")
@_option("--from", "since", metavar="TIME", help="Clocks that started from then on (inclusive).  [default: all]")
@_option("--to", "until", metavar="TIME", help="And before then (exclusive).")
@_TENANT
@_store_options
def sla_rejudge(
    sla_id: str, since: str | None, until: str | None, tenant: str, data_dir: Path, clickhouse_url: str | None
) -> None:
    """Judge clocks of earlier versions of an SLA by the present one, beside the ledger; nobody is alerted."""
    from throughline.rejudging import rejudge_with_progress

    rejudge_with_progress(StoreSettings(data_dir, clickhouse_url), sla_id, since, until, tenant)


def main() -> None:
    """The `throughline` command. Exit status 0: done; 1: refused or failed, with one line why; 2: wrong usage."""
    configure()
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except CatalogError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        count = len(error.problems)
        click.echo(f"{count} mistake{'' if count == 1 else 's'} found; nothing was changed.", err=True)
        sys.exit(1)
    except ThroughlineError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True)
        sys.exit(1)
