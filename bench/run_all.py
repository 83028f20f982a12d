"""Run the benches and write their output into bench/RESULTS.md.

    python -m bench.run_all [--quick] [--only NAME ...] [--data FOLDER] [--page FILE]

A bench is a module below this folder. Its output replaces the text between its two markers in the
page:

    <!-- bench: NAME -->
    <!-- end: NAME -->

The output of a bench without markers is only printed. With `--quick`, every bench runs briefly, and
a page is written only if one is named.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.command_line import run_bench
from bharnet_ros.types.errors import InputError

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER / "RESULTS.md"
MACHINE = "machine"
PACKAGES = ("torch", "mediapipe", "numpy")
END_SECONDS = 60.0
REHEARSAL = ("--device", "cpu")
"""Options of a bench that needs a GPU, on a machine without one."""


@dataclass(frozen=True)
class Bench:
    """A module below this folder.

    Attributes:
        name: Name of the module and of its markers.
        folder: Folder of the module.
        arguments: Arguments for results to be published.
        quick: Arguments for a quick check that it works.
        rounds: Option for the number of rounds; empty if it has none.
        on_page: Whether its output belongs on the page.
        needs_data: Whether its first argument is the folder with recorded videos.
        needs_gpu: Whether it measures a GPU. Without one, its table stays as it is, and the quick
            check is a rehearsal on the CPU.
    """

    name: str
    folder: str = "speed"
    arguments: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
    rounds: str = ""
    on_page: bool = True
    needs_data: bool = False
    needs_gpu: bool = False


BENCHES = (
    Bench("extraction", quick=("--frames", "10", "--rounds", "1"), rounds="--rounds"),
    Bench("two_people", quick=("--frames", "10", "--rounds", "1"), rounds="--rounds"),
    Bench(
        "end_to_end",
        quick=(
            *("--seconds", "3", "--warm-up", "1", "--all-out", "2", "--clip", "4"),
            *("--sizes", "640x480", "--people", "1"),
        ),
    ),
    Bench("one_process", quick=("--images", "10"), on_page=False),
    Bench("stopping", quick=("--rounds", "1"), rounds="--rounds", on_page=False),
    Bench("recognition", quick=("--quick",)),
    Bench("growth", quick=("--quick",)),
    Bench("backends", quick=("--quick",), rounds="--rounds"),
    Bench("rgb", quick=("--quick",), rounds="--rounds"),
    Bench("gpu", quick=("--quick",), rounds="--rounds", needs_gpu=True),
    Bench("training", quick=("--quick",), rounds="--rounds"),
    Bench(
        "puppet_tracking",
        "accuracy",
        ("gestures", "two_people"),
        quick=("rest", "--fps", "5"),
        on_page=False,
    ),
    Bench("long_extraction", arguments=("--images", "9000"), quick=("--quick",), on_page=False),
    Bench("long_run", arguments=("--minutes", "5"), quick=("--quick",), on_page=False),
    Bench("page", quick=("--quick",), on_page=False),
    Bench(
        "margins",
        "accuracy",
        quick=("--seeds", "1", "--fps", "5", "--only", "mirrored", "exact keypoints"),
        on_page=False,
    ),
    Bench("engines", "accuracy", quick=("--frames", "10"), on_page=False),
    Bench("pointing", "accuracy", quick=("--every", "30"), on_page=False),
    Bench("hands", "accuracy", quick=("--every", "400"), on_page=False, needs_data=True),
    Bench("golden", "accuracy", on_page=False, needs_data=True),
)


def command(bench: Bench, options: argparse.Namespace) -> list[str]:
    """Return the command line of a bench."""
    words = [sys.executable, "-u", "-m", f"bench.{bench.folder}.{bench.name}"]
    if bench.needs_data:
        words.append(str(options.data))
    words += bench.quick if options.quick else bench.arguments
    if bench.rounds and options.rounds is not None:
        words += [bench.rounds, str(options.rounds)]
    if bench.needs_gpu and not has_gpu():
        words += REHEARSAL
    return words


def has_gpu() -> bool:
    """Return whether PyTorch finds a GPU."""
    # Only here: other benches need no GPU, and this import takes seconds.
    import torch

    return torch.cuda.is_available()


def run(words: Sequence[str]) -> tuple[int, str]:
    """Run a command and echo its output; return its exit status and the output."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=FOLDER.parent)
    lines = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
        return process.wait(), "".join(lines)
    except BaseException:
        # Terminated, a bench ends the processes that it started; killed, it could not.
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        raise


