"""Measure what the web page costs, with a browser that looks at it and without."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.command_line import run_bench
from bench.measuring import UsageMeter
from bench.pictures.report import open_browser
from bench.speed.chain_process import ChainProcesses, ros_environment, wait_for
from bharnet_ros.evaluation.tables import format_table
from bharnet_ros.types.errors import InputError

FLAT_MIB = 8.0
"""Allowed growth of memory after the first fifth of the time: five minutes of scores are kept."""

READINGS = 10
SETTLE_SECONDS = 10.0
PAGE, CHAIN, BROWSER = "bharnet page", "chain", "browser"

_ADDRESS = re.compile(r"bharnet page: (http://\S+)")
_COUNT_IMAGES = (
    "window.shown = 0; new PerformanceObserver((list) => { for (const one of list.getEntries())"
    " if (one.name.includes('live.jpg')) window.shown += 1; }).observe({type: 'resource'});"
)


@contextmanager
def running_page(folder: Path, source: Sequence[str]) -> Iterator[tuple[str, ChainProcesses]]:
    """Run the page and its chain; yield its address and the process once there was an event.

    Args:
        folder: Folder for the gesture set.
        source: Arguments of the source.
    """
    words = [sys.executable, "-c", "import sys; from bharnet_ros.cli import main; sys.exit(main())"]
    words += ["page", *source, "--port", "0", "--gestures", str(folder)]
    processes = ChainProcesses({PAGE: words})
    try:
        wait_for(lambda: bool(_ADDRESS.search(processes.last_lines())), "the address", processes)
        found = _ADDRESS.search(processes.last_lines())
        assert found is not None
        wait_for(lambda: "ONSET" in processes.last_lines(), "an event", processes)
        yield found[1], processes
    finally:
        processes.close()


def processes_of(page: ChainProcesses) -> dict[str, psutil.Process]:
    """Return the process of the page and that of the chain."""
    own = psutil.Process(page.pids[PAGE])
    return {PAGE: own, CHAIN: own.children()[0]}


def usage_row(name: str, found: dict[str, Any], images: str) -> list[str]:
    """Return one row of the table."""
    return [
        name,
        *(f"{found[process].cpu:.2f}" for process in (PAGE, CHAIN)),
        images,
        f"{found[PAGE].resident_mib:.0f}",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print CPU and memory without a browser and with one, and whether memory stays flat."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="time without and with")
    parser.add_argument("--minutes", type=float, default=10.0, help="time the page stays open")
    parser.add_argument("--quick", action="store_true", help="only see whether it works")
    options = parser.parse_args(arguments)
    if options.quick:
        options.seconds, options.minutes = 5.0, 0.2
    if not (options.seconds > 0.0 and options.minutes > 0.0):
        raise InputError("--seconds, --minutes: must be positive")
    with ros_environment(), tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with running_page(folder / "gestures", ("--source", "puppet:long")) as (url, page):
            watched = processes_of(page)
            time.sleep(0.0 if options.quick else SETTLE_SECONDS)
            meter = UsageMeter(watched)
            time.sleep(options.seconds)
            rows = [usage_row("none", meter.read(), "0.0")]
            browser = open_browser(folder / "profile", 1280, 900)
            try:
                browser.get(url)
                browser.execute_script(_COUNT_IMAGES)
                time.sleep(0.0 if options.quick else SETTLE_SECONDS)
                browser.execute_script("window.shown = 0")
                meter = UsageMeter(watched)
                time.sleep(options.seconds)
                shown = browser.execute_script("return window.shown") / options.seconds
                rows.append(usage_row("one", meter.read(), f"{shown:.1f}"))
                resident = []
                for _ in range(READINGS):
                    time.sleep(60.0 * options.minutes / READINGS)
                    page.check()
                    resident.append(meter.read()[PAGE].resident_mib)
            finally:
                browser.quit()
    titles = ["browsers", "page, cores", "chain, cores", "images shown a second", "page, MiB"]
    grown = resident[-1] - resident[READINGS // 5]
    print(format_table(titles, rows))
    print(
        f"\n{options.minutes:g} minutes open: {', '.join(f'{one:.0f}' for one in resident)} MiB; "
        f"{grown:+.1f} MiB after the first fifth (flat is at most {FLAT_MIB:g}): "
        f"{'flat' if grown <= FLAT_MIB else 'GROWS'}"
    )
    return 0


if __name__ == "__main__":
    run_bench(main)
