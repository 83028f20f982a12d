"""Options that commands of all folders share, and checks of what the user gave."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from bharnet_ros.types.errors import InputError


def add_force_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--force`, for `paths.check_unused`."""
    parser.add_argument("--force", action="store_true", help="overwrite what is there already")


def refuse_idle(arguments: argparse.Namespace, names: Iterable[str], why: str) -> None:
    """Refuse options that the user gave and that can have no effect.

    Args:
        arguments: Arguments of a command; an option that was not given is None or False.
        names: The options, as attributes of the arguments.
        why: Completes "has no effect", such as "with --raw".

    Raises:
        InputError: One of them was given; names it.
    """
    for name in names:
        if getattr(arguments, name) not in (None, False):
            raise InputError(f"--{name.replace('_', '-')}: has no effect {why}")
