"""The guide is tried: its program reports, its catalog is accepted, its links lead somewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from model import load_catalog
from tests.sample_flows.receiver import Receiver

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guides" / "instrument-a-system.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_program_reports_the_event_the_guide_says(tmp_path: Path) -> None:
    receiver = Receiver()
    program = tmp_path / "returns_desk.py"
    program.write_text(_blocks("python")[0].replace("127.0.0.1:4318", f"127.0.0.1:{receiver.http_port}"))
    subprocess.run([sys.executable, str(program), "received", "SO-1000042"], check=True, timeout=60)
    receiver.close()
    [event] = receiver.events()
    assert (event.service, event.name, event.attributes["order.id"]) == (
        "returns-desk",
        "returns.received",
        "SO-1000042",
    )


def test_the_catalog_with_the_guides_additions_is_good(tmp_path: Path) -> None:
    folder = tmp_path / "my-catalog"
    shutil.copytree(ROOT / "sample_flows" / "catalog", folder)
    milestones, slas, systems = _blocks("yaml")
    orders, company = folder / "order_to_cash.yaml", folder / "company.yaml"
    orders.write_text(orders.read_text().replace("\nslas:\n", f"\n{milestones}slas:\n") + slas)
    company.write_text(company.read_text().replace("# Alerts go to", f"{systems}# Alerts go to", 1))
    catalog = load_catalog(folder)
    assert catalog.sla("money_back").to_milestone == "money_returned"
    assert catalog.system("returns_desk") is not None


def test_every_file_the_guide_names_is_there() -> None:
    links = re.findall(r"\]\(([^)]+)\)", GUIDE.read_text(encoding="utf-8"))
    assert links
    assert all((GUIDE.parent / link).resolve().is_file() for link in links)
