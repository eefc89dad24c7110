"""Options of the command line that are more than a line: sizes in words of people, and all bounds of the collector."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from collector import IntakeLimits, Limits, QuarantineLimits, SpoolLimits, WriterLimits
from throughline.ingest import IngestSettings

_UNITS = {"": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_SIZE = re.compile(r"(\d{1,15})\s*(KB|MB|GB|)", re.ASCII | re.IGNORECASE)


def option(*names: str, **rest: Any) -> Callable[[Any], Any]:
    """An option that is an environment variable too, named `THROUGHLINE_` and its own name."""
    named = next(each for each in names if each.startswith("--"))
    env = "THROUGHLINE_" + named.lstrip("-").upper().replace("-", "_")
    return click.option(*names, **{"envvar": env, "show_envvar": True, "show_default": True, **rest})


class Number(click.FloatRange):
    """A number in a range; `nan`, which no comparison refuses, and `inf` are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a number to reckon with", param, ctx)
        return number


class Size(click.ParamType[int]):
    """A number of bytes, `16MB` or `4GB` (of 1,024 of the smaller unit each), at least `smallest` bytes."""

    name = "size"

    def __init__(self, smallest: int = 1) -> None:
        self._smallest = smallest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        found = _SIZE.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is not a size: write it like 16MB", param, ctx)
        size = int(found[1]) * _UNITS[found[2].upper()]
        if size < self._smallest:
            self.fail(f"{value} is too small: at least {in_words(self._smallest)}", param, ctx)
        return size


def in_words(size: int) -> str:
    """A number of bytes as `Size` reads it."""
    unit = next((each for each in ("GB", "MB", "KB") if size and size % _UNITS[each] == 0), "")
    return f"{size // _UNITS[unit]}{unit}"


_INTAKE, _SPOOL, _WRITER, _QUARANTINE = IntakeLimits(), SpoolLimits(), WriterLimits(), QuarantineLimits()
_PATH = click.Path(path_type=Path, dir_okay=False)

_BOUNDS = (
    ("max-request-size", Size(1 << 10), in_words(_INTAKE.request_bytes), "Largest request, as sent."),
    ("max-decompressed-size", Size(1 << 10), in_words(_INTAKE.decompressed_bytes), "Largest request, unpacked."),
    ("max-header-size", Size(1 << 10), in_words(_INTAKE.header_bytes), "Largest headers of a request."),
    (
        "max-nesting",
        click.IntRange(1, 40),
        _INTAKE.nesting,
        "How deep lists and maps in values may lie in one another.",
    ),
    ("max-concurrent-requests", click.IntRange(1, 100_000), _INTAKE.concurrent, "Requests worked on at a time."),
    ("max-connections", click.IntRange(1, 1_000_000), _INTAKE.connections, "Open connections of each port."),
    ("max-in-flight-size", Size(1 << 20), in_words(_INTAKE.in_flight_bytes), "Memory for requests being worked on."),
    ("max-waiting-size", Size(1 << 20), in_words(_SPOOL.waiting_bytes), "Memory for requests on their way to disk."),
    (
        "max-spool-size",
        Size(1 << 20),
        in_words(_SPOOL.total_bytes),
        "Disk for requests on their way to ClickHouse; half of it for those that cannot be stored.",
    ),
    (
        "max-quarantined",
        click.IntRange(1, 1_000_000),
        _QUARANTINE.requests,
        "Refused requests kept; who sends more of them is held up.",
    ),
    (
        "max-quarantined-of-tenant",
        click.IntRange(1, 1_000_000),
        _QUARANTINE.of_tenant,
        "Of one tenant; after that it is refused at the door until somebody has looked.",
    ),
    ("quarantine-days", click.IntRange(1, 36_500), _QUARANTINE.days, "How long refused requests are kept."),
    (
        "received-days",
        click.IntRange(0, 36_500),
        _WRITER.received_days,
        "How long received rows are kept; 0: for ever.",
    ),
    ("header-seconds", click.FloatRange(0.1, 3600), _INTAKE.header_seconds, "The longest headers may take to arrive."),
    ("idle-seconds", click.FloatRange(1, 86_400), _INTAKE.idle_seconds, "How long connections may rest."),
    ("body-seconds", click.FloatRange(1, 3600), _INTAKE.body_seconds, "The longest a body may take to arrive."),
)


def ingest_options(command: Any) -> Any:
    """All options of the collector but its addresses."""
    options = [
        option("--tls-certificate", type=_PATH, help="PEM file: serve TLS on every port, with this certificate chain."),
        option("--tls-key", type=_PATH, help="PEM file: its private key."),
        option(
            "--allow-plaintext", is_flag=True, help="Listen beyond loopback without TLS: something in front ends it."
        ),
        redaction_key_option,
        option("--spool-key-file", type=_PATH, help="The secret that encrypts spool and quarantine on disk."),
        option("--accept-foreign-rows", is_flag=True, help="Take in rows others write into the tables, unredacted."),
        *(option(f"--{name}", type=kind, default=value, help=text) for name, kind, value, text in _BOUNDS),
    ]
    for each in reversed(options):
        command = each(command)
    return command


redaction_key_option = option(
    "--redaction-key-file", type=_PATH, help="The secret behind the keyed hashes of the catalog's redaction rules."
)


def ingest_settings(rest: dict[str, Any]) -> IngestSettings:
    """What the options of `ingest_options` say; takes them out of `rest`."""
    bounds = {name: rest.pop(name.replace("-", "_")) for name, *_ in _BOUNDS}
    limits = Limits(
        intake=replace(
            _INTAKE,
            request_bytes=bounds["max-request-size"],
            decompressed_bytes=bounds["max-decompressed-size"],
            header_bytes=bounds["max-header-size"],
            nesting=bounds["max-nesting"],
            concurrent=bounds["max-concurrent-requests"],
            connections=bounds["max-connections"],
            in_flight_bytes=bounds["max-in-flight-size"],
            header_seconds=bounds["header-seconds"],
            idle_seconds=bounds["idle-seconds"],
            body_seconds=bounds["body-seconds"],
        ),
        spool=replace(_SPOOL, waiting_bytes=bounds["max-waiting-size"], total_bytes=bounds["max-spool-size"]),
        writer=replace(_WRITER, received_days=bounds["received-days"]),
        quarantine=QuarantineLimits(
            bounds["max-quarantined"], bounds["max-quarantined-of-tenant"], bounds["quarantine-days"]
        ),
    )
    names = (
        "tls_certificate",
        "tls_key",
        "allow_plaintext",
        "redaction_key_file",
        "spool_key_file",
        "accept_foreign_rows",
    )
    return IngestSettings(limits, **{name: rest.pop(name) for name in names})