def machine() -> str:
    """Return lines that describe the machine and the software."""
    lines = [
        f"processor  {processor_name()}, {os.cpu_count()} cores",
        f"system     {platform.platform()}",
        f"python     {platform.python_version()}",
        *(f"{package:<10} {version(package)}" for package in PACKAGES),
    ]
    return "\n".join(lines)


def processor_name() -> str:
    """Return the model of the processor, if the system knows it."""
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def date_and_machine() -> str:
    """Return a line for the top of a table; the tables of a page may differ in date and machine."""
    day = datetime.date.today().isoformat()
    return f"{day}, {processor_name()}, {os.cpu_count()} cores, torch {version('torch')}\n\n"


def with_printed(page: str, name: str, printed: str) -> str:
    """Return a page with the output of a bench between its markers.

    Args:
        page: Text of the page.
        name: Name of the bench.
        printed: Output of the bench, which becomes a code block.

    Raises:
        InputError: The page does not have both markers, once each and in this order.
    """
    begin, end = f"<!-- bench: {name} -->\n", f"<!-- end: {name} -->"
    before, opened, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not opened or not closed or begin in after or end in before + after:
        raise InputError(f"the page must have one {begin.strip()} and, after it, one {end}")
    return f"{before}{begin}```text\n{printed.strip()}\n```\n{end}{after}"


def read_with_printed(page: Path, name: str, printed: str) -> str:
    """Read a page and return it with the output of a bench between its markers.

    Raises:
        InputError: The file is not UTF-8 or lacks the markers; names it.
        OSError: It cannot be read.
    """
    try:
        return with_printed(page.read_text(encoding="utf-8"), name, printed)
    except (UnicodeDecodeError, InputError) as error:
        raise InputError(f"{page}: {error}") from None


def write(page: Path, name: str, printed: str) -> None:
    """Replace the text between the markers of a bench in a file.

    Raises:
        InputError: The file is not UTF-8 or lacks the markers; names it.
        OSError: It cannot be read or written.
    """
    page.write_text(read_with_printed(page, name, printed), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benches; return 1 if one failed."""
    names = [bench.name for bench in BENCHES]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only check that the benches work")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument(
        "--rounds", type=int, help="number of rounds of the benches that have rounds"
    )
    parser.add_argument("--data", type=Path, help="folder with recorded videos, for golden")
    parser.add_argument(
        "--page", type=Path, help=f"page to write (default: {PAGE.name}; with --quick, none)"
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    page = options.page or (None if options.quick else PAGE)
    chosen = [bench for bench in BENCHES if bench.name in options.only]
    if page is not None:
        for bench in chosen:
            # Check the markers now, not after the minutes that a bench takes.
            if bench.on_page:
                read_with_printed(page, bench.name, "")
        write(page, MACHINE, machine())
    print(machine())
    failed = []
    for bench in chosen:
        print(f"== bench/{bench.folder}/{bench.name}.py", flush=True)
        if bench.needs_data and options.data is None:
            print("skipped: it needs recorded videos (--data)")
            continue
        if bench.needs_gpu and not options.quick and not has_gpu():
            print("not measured: no GPU")
            continue
        status, printed = run(command(bench, options))
        if status:
            failed.append(bench.name)
        elif page is not None and bench.on_page:
            write(page, bench.name, date_and_machine() + printed)
    if failed:
        print(f"error: {', '.join(failed)} failed; their tables are as before", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    try:
        run_bench(main)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
