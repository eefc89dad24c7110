"""What the commands do: through the admin API of the platform that runs on the folder, else on the folder itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from collector.importing import ImportProgress, ImportReport, import_file, load_mapping
from model import SystemClock, load_catalog
from store import Store, apply_catalog, migrate, pending
from throughline.control import Control
from throughline.settings import StoreSettings
from throughline.tables import ROOMS, open_migrated, open_store

ACTOR = "command line"
"""Who did it, in the audit log, for what is done by a command."""


def apply(settings: StoreSettings, folder: Path, tenant: str) -> str:
    """Apply a catalog folder and say what came of it; raises `CatalogError`."""
    catalog = load_catalog(folder)
    running = Control.running(settings.data_dir)
    if running:
        changed = running.call("POST", "/catalog", {"folder": str(folder.resolve()), "tenant": tenant})["changed"]
    else:
        with open_migrated(settings) as store:
            changed = apply_catalog(store, catalog, tenant=tenant, actor=ACTOR, at=SystemClock().now())
    return f"{folder} is now the active catalog." if changed else f"{folder} was the active catalog already."


def import_with_progress(
    settings: StoreSettings, file: Path, mapping: Path, rejected: Path | None, tenant: str
) -> None:
    """Import a file, drawing progress on a terminal, and print the summary."""
    from throughline.progress import shown

    load_mapping(mapping)
    if not file.is_file():
        raise FileNotFoundError(2, "No such file", str(file))
    running = Control.running(settings.data_dir)
    if running:
        shown(file, _import_remotely(running, file, mapping, rejected, tenant))
        return
    with open_migrated(settings) as store:
        shown(file, import_steps(store, file, mapping, rejected, tenant))


def import_steps(
    store: Store, file: Path, mapping: Path, rejected: Path | None, tenant: str
) -> Iterator[ImportProgress | ImportReport]:
    """The import of one file: progress as it goes, the report last."""
    yield from import_file(store, file, load_mapping(mapping), tenant=tenant, clock=SystemClock(), rejected=rejected)


def _import_remotely(
    running: Control, file: Path, mapping: Path, rejected: Path | None, tenant: str
) -> Iterator[ImportProgress | ImportReport]:
    body = {
        "file": str(file.resolve()),
        "mapping": str(mapping.resolve()),
        "rejected": str(rejected.resolve()) if rejected else None,
        "tenant": tenant,
    }
    for line in running.stream("POST", "/import", body):
        yield ImportReport(**line["report"]) if "report" in line else ImportProgress(**line["progress"])


def migrate_tables(settings: StoreSettings, *, dry_run: bool) -> str:
    """Apply pending migrations, or print their statements."""
    with open_store(settings) as store:
        if dry_run:
            waiting = pending(store, ROOMS)
            text = [f"-- {each.room}/{each.name}\n" + "".join(f"{s};\n" for s in each.statements) for each in waiting]
            return "\n".join(text) if waiting else "Nothing is pending."
        done = migrate(store, ROOMS)
    return "\n".join(f"applied {each.room}/{each.name}" for each in done) or "Nothing was pending."


def status_text(settings: StoreSettings, *, as_json: bool) -> str:
    """What is stored, what waits, what failed; by the platform itself where one runs on this folder."""
    from throughline.status import describe, stored

    running = Control.running(settings.data_dir)
    if running:
        found = running.call("GET", "/status")
    else:
        with open_migrated(settings) as store:
            found = {"running": False, **stored(store)}
    return json.dumps(found, indent=2) if as_json else describe(found)
