"""How a command line names a data set and which part of it trains and tests."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from bharnet_ros.datasets.base import ClipDataset
from bharnet_ros.datasets.opening import KINDS, guess_kind, open_dataset
from bharnet_ros.types.errors import InputError


@dataclass(frozen=True)
class SplitProtocol:
    """A published split of a data set.

    Attributes:
        name: One of the data set's `protocols`.
        file: The list that defines it, where the protocol is defined by one.
        fold: Number of the fold of people that it tests on, where it is one of folds.
    """

    name: str
    file: Path | None = None
    fold: int | None = None


def add_dataset_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--data` and what else opens a data set."""
    parser.add_argument(
        "--data", required=True, type=Path, help="file or folder of a data set, see docs/data.md"
    )
    parser.add_argument("--kind", choices=KINDS, help="what data set it is (default: guessed)")
    parser.add_argument(
        "--hands",
        type=Path,
        metavar="DIR",
        help="for depth cameras: keypoints that `bharnet extract` made of the videos",
    )
    parser.add_argument(
        "--missing",
        type=Path,
        metavar="FILE",
        help="for NTU RGB+D: the makers' list of samples with missing skeletons",
    )


def add_protocol_arguments(parser: argparse.ArgumentParser, *, several_folds: bool) -> None:
    """Declare `--protocol` and `--split-file`, and `--fold` and `--subjects-from` for folds.

    Args:
        parser: Of the command.
        several_folds: Whether `--fold` takes several.
    """
    parser.add_argument("--protocol", help="which clips train and which test, as x_sub")
    parser.add_argument(
        "--split-file", type=Path, metavar="FILE", help="the list that defines the protocol"
    )
    parser.add_argument(
        "--fold",
        type=int,
        nargs="+" if several_folds else 1,
        metavar="K",
        help="test on the subjects of this fold: short for --protocol fold_K"
        + ("; of several, each in turn" if several_folds else ""),
    )
    parser.add_argument(
        "--subjects-from",
        type=Path,
        metavar="FILE",
        help="sources.csv that says which fold a subject belongs to: the --split-file of --fold",
    )


def open_from(arguments: argparse.Namespace) -> tuple[ClipDataset, str]:
    """Open the data set that the arguments name; returns it and its kind.

    Raises:
        InputError: It cannot be used; names what is wrong.
        OSError: A file cannot be read.
    """
    path: Path = arguments.data
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    kind = arguments.kind or guess_kind(path)
    data = open_dataset(path, kind, hands=arguments.hands, missing=arguments.missing)
    return data, kind


def protocols_from(arguments: argparse.Namespace) -> list[SplitProtocol]:
    """Return the protocols that the arguments name, none where they name none.

    Raises:
        InputError: Arguments that need each other are not together, or exclude each other.
    """
    if (arguments.fold is None) != (arguments.subjects_from is None):
        raise InputError("--fold and --subjects-from need each other")
    if arguments.fold is not None:
        if arguments.protocol is not None or arguments.split_file is not None:
            raise InputError("--fold and --subjects-from exclude --protocol and --split-file")
        return [
            SplitProtocol(f"fold_{fold}", arguments.subjects_from, fold) for fold in arguments.fold
        ]
    if arguments.protocol is None:
        if arguments.split_file is not None:
            raise InputError("--split-file needs --protocol")
        return []
    number = arguments.protocol.removeprefix("fold_")
    of_folds = number != arguments.protocol and number.isdecimal()
    fold = int(number) if of_folds else None
    return [SplitProtocol(arguments.protocol, arguments.split_file, fold)]
