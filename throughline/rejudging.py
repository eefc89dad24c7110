"""The command `sla rejudge`: by the platform that runs on the folder, else on the folder itself; says what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from alerting import one_line
from model import SystemClock
from sla_engine import RejudgeProgress, Rejudging, rejudge
from store import Store, catalog_history
from throughline.commands import ACTOR
from throughline.control import Control
from throughline.instants import instant
from throughline.settings import StoreSettings
from throughline.tables import open_there


def rejudge_with_progress(settings: StoreSettings, sla: str, since: str | None, until: str | None, tenant: str) -> None:
    """Judge the past of an SLA again and say what differs; raises `NotFound`, `Refused`."""
    asked: dict[str, Any] = {"sla": sla, "since": since, "until": until, "tenant": tenant}
    for text in (since, until):
        if text is not None:
            instant(text)
    running = Control.running(settings.data_dir)
    if running:
        _shown(sla, running.stream("POST", "/rejudge", asked))
        return
    with open_there(settings) as store:
        _shown(sla, rejudge_lines(store, **asked))


def rejudge_lines(
    store: Store, *, sla: str, since: str | None, until: str | None, tenant: str
) -> Iterator[dict[str, Any]]:
    """Progress as it goes and the outcome last, as they travel through the admin API."""
    steps = rejudge(
        store,
        tenant,
        catalog_history(store, tenant),
        sla,
        since=instant(since) if since else None,
        until=instant(until) if until else None,
        actor=ACTOR,
        at=SystemClock().now(),
    )
    for step in steps:
        yield {"progress": asdict(step)} if isinstance(step, RejudgeProgress) else {"found": _plain(step)}


def _plain(found: Rejudging) -> dict[str, Any]:
    changes = [
        {"old": each.old, "new": each.new, "clocks": each.clocks, "examples": list(each.examples)}
        for each in found.changes
    ]
    return {"sla": found.sla, "clocks": found.clocks, "as_of": found.as_of.isoformat(), "changes": changes}


def _shown(sla: str, lines: Iterator[dict[str, Any]]) -> None:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} clocks"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    found = None
    with bar:
        task = bar.add_task(sla, total=0)
        for line in lines:
            if "found" in line:
                found = line["found"]
            else:
                step = RejudgeProgress(**line["progress"])
                bar.update(task, total=step.clocks_total, completed=step.clocks_done)
    if found is not None:
        click.echo(told(found))


def such_as(keys: Iterable[str]) -> str:
    """`such as SO-1, SO-2`. Keys come from outside: none adds a line, or tells a terminal what to do."""
    return f"such as {', '.join(map(one_line, keys))}"


def told(found: dict[str, Any]) -> str:
    """What a rejudging came to, in words."""
    lines = [
        f"{found['sla']}: {found['clocks']:,} clocks of earlier versions were judged again, as of {found['as_of']}."
    ]
    same = sum(each["clocks"] for each in found["changes"] if each["old"] == each["new"])
    if found["clocks"]:
        lines.append(f"{same:>12,}  as the ledger says")
    for each in found["changes"]:
        if each["old"] != each["new"]:
            was = f"was {each['old']}" if each["old"] else "had no clock"
            lines.append(f"{each['clocks']:>12,}  {each['new']}, {was}, {such_as(each['examples'])}")
    lines.append(
        "The ledger is as it was and nobody is alerted. Both sides: GET /api/v1/slas/{sla}/rejudged".format(**found)
    )
    return "\n".join(lines)
