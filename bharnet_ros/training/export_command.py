"""The command `bharnet export`: its arguments, which need no PyTorch."""

from __future__ import annotations

import argparse
from pathlib import Path

from bharnet_ros.resources import find_model
from bharnet_ros.types.packages import require_training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `bharnet export`."""
    parser.add_argument("model", help="folder or name of a model bundle")


def run(arguments: argparse.Namespace) -> int:
    """Run `bharnet export` and return the exit status.

    Raises:
        InputError: A package is not installed, or the model cannot be used or exported.
        OSError: A file cannot be written.
    """
    require_training()
    from bharnet_ros.training.export import export_bundle

    print(f"wrote {export_bundle(Path(find_model(arguments.model)))}")
    return 0
