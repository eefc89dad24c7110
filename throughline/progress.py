"""An import as a person sees it: a bar with rows per second on a terminal, and a summary in words at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from collector.importing import ImportProgress, ImportReport


def shown(file: Path, steps: Iterator[ImportProgress | ImportReport]) -> None:
    """Draw the steps of one import until its report, then print that."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[speed]:,.0f} rows/s"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    report = None
    with bar:
        task = bar.add_task(file.name, total=None, rows=0, speed=0.0)
        for step in steps:
            if isinstance(step, ImportReport):
                report = step
                continue
            speed = step.rows / step.seconds if step.seconds else 0.0
            bar.update(task, total=step.bytes_total, completed=step.bytes_done, rows=step.rows, speed=speed)
    if report is not None:
        Console().print(summary(file, report), highlight=False, soft_wrap=True)


def summary(file: Path, report: ImportReport) -> str:
    """What came of it, reason by reason."""
    if report.already_imported:
        return f"{file.name} was imported before with the same mapping: nothing changed."
    speed = f"{report.rows_per_second:,.0f} rows/s"
    lines = [f"{file.name}: {report.accepted:,} rows accepted, {report.rejected:,} rejected, {speed}."]
    by_count = sorted(report.reasons.items(), key=lambda reason: -reason[1])
    lines += [f"  {count:,} rejected: {reason}" for reason, count in by_count]
    if report.rejected:
        lines.append(f"  The rejected rows are in {report.rejected_file}, each with its reason.")
    return "\n".join(lines)
