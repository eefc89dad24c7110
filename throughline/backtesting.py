"""The command `sla backtest`: by the platform that runs on the folder, else on the folder itself; weekly figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from model import BadRequest, NotFound
from sla_engine import backtest, candidate
from store import Store, active_catalog
from throughline.control import Control
from throughline.instants import instant
from throughline.rejudging import such_as
from throughline.settings import StoreSettings
from throughline.tables import open_there

LARGEST_FILE_BYTES = 4 * 2**20


def backtest_text(settings: StoreSettings, file: Path, since: str, until: str, tenant: str) -> str:
    """Back-test a catalog file and say what would have differed; raises `CatalogError`, `Refused`."""
    if file.stat().st_size > LARGEST_FILE_BYTES:
        raise BadRequest(f"{file} is larger than {LARGEST_FILE_BYTES // 2**20} MB.")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"{file} is not UTF-8.") from error
    asked = {"name": file.name, "text": text, "since": since, "until": until, "tenant": tenant}
    for bound in (since, until):
        instant(bound)
    running = Control.running(settings.data_dir)
    if running:
        found = running.call("POST", "/backtest", asked)["found"]
    else:
        with open_there(settings) as store:
            found = backtested(store, **asked)
    return "\n\n".join(_told(each) for each in found)


def backtested(store: Store, *, name: str, text: str, since: str, until: str, tenant: str) -> list[dict[str, Any]]:
    """The back-tests of every changed or new SLA of a file, as plain values."""
    active = active_catalog(store, tenant)
    if active is None:
        raise NotFound("No catalog was applied yet: there is no history to judge.")
    changed = candidate(active, name, text)
    found = backtest(store, tenant, active, changed, since=instant(since), until=instant(until))
    return [each.as_json() for each in found]


def _told(found: dict[str, Any]) -> str:
    lines = [click.style(f"{found['sla']}  {found['title']}", bold=True)]
    lines.append(f"{'week of':<12}{'breaches':>10}{'were':>9}{'alerts':>10}{'were':>9}{'attainment':>13}{'was':>10}")
    for week in found["weeks"]:
        would, was = week["would"], week["was"]
        lines.append(
            f"{week['monday']:<12}{would['breached']:>10,}{was['breached']:>9,}{would['alerts']:>10,}{was['alerts']:>9,}"
            f"{_share(would['attainment']):>13}{_share(was['attainment']):>10}"
        )
    if not found["weeks"]:
        lines.append("no clock was decided in that time, by either")
    if found["is_new"]:
        lines.append("the active catalog has no such promise: there is nothing that was")
    lines.append(_difference("newly breached", found["newly_breached"]))
    lines.append(_difference("no longer breached", found["no_longer_breached"]))
    return "\n".join(lines)


def _difference(words: str, found: dict[str, Any]) -> str:
    if not found["clocks"]:
        return f"{words}: none"
    return f"{words}: {found['clocks']:,}, {such_as(found['examples'])}"


def _share(attainment: float | None) -> str:
    return "-" if attainment is None else f"{attainment:.2%}"
