"""Reads damaged files of every kind, and finds those that do more than to raise a clear error.

    python test/faults/fuzzing.py [--count 10000] [--only NAME ...] [--seed 0]

Files are read in a process of their own, which has a limit of memory and of time. Found is what
crashes, hangs, takes more memory, or raises anything but an `InputError` or `OSError` that names
the file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mutations import damaged
from targets import TARGETS, Target

from bharnet_ros.types.errors import InputError, one_line

SECONDS = 30.0
"""How long a file may take; machines are busy."""

MEMORY = 1 << 30
"""How much more memory a file may take than the process has before, bytes."""

LONGEST_MESSAGE = 600


@dataclass(frozen=True)
class Finding:
    """A file that was not refused as it should be.

    Attributes:
        target: Name of its kind.
        seed: Makes the file again.
        problem: What came.
    """

    target: str
    seed: int
    problem: str


def fuzz(target: Target, seeds: Sequence[int], folder: Path) -> Iterator[Finding]:
    """Read a damaged file for each seed; yield what went wrong.

    Args:
        target: The kind of file.
        seeds: Numbers that damage the file differently.
        folder: An empty folder for the files.
    """
    whole = folder / "whole"
    target.write(whole)
    left = list(seeds)
    while left:
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(
            target=_read_all, args=(target, whole, folder / "damaged", left, theirs)
        )
        child.start()
        theirs.close()
        done = 0
        problem = ""
        try:
            while ours.poll(SECONDS):
                problem = ours.recv()
                if problem:
                    yield Finding(target.name, left[done], problem)
                done += 1
            problem = f"took more than {SECONDS:.0f} s"
            child.kill()
        except EOFError:
            child.join()
            problem = f"ended the process with status {child.exitcode}"
        child.join()
        if done < len(left):
            yield Finding(target.name, left[done], problem)
        left = left[done + 1 :]


def _read_all(
    target: Target, whole: Path, place: Path, seeds: Sequence[int], answers: Connection
) -> None:
    """Read the file of each seed, and say after each what went wrong, if anything."""
    warnings.simplefilter("ignore")
    # Libraries complain on their own.
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    # What is loaded once must not count.
    target.read(whole / target.path)
    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = size * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for seed in seeds:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(whole, place, copy_function=os.link)
        chance = random.Random(f"{target.name} {seed}")
        file = chance.choice(sorted(path for path in place.rglob("*") if path.is_file()))
        content = damaged(file.read_bytes(), chance)
        file.unlink()  # not to change the whole one, which shares its bytes
        file.write_bytes(content)
        answers.send(_problem(target, place / target.path))
    answers.close()


def _problem(target: Target, path: Path) -> str:
    """Read a file; return what is wrong with how it is refused, empty if nothing is."""
    try:
        target.read(path)
    except (InputError, OSError) as error:
        text = one_line(str(error))
        if target.named and path.name not in text:
            return f"does not name the file: {text[:LONGEST_MESSAGE]}"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:LONGEST_MESSAGE]}"
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found; return the exit status, 1 if anything was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    names = [target.name for target in TARGETS]
    parser.add_argument("--count", type=int, default=10_000, help="damaged files of each kind")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--seed", type=int, default=0, help="number of the first file")
    options = parser.parse_args(arguments)
    found = 0
    for target in TARGETS:
        if target.name not in options.only:
            continue
        kinds: dict[str, Finding] = {}
        count = 0
        with tempfile.TemporaryDirectory() as folder:
            seeds = range(options.seed, options.seed + options.count)
            for finding in fuzz(target, seeds, Path(folder)):
                count += 1
                kinds.setdefault(finding.problem[:60], finding)
        found += count
        print(f"{target.name}: {options.count} files, {count} not refused as they should be")
        for finding in kinds.values():
            print(f"    seed {finding.seed}: {finding.problem}", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
