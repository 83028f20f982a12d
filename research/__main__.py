"""The command `python -m research`: studies of trained models."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bharnet_ros.cli import run_command
from research.commands import COMMANDS, GROUPS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m research` and return its exit status.

    Args:
        arguments: Arguments without the program; None for those of the process.
    """
    parser = argparse.ArgumentParser(
        prog="python -m research", description="Studies of trained models."
    )
    return run_command(parser, COMMANDS, GROUPS, sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
