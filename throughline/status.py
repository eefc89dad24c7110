"""What `throughline status` tells, as plain values and as text."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from collector import Collector, Quarantine, left_in
from correlator import InstanceReader, outdated_workflows, rebuild_progress, running_rebuilds
from model import Catalog, NotFound, ThroughlineError
from sla_engine import VerdictReader
from store import Store, active_catalog, tenants
from throughline.engine import Engine
from throughline.settings import Settings

_SHOWN = 20
"""Refused requests, and reasons for which segments wait, that are told one by one."""


def stored(store: Store) -> dict[str, Any]:
    """What the tables hold, by tenant: instances by workflow and status, verdicts by SLA."""
    return {
        "store": _kind(store),
        "tenants": {tenant: _of_tenant(store, tenant) for tenant in tenants(store)},
    }


def _kind(store: Store) -> str:
    return "embedded" if store.is_embedded else "server"


def _of_tenant(store: Store, tenant: str) -> dict[str, Any]:
    catalog = active_catalog(store, tenant) or Catalog()
    instances = InstanceReader(store).workflow_counts(tenant)
    clocks = VerdictReader(store).sla_counts(tenant)
    return {
        "catalog": catalog.hash[:12],
        "workflows": {each.name: instances.get(each.name, {}) for each in catalog.workflows},
        "slas": {each.id: clocks[each.id].verdicts if each.id in clocks else {} for each in catalog.slas},
        "rebuilds": _rebuilds(store, tenant, catalog),
    }


def _rebuilds(store: Store, tenant: str, catalog: Catalog) -> dict[str, Any]:
    """By workflow whose rows are being made anew, how far that is, and whether its SLAs are not judged until then."""
    resting = outdated_workflows(store, tenant, catalog.workflows)
    found = {}
    for name in sorted(resting | running_rebuilds(store, tenant).keys()):
        try:
            progress = rebuild_progress(store, tenant, name)
        except NotFound:
            rows_done = rows_total = 0  # the correlator has not seen the new definition yet
        else:
            rows_done, rows_total = progress.rows_done, progress.rows_total
        found[name] = {"rows_done": rows_done, "rows_total": rows_total, "slas_rest": name in resting}
    return found


def running(settings: Settings, store: Store, engine: Engine, collector: Collector | None) -> dict[str, Any]:
    """The same of a running platform, with its addresses, its spool and its ticks."""
    found: dict[str, Any] = {
        "running": True,
        "roles": list(settings.roles),
        "addresses": {
            "dashboard": settings.base_url,
            "otlp_grpc": settings.otlp_grpc,
            "otlp_http": settings.otlp_http,
        },
        "failed_ticks": dict(engine.failures),
        "last_errors": dict(engine.last_error),
    }
    if collector is not None:
        found["collector"] = {
            "spool": f"{collector.spool.depth_bytes:,} bytes in {collector.spool.closed_segments:,} waiting segments",
            "quarantine": f"{collector.quarantine.count():,} refused requests",
        }
        found["quarantine"] = quarantined(collector.quarantine)
        if closed := collector.quarantine.closed_to():
            found["collector"]["refused until somebody looks at the quarantine"] = ", ".join(sorted(closed))
        if damaged := collector.spool.damaged_files:
            found["collector"]["damaged"] = f"{damaged:,} files, kept as *.damaged in {collector.spool.folder}"
        if collector.writer is not None and collector.writer.waiting:
            found["collector"]["writer waits"] = "; ".join(collector.writer.waiting[:_SHOWN])
    try:
        return {**found, **stored(store)}
    except ThroughlineError as error:  # what this process knows by itself is asked for most while the tables are away
        return {**found, "store": _kind(store), "store_error": str(error), "tenants": {}}


def left_behind(data_dir: Path) -> dict[str, Any]:
    """What waits in the folder of a platform that does not run: its next start stores it."""
    found: dict[str, Any] = {}
    segments, size = left_in(data_dir / "spool")
    if segments:
        found["collector"] = {"spool": f"{size:,} bytes in {segments:,} segments wait for the next start"}
    if (folder := data_dir / "quarantine").is_dir():
        found["quarantine"] = quarantined(Quarantine(folder))
    return found


def quarantined(quarantine: Quarantine) -> list[dict[str, Any]]:
    """The requests ClickHouse refused last, the newest first."""
    return [asdict(each) for each in reversed(quarantine.entries()[-_SHOWN:])]


def describe(found: dict[str, Any]) -> str:
    """The same as lines for people."""
    lines = ["running" if found["running"] else "not running"]
    lines += [f"  {name}: {value}" for name, value in found.get("addresses", {}).items()]
    lines += [f"  collector {name}: {value}" for name, value in found.get("collector", {}).items()]
    lines += [
        f"  refused: {each['id']} of tenant {each['tenant']}, {each['items']} {each['signal']}: {each['reason'][:200]}"
        for each in found.get("quarantine", [])
    ]
    lines += [f"  {name} tick failed: {why}" for name, why in found.get("last_errors", {}).items()]
    why = f", of which nothing can be told: {found['store_error']}" if "store_error" in found else ""
    lines.append(f"store: {found['store']}{why}")
    for tenant, each in found["tenants"].items():
        lines.append(f"tenant {tenant}, catalog {each['catalog']}")
        for kind in ("workflows", "slas"):
            for name, counts in each[kind].items():
                total = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
                lines.append(f"  {name}: {total or 'nothing yet'}")
        for name, rebuild in each["rebuilds"].items():
            rest = "; its SLAs are not judged until then" if rebuild["slas_rest"] else ""
            done, total = rebuild["rows_done"], rebuild["rows_total"]
            lines.append(f"  {name}: made anew, {done:,} of {total:,} received rows read{rest}")
    return "\n".join(lines)
