"""`make bench`: measure, print each figure with what it is held to, write them as JSON to `benchmarks/results/`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks import history, ingest, judging, live, stitching
from benchmarks.figure import Figure

PARTS: dict[str, Callable[[float], Iterator[Figure]]] = {
    "ingest": ingest.figures,
    "stitching": stitching.figures,
    "live": live.figures,
    "history": history.figures,
    "judging": judging.figures,
}
"""Name of a part to what measures it, given the seconds of one load."""

_SLOW_FILE_US = 200
_RESULTS = Path(__file__).with_name("results")


def main() -> int:
    """1 where a figure does not keep its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all without any")
    parser.add_argument("--seconds", type=float, default=20, help="of each load")
    given = parser.parse_args()
    unknown = sorted(set(given.parts) - set(PARTS))
    if unknown:
        parser.error(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    began = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime())
    machine = {"cores": os.cpu_count(), "system": platform.platform(), "load_before": os.getloadavg()[0]}
    print(f"{machine['cores']} cores, load {machine['load_before']:.1f}, {given.seconds:g} s a load", flush=True)
    if machine["load_before"] > 0.5 * (machine["cores"] or 1):
        print("The machine is busy: figures of time are not worth much.", flush=True)
    machine["microseconds_to_make_a_file"] = round(_file_seconds() * 1e6)
    if machine["microseconds_to_make_a_file"] > _SLOW_FILE_US:
        print(
            f"Making a file takes {machine['microseconds_to_make_a_file']} µs here, some 20 on most disks: figures of"
        )
        print(
            "the store, which makes a few for each insert, suffer by it. TMPDIR puts them on another disk.", flush=True
        )
    found: list[Figure] = []
    for name in given.parts or PARTS:
        print(f"\n{name}", flush=True)
        for figure in PARTS[name](given.seconds):
            found.append(figure)
            print(figure.line(), flush=True)
    _RESULTS.mkdir(exist_ok=True)
    file = _RESULTS / f"{began}.json"
    told = [{**asdict(each), "is_good": each.is_good} for each in found]
    file.write_text(json.dumps({"at": began, "machine": machine, "seconds": given.seconds, "figures": told}, indent=1))
    print(f"\n{file}")
    return int(any(each.is_good is False for each in found))


def _file_seconds(count: int = 300) -> float:
    """What making a small file takes where benchmarks keep theirs.

    It should not depend on what was done before; on ext4 without a journal it grows with the files deleted in the last
    minutes, to milliseconds.
    """
    with tempfile.TemporaryDirectory(prefix="throughline-bench-") as folder:
        began = time.perf_counter()
        for number in range(count):
            (Path(folder) / str(number)).write_bytes(b"x")
        return (time.perf_counter() - began) / count


if __name__ == "__main__":
    raise SystemExit(main())
