"""What the commands do: through the admin API of the platform that runs on the folder, else on the folder itself."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

from collector import Redactions
from collector.importing import ImportProgress, ImportReport, check_file, import_file, load_mapping
from model import SystemClock, load_catalog
from store import Store, active_catalog, apply_catalog, pending
from throughline.control import Control
from throughline.ingest import CatalogRedactions, IngestSettings
from throughline.settings import StoreSettings
from throughline.tables import ROOMS, migrate_all, open_migrated, open_store, open_there

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
    settings: StoreSettings, file: Path, mapping: Path, rejected: Path | None, tenant: str, ingest: IngestSettings
) -> None:
    """Import a file, drawing progress on a terminal, and print the summary."""
    from throughline.progress import shown

    load_mapping(mapping)
    check_file(file)
    running = Control.running(settings.data_dir)
    if running:
        check_file(file.resolve())
        shown(file, _import_remotely(running, file, mapping, rejected, tenant))
        return
    # Else SIGTERM would end the process on the spot and leave rows of the file among the temporary files.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with open_migrated(settings) as store:
        redactions = CatalogRedactions(lambda each: active_catalog(store, each), ingest)
        with closing(import_steps(store, file, mapping, rejected, tenant, redactions)) as steps:
            shown(file, steps)


def import_steps(
    store: Store, file: Path, mapping: Path, rejected: Path | None, tenant: str, redactions: Redactions
) -> Generator[ImportProgress | ImportReport]:
    """The import of one file: progress as it goes, the report last."""
    yield from import_file(
        store,
        file,
        load_mapping(mapping),
        tenant=tenant,
        clock=SystemClock(),
        rejected=rejected,
        redactions=redactions,
    )


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
    """Apply pending migrations, or print their statements; a running platform has none pending."""
    if Control.running(settings.data_dir):
        return "Nothing is pending." if dry_run else "Nothing was pending."
    with open_store(settings) as store:
        if dry_run:
            waiting = pending(store, ROOMS)
            text = [f"-- {each.room}/{each.name}\n" + "".join(f"{s};\n" for s in each.statements) for each in waiting]
            return "\n".join(text) if waiting else "Nothing is pending."
        done = migrate_all(store)
    return "\n".join(f"applied {each.room}/{each.name}" for each in done) or "Nothing was pending."


def status_text(settings: StoreSettings, *, as_json: bool) -> str:
    """What is stored, what waits, what failed; by the platform itself where one runs on this folder."""
    from throughline.status import describe, left_behind, stored

    running = Control.running(settings.data_dir)
    if running:
        found = running.call("GET", "/status")
    else:
        with open_there(settings) as store:
            found = {"running": False, **left_behind(settings.data_dir), **stored(store)}
    return json.dumps(found, indent=2) if as_json else describe(found)
